import ArgumentParser
import Martlet

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a trained network on the test part of a data set.")

  @OptionGroup var network: ModelOptions
  @Option(help: ArgumentHelp("Another data set than the run's.", valueName: "name"))
  var data: String?
  @Option(
    help: ArgumentHelp("The folder of the data set's files.", valueName: "dir"), completion: .directory)
  var dataDir: String?
  @Option(help: ArgumentHelp("Classify the first pictures and draw them.", valueName: "n"))
  var show = 0
  @Flag(help: "Count which class is taken for which.")
  var confusion = false
  @Flag(help: "Print one JSON object.")
  var json = false
  @OptionGroup var device: DeviceOptions

  private struct Line: Encodable {
    let testAccuracy: Double
    let testLoss: Double
    let count: Int
    /// Nil where the network has no class for every pixel.
    let meanIou: Double?
    let classes: [ClassTable.Row]?
    /// Nil where the network generates no pictures.
    let frechetDistance: Double?
    /// A row for each true class, a column for each predicted one; nil where nobody asked.
    let confusion: [[Int]]?
  }

  func run() throws {
    guard show >= 0 else { throw ToolError("--show must not be negative; received \(show)") }
    try device.run { _ in
      let configuration = try network.configuration(data: data, directory: dataDir)
      let task = try configuration.task(on: data)
      guard show == 0 && !confusion || task is Classification else {
        throw ToolError(
          "\(show > 0 ? "--show draws" : "--confusion counts") the classes of pictures; \(configuration.model) has "
            + "none")
      }
      let test = try configuration.load(.test, data, directory: dataDir)
      let model = try network.load(configuration)
      let result = try model.evaluate(
        test, batchSize: evaluationBatchSize(training: configuration.batchSize),
        task: task.prepared(with: configuration.load(.train, data, directory: dataDir)))
      let matrix = try confusion ? Classification().confusion(model, on: test) : nil
      let table = ClassTable(result, classNames: test.classNames)
      if json {
        try printJSON(
          Line(
            testAccuracy: result.accuracy, testLoss: result.loss, count: result.count,
            meanIou: table?.meanIoU,
            classes: table?.rows, frechetDistance: result[Adversarial.distanceName], confusion: matrix?.counts
          ))
      } else {
        let more =
          table.map { ", mean IoU \($0.meanIoU.fixed(4))" }
          ?? result[Adversarial.distanceName].map { ", Fréchet distance \($0.fixed(3))" } ?? ""
        Terminal.write(
          "\(configuration.model) on \(test.count.grouped) test pictures of \(test.name): accuracy "
            + "\(result.accuracy.fixed(4))\(more), loss \(result.loss.fixed(4))\n")
        if let table { Terminal.write("\n\(table)\n") }
        if let matrix { show(matrix, test.classNames) }
        try draw(model, test)
      }
    }
  }

  private func show(_ matrix: ConfusionMatrix, _ names: [String]) {
    Terminal.write(
      "\n\(matrix.table(names: names))\n\nmeans over the classes: precision \(matrix.precision.fixed(4)), recall "
        + "\(matrix.recall.fixed(4)), F1 \(matrix.f1.fixed(4))\n")
  }

  /// The first pictures side by side, with what they are and what the network takes them for.
  private func draw(_ model: any Layer, _ data: Dataset) throws {
    guard show > 0 else { return }
    let batch = data.batch(0..<min(show, data.count))
    let guesses = try Classification().predict(model, images: batch.images)
    let labels = batch.labels.values(as: Int32.self)
    let pictures = labels.indices.map { index -> TerminalPicture in
      let (label, probability) = guesses[index]
      let isRight = label == Int(labels[index])
      let certainty = "\((Double(probability) * 100).fixed(0)) %"
      return TerminalPicture(
        image: batch.images, index: index,
        caption: [
          "\(isRight ? "✓" : "✗") \(data.classNames[label]) \(certainty)",
          isRight ? "" : "it is \(data.classNames[Int(labels[index])])",
        ])
    }
    Terminal.write(TerminalPicture.sideBySide(pictures))
  }
}
