import ArgumentParser
import FoundationEssentials
import Martlet
import MartletCPU
import MartletCore

/// The worker that `Benchmarks/peers/gemm.py` sets beside PyTorch's: one JSON line for each JSON line.
///
///     request  {"m", "n", "k", "transpose_a", "transpose_b", "keeps", "repeats", "budget"}
///     answer   {"median_s", "min_s"}
///
/// The right side counts as new at every run, so that nothing that was made of it before helps, unless it `keeps`.
struct ProductsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "products", abstract: "Time matrix products that are asked for, one JSON line each.")
  @OptionGroup var options: DeviceOptions

  private struct Request: Decodable {
    var m: Int
    var n: Int
    var k: Int
    var transposeA: Bool?
    var transposeB: Bool?
    var keeps: Bool?
    var repeats: Int?
    var budget: Double?

    var product: GEMM {
      GEMM(m: m, n: n, k: k, transposeA: transposeA ?? false, transposeB: transposeB ?? false)
    }
  }

  private struct Answer: Encodable {
    var median: Double
    var minimum: Double
    enum CodingKeys: String, CodingKey {
      case median = "median_s"
      case minimum = "min_s"
    }
  }

  private struct Ready: Encodable { var ready = "martlet" }

  func run() throws {
    let device = try options.device()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    send(Ready())
    while let line = readLine() {
      guard !line.isEmpty else { continue }
      let request = try decoder.decode(Request.self, from: Data(line.utf8))
      let workload = try Workload(device, request.product)
      let right = workload.inputs[1].buffer!
      let times = try Timing(repeats: request.repeats ?? 15, budget: request.budget ?? 0.3) {
        // One number is written again, which forgets what was made of all of them.
        if request.keeps != true {
          try withUnsafeBytes(of: -1 as Float) { try device.upload($0, to: right, at: 0) }
        }
        try workload.run()
      }
      send(Answer(median: times.median, minimum: times.minimum))
    }
  }
}
