import ArgumentParser
import Martlet

struct SegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment", abstract: "Draw what a trained network takes each pixel of pictures for.",
    discussion: """
      The pictures are PNG, JPEG, PGM or PPM files of any size, or the first ones of the run's test part. Each becomes \
      a PNG file: the picture under the colours of its classes, and beside it their names and shares.
      """)

  @OptionGroup var network: ModelOptions
  @Option(
    help: ArgumentHelp("A picture, or a folder of pictures.", valueName: "path"), completion: .file())
  var images: String?
  @Option(
    help: ArgumentHelp(
      "The file for one picture, or the folder for all (default: the folder segments, in that of the run).",
      valueName: "path"), completion: .file())
  var output: String?
  @Flag(help: "Print one JSON object for each picture, with the share of each class.")
  var json = false
  @OptionGroup var device: DeviceOptions

  #if Imaging
    private struct Line: Encodable {
      struct Part: Encodable {
        let `class`: String
        let maskValue: Int
        let share: Double
      }
      let picture: String
      let output: String
      let height: Int
      let width: Int
      let classes: [Part]
    }

    func run() throws {
      try device.run { _ in
        let configuration = try network.configuration(data: nil, directory: nil)
        guard let task = try configuration.task() as? Segmentation else {
          throw ToolError(
            "segment draws the classes of pixels; \(configuration.model) has none. unet learns them")
        }
        let pictures = try images.map { try Self.files(FilePath($0)) } ?? Self.samples(of: configuration)
        let outputs = try outputs(for: pictures.map(\.name))
        let model = try network.load(configuration)
        for (picture, output) in zip(pictures, outputs) {
          let result = try task.segment(model, picture.read(), channels: configuration.input[2])
          let drawing = result.drawing(classNames: configuration.classNames)
          try Picture.write(drawing.hostArray, to: output)
          try show(result, of: picture.name, in: output, configuration.classNames)
        }
      }
    }

    private struct Source {
      let name: FilePath
      let read: () throws -> HostArray
    }

    private static func files(_ path: FilePath) throws -> [Source] {
      var files = [path]
      if File.isFolder(path) {
        files = try File.names(in: path).map { path.appending($0) }.filter(Picture.isNamedAsPicture)
        guard !files.isEmpty else {
          throw ToolError("\(path): has no pictures; there are none that end in \(Picture.endingList)")
        }
      }
      return files.map { file in Source(name: file) { try Picture.read(file) } }
    }

    private static func samples(of configuration: RunConfiguration) throws -> [Source] {
      guard configuration.data != "" else { throw ToolError("pictures are needed: --images FILE") }
      let test = try configuration.load(.test, nil, directory: nil).prefix(8)
      return (0..<test.count).map { index in
        Source(name: FilePath("\(index)")) {
          let images = test.batch([index]).images
          return images.reshaped(images.shape.removing(axis: 0))
        }
      }
    }

    /// A file for each picture, named as it is; of several folders or formats its ending stays in the name.
    private func outputs(for names: [FilePath]) throws -> [FilePath] {
      if let output, names.count == 1, Picture.isNamedAsPicture(FilePath(output)) {
        return [FilePath(output)]
      }
      let folder =
        output.map { FilePath($0) } ?? network.folder.map { FilePath($0).appending("segments") } ?? "segments"
      guard !Picture.isNamedAsPicture(folder) else {
        throw ToolError(
          "\(folder): is the name of one file, and there are \(names.count) pictures; name a folder")
      }
      try File.createFolder(folder)
      let stems = names.map { $0.stem ?? "\($0)" }
      let areUnique = Set(stems).count == stems.count
      return zip(names, stems).map { name, stem in
        folder.appending("\(areUnique ? stem : name.lastComponent!.string).png")
      }
    }

    private func show(
      _ result: SegmentedPicture, of name: FilePath, in output: FilePath, _ classNames: [String]
    ) throws {
      let names = ["ground"] + classNames
      let parts = zip(names, result.shares(count: names.count)).enumerated().map { value, part in
        Line.Part(class: part.0, maskValue: value, share: part.1)
      }
      if json {
        return try printJSON(
          Line(
            picture: name.string, output: output.string, height: result.mask.shape[0],
            width: result.mask.shape[1], classes: parts))
      }
      let text = parts.filter { $0.share >= 0.0005 }.sorted { $0.share > $1.share }.map {
        "\($0.class) \(($0.share * 100).fixed(1)) %"
      }
      Terminal.write("\(name)  \(text.joined(separator: "  "))  written to \(output)\n")
    }
  #else
    func run() throws { throw WithoutImagingError("draws pictures") }
  #endif
}
