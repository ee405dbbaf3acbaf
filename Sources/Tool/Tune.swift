import ArgumentParser
import Martlet
import MartletCPU

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Measure how the CPU runs a network's convolutions fastest, for --convolution tuned.")

  @Option(
    help: ArgumentHelp("The network: \(Catalog.names.joined(separator: ", ")).", valueName: "name"),
    completion: .list(Catalog.names))
  var model: String?
  @Option(help: ArgumentHelp("The pictures, as HEIGHTxWIDTHxCHANNELS.", valueName: "size"))
  var input: String?
  @Option(help: ArgumentHelp("The number of classes.", valueName: "n"))
  var classes = 10
  @Option(
    help: ArgumentHelp("Pictures in a step (default: as train has it for the network).", valueName: "n"))
  var batchSize: Int?
  @Option(
    help: ArgumentHelp("Threads that the times are measured with (default: all processors).", valueName: "n"))
  var threads: Int?
  @Flag(help: "Measure nothing; show what is taken without tuning.")
  var table = false
  @Flag(help: "Show what has been measured on this machine.")
  var list = false
  @Flag(help: "Print one JSON object a line.")
  var json = false

  private struct Line: Encodable {
    let convolution: String
    let way: String
    /// What is taken without tuning; nil where `way` is that.
    var table: String?
    var microseconds: [String: Double]?
  }

  func run() throws {
    let device = try CPUDevice(threads: threads)
    if list {
      guard model == nil, !table else {
        throw ToolError("--list is about all networks; leave out --model and --table")
      }
      for (convolution, way) in ConvolutionTuning.saved(for: device.instructionSet).entries {
        try show(Line(convolution: convolution, way: way.rawValue))
      }
      return
    }
    guard let model else { throw ToolError("a network is needed: --model NAME, or --list") }
    try checkClasses(classes)
    let entry = try Catalog.entry(model)
    let batchSize = batchSize ?? entry.batchSize
    guard (1...1 << 20).contains(batchSize) else {
      throw ToolError("--batch-size must be 1 to \(1 << 20); received \(batchSize)")
    }
    let tasks = try entry.convolutions(
      batchSize: batchSize, classes: classes, input: try input.map(parseSize) ?? entry.input)
    if table {
      for task in tasks {
        try show(Line(convolution: "\(task)", way: device.tableWay(for: task).rawValue))
      }
    } else {
      try measure(tasks, on: device)
    }
  }

  private func measure(_ tasks: [ConvolutionTask], on device: CPUDevice) throws {
    if !json { Terminal.write("\(device.summary): \(tasks.count) convolutions, microseconds of each way\n") }
    var tuning = ConvolutionTuning()
    for task in tasks {
      let times = try device.measure(task)
      let way = ConvolutionWay.best(of: times)
      let before = device.tableWay(for: task)
      tuning[task] = way
      try show(
        Line(
          convolution: "\(task)", way: way.rawValue, table: before.rawValue,
          microseconds: Dictionary(
            uniqueKeysWithValues: times.map { ($0.rawValue, ($1 * 1e7).rounded() / 10) })))
    }
    try tuning.save(for: device.instructionSet)
  }

  private func show(_ line: Line) throws {
    if json { return try printJSON(line) }
    let times = ConvolutionWay.allCases.compactMap { way in
      line.microseconds?[way.rawValue].map { "  \(way.rawValue) \($0.fixed(1))" }
    }
    let other = line.table.map { $0 == line.way ? "" : " (table: \($0))" } ?? ""
    Terminal.write("\(line.convolution): \(line.way)\(other)\n")
    if !times.isEmpty { Terminal.write("  \(times.joined())\n") }
  }
}
