import MartletCore
import MartletData

/// Pictures with a class for each of their pixels, in a folder:
///
/// ```
/// cells/images/1.jpg  cells/images/2.jpg ...     JPEGImages/2007_000032.jpg ...
/// cells/masks/1.png   cells/masks/2.png ...      SegmentationClass/2007_000032.png ...
///                                                ImageSets/Segmentation/train.txt, val.txt or trainval.txt
/// ```
///
/// On the left, a mask has the name of its picture; where there are sub-folders `train` and `test`, each holds `images` and
/// `masks` of its part. On the right, the layout of Pascal VOC (Everingham, Van Gool, Williams, Winn, Zisserman 2010, *The
/// Pascal visual object classes challenge*), whose validation part is the test part here. Where nothing tells the parts
/// apart, a seed draws the test part.
///
/// A mask is a PNG, grey or with a palette, as large as its picture. The number of a pixel is its class: 0 for the ground,
/// 255 for what is of no class and counts nowhere. `classes.txt` in the folder names the classes, a line each, that of the
/// ground first; without it VOC's layout has VOC's classes, and others have the numbers that the training masks have.
///
/// Sizes and channels are as in `ImageFolder`; where a size is asked for, a mask is brought to it without mixing classes.
/// The label of a picture is the class that has most of its pixels.
public enum MaskFolder {
  /// Whether a folder has one of the layouts.
  public static func isOne(_ folder: FilePath) -> Bool {
    func has(_ names: [String], in folder: FilePath) -> Bool {
      names.allSatisfy { File.isFolder(folder.appending($0)) }
    }
    return has([vocPictures, vocMasks], in: folder) || has(["images", "masks"], in: folder)
      || DatasetPart.allCases.allSatisfy { has(["images", "masks"], in: folder.appending($0.rawValue)) }
  }

  /// One part of the pictures, with their masks.
  ///
  /// - Throws: `FileError`, and `FormatError` where a picture has no mask or a mask no picture, their sizes differ, a file
  ///   is damaged, or a mask has a class that is not named.
  public static func load(
    _ part: DatasetPart, directory folder: FilePath, size: PictureSize? = nil, testShare: Double = 0.2,
    seed: UInt64 = 0
  ) throws -> Dataset {
    let (training, test) = try parts(of: folder)
    guard let test else {
      return try load(training, of: folder, size).part(part, testShare: testShare, seed: seed)
    }
    return part == .train
      ? try load(training, of: folder, size) : try load(test, of: folder, size, training: training)
  }

  private struct Pair: Sendable {
    let picture: FilePath
    let mask: FilePath
  }

  /// - Parameter training: the pairs whose channels and classes those of a test part get.
  private static func load(
    _ pairs: [Pair], of folder: FilePath, _ size: PictureSize?, training: [Pair]? = nil
  ) throws -> Dataset {
    let masks = try read(pairs, size)
    func largestOfTraining() throws -> Int? {
      try (training.map { try read($0, size) } ?? masks).compactMap(\.largest).max()
    }
    let classes = try MaskClasses(of: folder, isVOC: isVOC(folder), largest: largestOfTraining)
    for (pair, mask) in zip(pairs, masks) { try classes.check(mask, at: pair.mask) }
    guard training != nil || masks.contains(where: { $0.largest != nil }) else {
      throw FormatError(
        "its masks have no class but the ground: all their pixels are 0, or \(Dataset.ignoredClass), which counts nowhere; write "
          + "1 where the first class is", path: folder)
    }
    let images = try ImageFolder.images(
      in: pairs.map(\.picture), size, like: size == nil ? nil : training?.map(\.picture)
    ) { index, picture in
      let (height, width) = (picture.shape[0], picture.shape[1])
      guard masks[index].size == PictureSize(height: height, width: width) else {
        throw FormatError(
          "is a mask of \(masks[index].size) pixels, and \(pairs[index].picture) has \(height)x\(width); each pixel of a "
            + "picture has its class", path: pairs[index].mask)
      }
    }
    return try Dataset(
      name: folder.lastComponent?.string ?? folder.string, images: images,
      labels: HostArray(masks.map { Int32(max(0, ($0.mostFrequent ?? 0) - 1)) }),
      masks: HostArray(masks.flatMap(\.pixels), shape: images.shape.removing(axis: 3)),
      classNames: classes.names)
  }

  private static func read(_ pairs: [Pair], _ size: PictureSize?) throws -> [Mask] {
    try Concurrency.map(pairs.count) { try Mask(pairs[$0].mask, size) }
  }
}

// MARK: - Layouts

extension MaskFolder {
  private static let vocPictures = "JPEGImages"
  private static let vocMasks = "SegmentationClass"

  private static func isVOC(_ folder: FilePath) -> Bool { File.isFolder(folder.appending(vocMasks)) }

  /// The training and the test part; one where nothing tells them apart.
  private static func parts(of folder: FilePath) throws -> (training: [Pair], test: [Pair]?) {
    if isVOC(folder) { return try vocParts(of: folder) }
    let parts = DatasetPart.allCases.map { folder.appending($0.rawValue) }
    guard parts.allSatisfy({ File.isFolder($0.appending("masks")) }) else {
      return (try pairs(in: folder), nil)
    }
    return (try pairs(in: parts[0]), try pairs(in: parts[1]))
  }

