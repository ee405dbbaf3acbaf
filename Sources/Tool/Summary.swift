import ArgumentParser
import Martlet

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Show the layers, shapes, parameters and costs of a network.")

  @Option(
    help: ArgumentHelp(
      "The network: \(Catalog.names.joined(separator: ", ")).", valueName: "name"),
    completion: .list(Catalog.names))
  var model: String
  @Option(help: ArgumentHelp("The pictures, as HEIGHTxWIDTHxCHANNELS.", valueName: "size"))
  var input: String?
  @Option(help: ArgumentHelp("The number of classes.", valueName: "n"))
  var classes = 10
  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Line: Encodable {
    struct Layer: Encodable {
      let path: String
      let layer: String
      let output: [Int]
      let parameters: Int
      let multiplyAccumulates: Int
      let receptiveField: [Int]?
    }
    let model: String
    let input: [Int]
    let output: [Int]
    let parameters: Int
    let trainableParameters: Int
    let multiplyAccumulates: Int
    let layers: [Layer]
  }

  func run() throws {
    try checkClasses(classes)
    let entry = try Catalog.entry(model)
    let size = try input.map(parseSize) ?? entry.input
    let summary = try DeviceOptions.environment { try entry.build(classes, size).summary(input: size) }
    guard json else {
      Terminal.write("\(entry.name): \(entry.summary)\n\n\(summary)\n")
      return
    }
    try printJSON(
      Line(
        model: entry.name, input: size.sizes, output: summary.outputShape.sizes,
        parameters: summary.parameters,
        trainableParameters: summary.trainableParameters, multiplyAccumulates: summary.multiplyAccumulates,
        layers: summary.rows.map {
          Line.Layer(
            path: $0.path, layer: $0.layer, output: $0.outputShape.sizes, parameters: $0.parameters,
            multiplyAccumulates: $0.multiplyAccumulates, receptiveField: $0.receptiveField)
        }))
  }
}
