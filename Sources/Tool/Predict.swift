import ArgumentParser
import Martlet

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Say what a trained network takes pictures for.",
    discussion: """
      The pictures are the first ones of a data set's test part, or a .npy file of shape (N, height, width, channels), \
      uint8 from 0 to 255 or float32 from 0 to 1; a last axis of one channel may be left out.
      """)

  @OptionGroup var network: ModelOptions
  @Option(help: ArgumentHelp("The data set (default: the run's).", valueName: "name"))
  var data: String?
  @Option(
    help: ArgumentHelp("The folder of the data set's files.", valueName: "dir"), completion: .directory)
  var dataDir: String?
  @Option(
    help: ArgumentHelp("A .npy file of pictures instead of a data set.", valueName: "file"),
    completion: .file(extensions: ["npy"]))
  var images: String?
  @Option(help: ArgumentHelp("How many pictures (default: 10, or all of the file).", valueName: "n"))
  var count: Int?
  @Option(help: ArgumentHelp("How many of the most probable classes to name.", valueName: "n"))
  var top = 3
  @Flag(help: "Print one JSON object for each picture.")
  var json = false
  @OptionGroup var device: DeviceOptions

  private struct Line: Encodable {
    struct Guess: Encodable {
      let `class`: String
      let label: Int
      let probability: Float
    }
    let index: Int
    let guesses: [Guess]
  }

  func run() throws {
    if let count, count < 1 { throw ToolError("--count must be at least 1; received \(count)") }
    guard top >= 1 else { throw ToolError("--top must be at least 1; received \(top)") }
    guard images == nil || data == nil else {
      throw ToolError("the pictures are those of --images or of --data; leave one out")
    }
    try device.run { _ in
      let configuration = try network.configuration(data: data, directory: dataDir)
      guard try configuration.task() is Classification else {
        throw ToolError("predict names the classes of pictures; \(configuration.model) has none")
      }
      let pictures =
        try images.map { try Self.pictures(in: FilePath($0), shape: Shape(configuration.input)) }
        ?? Self.pictures(of: configuration.load(.test, data, directory: dataDir))
      let model = try network.load(configuration)
      var index = 0
      let wanted = min(count ?? (images == nil ? 10 : pictures.count), pictures.count)
      while index < wanted {
        let range = index..<min(index + 4 * configuration.batchSize, wanted)
        let guesses = try Classification().predict(model, images: pictures.part(range), top: top)
        for (offset, guess) in guesses.enumerated() {
          try show(guess, of: index + offset, configuration.classNames)
        }
        index = range.upperBound
      }
    }
  }

  private struct Pictures {
    let count: Int
    let part: (Range<Int>) -> HostArray
  }

  private static func pictures(of data: Dataset) -> Pictures {
    Pictures(count: data.count) { data.batch($0).images }
  }

  private static func pictures(in path: FilePath, shape: Shape) throws -> Pictures {
    let array = try NumPy.read(path)
    let sizes = array.shape.sizes
    let isGrey = shape[2] == 1 && sizes.count == 3
    guard isGrey ? Array(sizes[1...]) == Array(shape.sizes[..<2]) : Array(sizes.dropFirst()) == shape.sizes,
      array.dtype == .uint8 || array.dtype == .float32
    else {
      throw ToolError(
        "\(path): the network takes pictures of N x \(shape), uint8 or float32; the file has \(array.shape) "
          + "\(array.dtype)")
    }
    guard sizes[0] > 0 else {
      throw ToolError("\(path): it holds no pictures; the network takes N x \(shape) with N at least 1")
    }
    let size = shape.count * array.dtype.byteCount
    return Pictures(count: sizes[0]) { range in
      HostArray(
        shape: Shape([range.count] + shape.sizes), dtype: array.dtype,
        bytes: Array(array.bytes[range.lowerBound * size..<range.upperBound * size]))
    }
  }

  private func show(_ guesses: [(label: Int, probability: Float)], of index: Int, _ names: [String]) throws {
    if json {
      let line = guesses.map {
        Line.Guess(class: names[$0.label], label: $0.label, probability: $0.probability)
      }
      return try printJSON(Line(index: index, guesses: line))
    }
    let text = guesses.map { "\(names[$0.label]) \((Double($0.probability) * 100).fixed(1)) %" }
    Terminal.write("\(index)  \(text.joined(separator: "  "))\n")
  }
}
