import ArgumentParser
import FoundationEssentials
import Glibc
import Martlet

/// The worker that `Benchmarks/peers/driver.py` sets beside the workers of other frameworks: one JSON line for each
/// JSON line.
///
///     request  {"case": name, "pass": "fwd|fwdbwd|train|infer", "repeats": R, "budget": seconds}
///     answer   {"case", "pass", "median_s", "min_s", "runs", "batch", "images_per_s", "gflops"}
///              or {"case", "pass", "skip": reason}
///
/// With `"check": path` nothing is timed: all arrays of the case go to a safetensors file. With `"memory": steps` neither:
/// the answer has `peak_bytes`, by how much so many training steps let the process grow, and `buffer_bytes`.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Time layers and networks by name, one JSON line each.")
  @Option(help: "Threads; by default all processors.") var threads: Int?
  @Option(help: "The device.") var device = "auto"
  @Option(help: "A JSON file of cases that are added, or replace those of the same name.") var cases: String?

  private struct Request: Decodable {
    var name: String
    var pass: Pass
    var repeats: Int?
    var budget: Double?
    var check: String?
    var memory: Int?
    enum CodingKeys: String, CodingKey {
      case name = "case"
      case pass, repeats, budget, check, memory
    }
  }

  /// Drivers look for `{"ready"` at the beginning of the line, so no key may come before it.
  private struct Ready: Encodable {
    var ready = "martlet"
    var runsOn: String
    var version = "0.1.0"
  }

  func run() throws {
    let device = try Devices.named(device, threads: threads)
    let table = try table()
    send(Ready(runsOn: device.summary))
    while let line = readLine() {
      guard !line.isEmpty else { continue }
      let request: Request
      do {
        request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
      } catch {
        send(Answer(name: "", pass: "", skip: "this line is no request: \(error)"))
        continue
      }
      send(withContext(device: device, seed: 1) { answer(request, table) })
    }
  }

  private func table() throws -> [String: BenchmarkCase] {
    var all = BenchmarkCase.layers + BenchmarkCase.models
    if let cases {
      let text = try Data(contentsOf: URL(filePath: cases))
      all += try JSONDecoder().decode([BenchmarkCase].self, from: text)
    }
    return Dictionary(all.map { ($0.name, $0) }) { $1 }
  }

  private func answer(_ request: Request, _ table: [String: BenchmarkCase]) -> Answer {
    var answer = Answer(name: request.name, pass: request.pass.rawValue)
    do {
      guard let row = table[request.name] else { throw CaseError("there is no case of this name") }
      if let steps = request.memory {
        let use = try MemoryUse(of: row, steps: steps, device: Context.current.device)
        (answer.buffers, answer.peak) = (use.buffers, use.process)
        return answer
      }
      let work = try row.model == nil ? row.layerWork(request.pass) : row.networkWork(request.pass)
      if let path = request.check {
        try Safetensors.write(try work.arrays().mapValues { try $0.hostArray() }, to: FilePath(path))
        return answer
      }
      let times = try Timing(repeats: request.repeats ?? 15, budget: request.budget ?? 2) {
        try work.run()
        try Context.current.device.synchronize()
      }
      answer.median = times.median
      answer.minimum = times.minimum
      answer.runs = times.runs
      answer.batch = row.batch
      answer.imagesPerSecond = Double(row.batch) / times.median
      answer.gigaflops = row.gflop.map { $0 * (request.pass == .forwardBackward ? 3 : 1) / times.median }
    } catch {
      answer.skip = "\(error)"
    }
    return answer
  }
}

/// Prints the table of cases, so that every worker times the same ones.
struct CasesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cases", abstract: "Print the cases that serve knows as JSON.")
  @Flag(help: "Networks instead of layers.") var models = false

  func run() throws {
    send(
      (models ? BenchmarkCase.models : BenchmarkCase.layers).map { row in
        var row = row
        row.passes = row.measuredPasses
        return row
      })
  }
}

private struct Answer: Encodable {
  var name: String
  var pass: String
  var median: Double?
  var minimum: Double?
  var runs: Int?
  var batch: Int?
  var imagesPerSecond: Double?
  var gigaflops: Double?
  var peak: Double?
  var buffers: Double?
  var skip: String?

  enum CodingKeys: String, CodingKey {
    case name = "case"
    case pass
    case median = "median_s"
    case minimum = "min_s"
    case runs, batch
    case imagesPerSecond = "images_per_s"
    case gigaflops = "gflops"
    case peak = "peak_bytes"
    case buffers = "buffer_bytes"
    case skip
  }
}

/// How long something takes: at least two warm-ups, and 0.2 seconds of them where it is short; then up to `repeats`
/// runs within a budget of seconds, but three at least. Very short ones are timed in bunches of about 2 ms.
struct Timing {
  let median: Double
  let minimum: Double
  let runs: Int

  init(repeats: Int, budget: Double, _ work: () throws -> Void) throws {
    try work()
    let before = seconds()
    try work()
    let once = seconds() - before
    let warm = seconds() + min(0.2, budget / 4)
    while seconds() < warm { try work() }
    let bunch = max(1, Int(0.002 / max(once, 1e-7)))
    var times: [Double] = []
    let start = seconds()
    while times.count < max(1, repeats) && (times.count < 3 || seconds() < start + budget) {
      let before = seconds()
      for _ in 0..<bunch { try work() }
      times.append((seconds() - before) / Double(bunch))
    }
    times.sort()
    median =
      times.count % 2 == 1
      ? times[times.count / 2] : (times[times.count / 2 - 1] + times[times.count / 2]) / 2
    minimum = times[0]
    runs = times.count
  }
}

/// Writes a value as one line of JSON, at once.
func send(_ value: some Encodable, keys: JSONEncoder.KeyEncodingStrategy = .useDefaultKeys) {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = keys
  encoder.outputFormatting = .sortedKeys
  guard let text = try? encoder.encode(value) else { return }
  print(String(decoding: text, as: UTF8.self))
  fflush(nil)
}
