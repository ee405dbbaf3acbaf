/// What an item takes of rows whose channels lie side by side: the macros VW, VECTORS and PLACES of pooling.cl and others.
struct Strip {
  /// Channels of a vector, and vectors beside one another, whose product divides the channels; 1 on GPUs, where neighbours
  /// read neighbouring channels.
  let width: Int
  let vectors: Int
  /// Places behind one another.
  let places: Int
  private let channels: Int

  init(_ channels: Int, of shape: TileShape) {
    self.channels = channels
    guard shape.isForCPUs else {
      (width, vectors, places) = (1, 1, 1)
      return
    }
    let width = [16, 8, 4].first { channels.isMultiple(of: $0) } ?? 1
    self.width = width
    // So many that they stay in registers.
    vectors = (1...min(16, 64 / width)).last { (channels / width).isMultiple(of: $0) } ?? 1
    places = 32
  }

  var macros: [String] { ["VW=\(width)", "VECTORS=\(vectors)", "PLACES=\(places)"] }

  /// The items of one row of so many places.
  func items(_ count: Int) -> Int {
    (count + places - 1) / places * (channels / (width * vectors))
  }
}