  private static func pairs(in folder: FilePath) throws -> [Pair] {
    let (images, masks) = (folder.appending("images"), folder.appending("masks"))
    let pictures = try pictures(in: images)
    for name in try File.names(in: masks) where FilePath(name).extension?.lowercased() == "png" {
      guard pictures[FilePath(name).stem!] == nil else { continue }
      throw FormatError(
        "is a mask without a picture: there is none of its name in \(images); put it there, or take the mask out",
        path: masks.appending(name))
    }
    return try pictures.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { stem, picture in
      try pair(picture, masks.appending("\(stem).png"))
    }
  }

  private static func vocParts(of folder: FilePath) throws -> (training: [Pair], test: [Pair]?) {
    let lists = folder.appending("ImageSets").appending("Segmentation")
    let pictures = try pictures(in: folder.appending(vocPictures))
    func pairs(_ list: String) throws -> [Pair]? {
      let file = lists.appending("\(list).txt")
      guard File.exists(file) else { return nil }
      let names = try lines(of: file)
      guard !names.isEmpty else { throw FormatError("names no pictures; write one a line", path: file) }
      return try names.map { name in
        guard let picture = pictures[name] else {
          throw FormatError(
            "names \(name), and \(vocPictures) has no picture of that name; put it there, or take out the line",
            path: file)
        }
        return try pair(picture, folder.appending(vocMasks).appending("\(name).png"))
      }
    }
    if let training = try pairs("train"), let test = try pairs("val") { return (training, test) }
    if let all = try pairs("trainval") ?? pairs("train") { return (all, nil) }
    throw FormatError(
      "has no list of pictures; name them a line each in train.txt and val.txt, or all in trainval.txt",
      path: lists)
  }

  /// The files of pictures in a folder by their names without ending.
  private static func pictures(in folder: FilePath) throws -> [String: FilePath] {
    try Dictionary(ImageFolder.pictures(in: folder).map { ($0.stem!, $0) }) { first, second in
      throw FormatError(
        "and \(first) have one name, so that their masks cannot be told apart; rename one", path: second)
    }
  }

  private static func pair(_ picture: FilePath, _ mask: FilePath) throws -> Pair {
    guard File.exists(mask) else {
      throw FormatError("has no mask; put it at \(mask), or take the picture out", path: picture)
    }
    return Pair(picture: picture, mask: mask)
  }

  /// The lines of a text without spaces around them; empty ones only where others follow.
  fileprivate static func lines(of file: FilePath) throws -> [String] {
    let text = String(decoding: try File.readText(file), as: UTF8.self)
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
      let start = line.drop(while: \.isWhitespace)
      return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
    while lines.last == "" { lines.removeLast() }
    return lines
  }
}

// MARK: - Masks

/// A mask, brought to a size, and what its file has.
private struct Mask: Sendable {
  /// Height and width in the file.
  let size: PictureSize
  /// How many pixels of the file have each value.
  let counts: [Int]
  let pixels: [UInt8]

  init(_ path: FilePath, _ wanted: PictureSize?) throws {
    let bytes = try File.read(path)
    let mask = try FormatError.naming(path) { try PNG.decodeMask(bytes) }
    size = PictureSize(height: mask.shape[0], width: mask.shape[1])
    var counts = [Int](repeating: 0, count: 256)
    for value in mask.bytes { counts[Int(value)] += 1 }
    self.counts = counts
    pixels = wanted.map { mask.resized(height: $0.height, width: $0.width, by: .nearest).bytes } ?? mask.bytes
  }

  /// The classes on the ground.
  private var met: [Int] { (1..<Dataset.ignoredClass).filter { counts[$0] > 0 } }
  var largest: Int? { met.last }
  var mostFrequent: Int? { met.max { counts[$0] < counts[$1] } }
}

/// The classes of a folder's masks.
private struct MaskClasses {
  /// Without that of the ground.
  let names: [String]
  private let file: FilePath
  private let source: String

  /// - Parameter largest: the largest class in the training masks.
  init(of folder: FilePath, isVOC: Bool, largest: () throws -> Int?) throws {
    file = folder.appending("classes.txt")
    if File.exists(file) {
      source = file.string
      let lines = try MaskFolder.lines(of: file)
      guard (2...Dataset.ignoredClass).contains(lines.count), !lines.contains("") else {
        throw FormatError(
          "names the classes 0, 1 and so on, a line each, the first one that of the ground: 2 to 255 names; it has "
            + "\(lines.count) lines, \(lines.count { $0 == "" }) of them empty", path: file)
      }
      names = Array(lines.dropFirst())
    } else if isVOC {
      source = "Pascal VOC"
      names = Self.voc
    } else {
      source = "the training masks"
      names = try (1..<max(1, largest() ?? 0) + 1).map(String.init)
    }
  }

  func check(_ mask: Mask, at path: FilePath) throws {
    guard let largest = mask.largest, largest > names.count else { return }
    throw FormatError(
      "has the value \(largest) in \(mask.counts[largest]) pixels, and the classes of \(source) end with "
        + "\(names.count); name all in \(file), or write \(Dataset.ignoredClass) for what is of none",
      path: path)
  }

  private static let voc = [
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]
}
