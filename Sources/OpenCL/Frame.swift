import MartletCore

/// The zeros around a source that taps reach; the structure of the same name in frame.cl.
struct Frame {
  private(set) var source: Extent
  /// Pixels of the frame, and how many of them lie before the source.
  private(set) var framed: Extent
  private(set) var before = Extent(repeating: 0)

  /// The frame of all taps of some lattices, whose rows are computed so many results at a time.
  init(_ source: Extent, around lattices: [Lattice], block: Int = 1) {
    self.source = source
    framed = source
    for lattice in lattices where lattice.count.count > 0 {
      for tap in lattice.taps {
        for axis in 0..<3 {
          let step = axis == 2 ? block : 1
          let count = (lattice.count[axis] + step - 1) / step * step
          let last = (count - 1) * lattice.sourceStep[axis] + tap.offset[axis]
          before[axis] = max(before[axis], -tap.offset[axis])
          framed[axis] = max(framed[axis], last + 1)
        }
      }
    }
    for axis in 0..<3 { framed[axis] += before[axis] }
  }

  /// How many images had better follow each other at one point of a lattice: one, unless taps meet the frame so often that
  /// it pays to leave them out, which a tile can where all its rows are at one point.
  func images(of batch: Int, at lattice: Lattice) -> Int {
    let met = lattice.taps.reduce(0) { met, tap in
      met + (0..<3).reduce(1) { $0 * places(of: lattice, meeting: tap.offset, axis: $1) }
    }
    let all = lattice.taps.count * lattice.count.count
    guard met * 14 < all * 13 else { return 1 }
    return (1...min(64, max(1, batch))).last { batch % $0 == 0 } ?? 1
  }

  /// How many places of a lattice see the source under a tap, along one axis.
  private func places(of lattice: Lattice, meeting offset: Extent, axis: Int) -> Int {
    let step = lattice.sourceStep[axis]
    let first = (max(0, -offset[axis]) + step - 1) / step
    let end = (max(0, source[axis] - offset[axis]) + step - 1) / step
    return max(0, min(end, lattice.count[axis]) - first)
  }
}

extension Encoder {
  /// A source of so many images with its frame around it; itself where no tap reaches outside.
  func framed(_ x: Operand, _ frame: Frame, batch: Int, channels: Int) throws -> Operand {
    guard frame.framed != frame.source else { return x }
    let y = try scratch(batch * frame.framed.count * channels)
    let extents = [frame.source, frame.framed, frame.before].flatMap { [$0.depth, $0.height, $0.width] }
    let lines = batch * frame.framed.depth * frame.framed.height
    let items = shape.frameItems
    try run(
      "frame", of: "frame", macros: ["VW=\(shape.vector)", "ITEMS=\(items)"],
      [.array(x), .array(y), .ints([channels] + extents)], items: lines * items, group: items)
    return y
  }

  /// Rows of numbers with zeros behind each, until its length is a multiple of `width`.
  func widened(_ x: Operand, rows: Int, length: Int, to width: Int) throws -> (Operand, length: Int) {
    let wide = (length + width - 1) / width * width
    guard wide > length else { return (x, length) }
    let y = try scratch(rows * wide)
    try run(
      "widen", of: "frame", macros: ["VW=\(shape.vector)", "ITEMS=\(shape.frameItems)"],
      [.array(x), .array(y), .int(rows), .int(length), .int(wide)], items: rows)
    return (y, wide)
  }
}

extension ConvolutionGeometry {
  /// Numbers of the source of a pass in its frame, or in strips of groups, whichever are more.
  func largestSource(for pass: ConvolutionPass, vector: Int) -> Int {
    let isData = pass == .backwardData
    let source = isData ? output : input
    let depth = isData ? outputChannelsPerGroup : inputChannelsPerGroup
    let columns = isData ? inputChannelsPerGroup : outputChannelsPerGroup
    let framed = Frame(source, around: lattices(for: pass), block: TileShape.planarVectors * vector).framed
    let strips = groups > 1 && columns < vector ? source.count * depth * (groups * columns + vector) : 0
    return batch * max(framed.count * depth * groups, strips)
  }
}
