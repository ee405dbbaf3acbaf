import MartletCore

/// Scenes of clothes: 64x64 grey pixels of black ground with one to four garments of Fashion-MNIST, each 0.7 to 1.3 times
/// as large as there, anywhere inside the picture, later ones before earlier ones. Whoever has a class for every pixel,
/// boxes and counts needs no other download.
///
/// A pixel belongs to a garment where the garment, enlarged linearly, is brighter than `darkest`: there it covers what is
/// behind, elsewhere that is seen through it. So the holes of sandals and what is black on a shirt are not of the class.
///
/// Scene i is a pure function of the garments, the seed and i, so scenes are made in any order, on any thread and on any
/// machine alike.
///
/// ```swift
/// let train = try FashionScenes.load(.train)             // 8,000 scenes of garments of the training part
/// train.batch([0, 1]).masks!.shape                       // 2x64x64: 0 for the ground, 1 + class for a garment
/// let scene = FashionScenes(garments: try FashionMNIST.load(.test), seed: 2).scene(at: 5)
/// scene.boxes.values(as: Float.self)                     // x0, y0, x1, y1 of what is seen of each garment
/// ```
public struct FashionScenes: Sendable {
  public static let classNames = FashionMNIST.classNames
  /// Height, width and channels.
  public static let imageShape: Shape = [64, 64, 1]
  /// Up to this grey level of 255 a garment's pixel is not of the garment.
  public static let darkest: UInt8 = 32

  private let garments: HostArray
  private let classes: [Int32]
  public let seed: UInt64

  /// - Parameter garments: uint8 pictures of one channel, that leave room in a scene when they are 1.3 times as large.
  public init(garments: Dataset, seed: UInt64 = 0) {
    let shape = garments.imageShape
    precondition(
      garments.count > 0 && garments.imageType == .uint8 && shape[2] == 1 && max(shape[0], shape[1]) <= 48,
      "garments are at least one grey picture of up to 48x48 bytes; received \(garments.count) of \(shape) "
        + "\(garments.imageType)")
    self.garments = garments.images
    classes = garments.labels.values(as: Int32.self)
    self.seed = seed
  }

  /// 8,000 scenes of the training part of Fashion-MNIST, or 1,000 of its test part, by another seed.
  ///
  /// - Parameter directory: as in `FashionMNIST.load(_:directory:)`, which also says what is thrown.
  public static func load(_ part: DatasetPart, directory: FilePath? = nil) throws -> Dataset {
    let garments = try FashionMNIST.load(part, directory: directory)
    return FashionScenes(garments: garments, seed: part == .train ? 1 : 2)
      .dataset(count: part == .train ? 8_000 : 1_000)
  }

  /// Scenes 0 ..< count as a data set that draws them, with their masks, whenever a batch asks for them. A scene's own
  /// class is that of the garment before all others.
  public func dataset(count: Int) -> Dataset {
    Dataset(
      name: "fashion-scenes", count: count, imageShape: Self.imageShape, classNames: Self.classNames,
      hasMasks: true
    ) { indices in
      Batch(drawing: indices, imageShape: Self.imageShape, withMasks: true) { index in
        let scene = drawn(index)
        return (scene.pixels, scene.mask, scene.classes.last!)
      }
    }
  }

  /// Scene `index` of the seed, with boxes and classes of the garments of which something is seen, from the farthest to
  /// the nearest.
  public func scene(at index: Int) -> DrawnPicture {
    let scene = drawn(index)
    let seen = scene.classes.indices.compactMap { place in
      scene.box(of: place).map { (box: $0, label: Int32(scene.classes[place])) }
    }
    let (height, width) = (Self.imageShape[0], Self.imageShape[1])
    return DrawnPicture(
      image: HostArray(shape: Self.imageShape, dtype: .uint8, bytes: scene.pixels),
      mask: HostArray(scene.mask, shape: [height, width]),
      boxes: HostArray(seen.flatMap(\.box), shape: [seen.count, 4]), labels: HostArray(seen.map(\.label)))
  }

  private func drawn(_ index: Int) -> Scene {
    precondition(index >= 0, "scenes are numbered from 0; received \(index)")
    var generator = PhiloxGenerator(seed: seed, stream: UInt64(index))
    var scene = Scene(height: Self.imageShape[0], width: Self.imageShape[1])
    for _ in 0...generator.whole(below: 4) {
      let garment = generator.whole(below: classes.count)
      let scale = 0.7 + 0.6 * generator.unit()
      let size = Point(Float(garments.shape[2]), Float(garments.shape[1])) * scale
      let free = Point(Float(scene.width), Float(scene.height)) - size
      let corner = Point(generator.unit(), generator.unit()) * free
      scene.put(garments, garment, of: Int(classes[garment]), at: corner, scale: scale)
    }
    return scene
  }
}

/// A scene that is being drawn.
private struct Scene {
  let height: Int
  let width: Int
  private(set) var pixels: [UInt8]
  /// 1 + class where a garment is seen.
  private(set) var mask: [UInt8]
  /// Which garment is seen, counted from 1.
  private var owners: [UInt8]
  private(set) var classes: [Int] = []

  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    pixels = [UInt8](repeating: 0, count: height * width)
    (mask, owners) = (pixels, pixels)
  }

  /// Puts picture `index` of (N, H, W, 1) before everything that is there, its upper left corner at a point.
  mutating func put(_ pictures: HostArray, _ index: Int, of label: Int, at corner: Point, scale: Float) {
    classes.append(label)
    let (rows, columns) = (pictures.shape[1], pictures.shape[2])
    pictures.withUnsafeBytes { bytes in
      let source = UnsafeRawBufferPointer(
        rebasing: bytes[index * rows * columns..<(index + 1) * rows * columns])
      func grey(_ row: Int, _ column: Int) -> Float {
        row >= 0 && row < rows && column >= 0 && column < columns ? Float(source[row * columns + column]) : 0
      }
      let end = corner + Point(Float(columns), Float(rows)) * scale
      for y in Int(corner.y + 0.5)..<min(height, Int(end.y + 0.5)) {
        for x in Int(corner.x + 0.5)..<min(width, Int(end.x + 0.5)) {
          // The pixel's centre among the centres of the source, one further so that none is negative.
          let point = (Point(Float(x), Float(y)) + 0.5 - corner) / scale + 0.5
          let (column, row) = (Int(point.x) - 1, Int(point.y) - 1)
          let (right, down) = (point.x - Float(column + 1), point.y - Float(row + 1))
          let upper = grey(row, column) + (grey(row, column + 1) - grey(row, column)) * right
          let lower = grey(row + 1, column) + (grey(row + 1, column + 1) - grey(row + 1, column)) * right
          let value = UInt8(upper + (lower - upper) * down + 0.5)
          guard value > FashionScenes.darkest else { continue }
          let place = y * width + x
          (pixels[place], mask[place], owners[place]) = (value, UInt8(label + 1), UInt8(classes.count))
        }
      }
    }
  }

  /// x0, y0, x1, y1 of what is seen of a garment; nil where nothing is.
  func box(of garment: Int) -> [Float]? {
    let places = owners.indices.filter { owners[$0] == garment + 1 }
    guard let first = places.first, let last = places.last else { return nil }
    let columns = places.map { $0 % width }
    return [columns.min()!, first / width, columns.max()! + 1, last / width + 1].map(Float.init)
  }
}
