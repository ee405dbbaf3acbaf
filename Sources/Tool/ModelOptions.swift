import ArgumentParser
import Martlet

/// Which trained network a command uses: that of a run, or a network of the catalog with a file of weights.
struct ModelOptions: ParsableArguments {
  @Option(
    name: .customLong("run"), help: ArgumentHelp("The folder of the run.", valueName: "dir"),
    completion: .directory)
  var folder: String?
  @Option(
    help: ArgumentHelp("Instead of a run: the network that --weights belong to.", valueName: "name"),
    completion: .list(Catalog.names))
  var model: String?
  @Option(
    help: ArgumentHelp("A file of weights; with --run, other ones than the run's last.", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var weights: String?
  @Option(help: ArgumentHelp("With --model: the pictures, as HEIGHTxWIDTHxCHANNELS.", valueName: "size"))
  var input: String?
  @Option(
    help: ArgumentHelp("With --model: the number of classes (default: the data's, or 10).", valueName: "n"))
  var classes: Int?

  /// What is known about the network: all but its data set for a network without a run.
  ///
  /// - Parameter data: the data set that the command was given, whose classes are the network's.
  func configuration(data: String?, directory: String?) throws -> RunConfiguration {
    if let folder {
      guard model == nil && input == nil && classes == nil else {
        throw ToolError("--run knows its network; leave out --model, --input and --classes")
      }
      return try RunFolder(FilePath(folder)).configuration()
    }
    guard let model, weights != nil else {
      throw ToolError("a trained network is needed: --run DIR, or --model NAME --weights FILE")
    }
    if let classes { try checkClasses(classes) }
    let entry = try Catalog.entry(model)
    let size = try input.map(parseSize) ?? entry.input
    var names = (0..<(classes ?? 10)).map { "\($0)" }
    if classes == nil, let data {
      names = try DataSource(name: data).load(
        .test, directory: directory.map { FilePath($0) }, size: size,
        supervision: entry.task.supervision
      ).classNames
    }
    var configuration = RunConfiguration()
    configuration.model = model
    configuration.data = data ?? ""
    configuration.dataDirectory = directory
    configuration.batchSize = entry.batchSize
    configuration.input = size.sizes
    configuration.classNames = names
    return configuration
  }

  /// The network with its weights.
  func load(_ configuration: RunConfiguration) throws -> any Layer {
    let model = try configuration.buildModel()
    let run = folder.map { RunFolder(FilePath($0)).weightsFile }
    try model.load(from: weights.map { FilePath($0) } ?? run!)
    return model
  }
}

extension RunConfiguration {
  /// A part of the network's data set, or of another one.
  func load(_ part: DatasetPart, _ name: String?, directory: String?) throws -> Dataset {
    guard name ?? data != "" else {
      throw ToolError("pictures are needed: --data NAME")
    }
    let source = try DataSource(name: name ?? data)
    let loaded = try source.load(
      part, directory: (directory ?? dataDirectory).map { FilePath($0) }, size: Shape(input),
      imageSize: source.isFolderOfPictures ? pictureSize() : nil, supervision: task().supervision)
    guard loaded.imageShape.sizes == input, loaded.classNames.count == classNames.count else {
      throw ShapeError(
        "the network was trained on pictures of \(Shape(input)) in \(classNames.count) classes; "
          + "\(loaded.name) has \(loaded.imageShape) in \(loaded.classNames.count); take data of that kind, or another "
          + "network")
    }
    return loaded
  }
}
