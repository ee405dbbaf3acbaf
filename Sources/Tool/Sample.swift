import ArgumentParser
import Martlet

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Draw what a trained generator makes of noise.",
    discussion: """
      The same seed gives the same pictures. They become one picture, side by side, in a PNG, JPEG, PGM or PPM file; in a \
      .npy file they stand one after another, uint8 of shape (N, height, width, channels), as `martlet predict --images` \
      reads them. The weights are the run's last; those of the epoch with the least Fréchet distance are \
      `--weights DIR/best.safetensors`.
      """)

  @OptionGroup var network: ModelOptions
  @Option(
    help: ArgumentHelp("The file to write (default: samples.png in the run's folder).", valueName: "file"),
    completion: .file())
  var output: String?
  @Option(help: ArgumentHelp("How many pictures.", valueName: "n"))
  var count = 64
  @Option(
    help: ArgumentHelp(
      "Instead of pictures of their own noise, rows of n pictures on the way from one to another.",
      valueName: "n"))
  var interpolate: Int?
  @Option(help: ArgumentHelp("Which noise.", valueName: "n"))
  var seed: UInt64 = 0
  @Flag(help: "Print one JSON object.")
  var json = false
  @OptionGroup var device: DeviceOptions

  private struct Line: Encodable {
    let output: String
    let count: Int
    let seed: UInt64
  }

  func validate() throws {
    guard (1...1 << 16).contains(count) else {
      throw ValidationError("--count is at least 1 and at most 65536; received \(count)")
    }
    if let interpolate, interpolate < 2 || interpolate > count {
      throw ValidationError(
        "--interpolate is at least 2 and at most --count \(count); received \(interpolate)")
    }
  }

  func run() throws {
    try device.run { _ in
      let configuration = try network.configuration(data: nil, directory: nil)
      guard let task = try configuration.task() as? Adversarial else {
        throw ToolError("sample draws what a generator makes; \(configuration.model) has none. dcgan has")
      }
      let file = try outputFile()
      let model = try network.load(configuration)
      let pictures = try withContext(seed: seed) { try samples(model, task) }
      try write(pictures, to: file)
      let made = pictures.shape[0]
      if json { return try printJSON(Line(output: file.string, count: made, seed: seed)) }
      Terminal.write("\(made) pictures of \(Shape(configuration.input)) written to \(file)\n")
    }
  }

  private func outputFile() throws -> FilePath {
    let file =
      output.map { FilePath($0) } ?? network.folder.map { FilePath($0).appending("samples.png") }
      ?? "samples.png"
    guard file.extension != "npy" else { return file }
    #if Imaging
      guard Picture.isNamedAsPicture(file) else {
        throw ToolError("\(file): pictures are written to files that end in npy, \(Picture.endingList)")
      }
      return file
    #else
      throw WithoutImagingError("draws pictures; a .npy file can be written")
    #endif
  }

  /// A part of the pictures at a time, so that many take no more memory than few.
  private func samples(_ model: any Layer, _ task: Adversarial) throws -> HostArray {
    let network = try task.network(model)
    func noise() -> Tensor {
      guard let steps = interpolate else { return network.noise(count) }
      let rows = (count + steps - 1) / steps
      return network.noise(from: network.noise(rows), to: network.noise(rows), steps: steps)
    }
    let noise = noise()
    let parts = try stride(from: 0, to: noise.shape[0], by: 256).map { start in
      try task.samples(model, of: noise[start..<min(start + 256, noise.shape[0])])
    }
    var shape = parts[0].shape
    shape[0] = noise.shape[0]
    return HostArray(shape: shape, dtype: .uint8, bytes: parts.flatMap(\.bytes))
  }

  private func write(_ pictures: HostArray, to file: FilePath) throws {
    guard file.extension != "npy" else { return try NumPy.write(pictures, to: file) }
    #if Imaging
      let sheet = ColorPicture.grid(ColorPicture.pictures(of: pictures), columns: interpolate)
      try Picture.write(sheet.enlarged(toWidth: 512).hostArray, to: file)
    #endif
  }
}
