import ArgumentParser
import MartletCore

struct GemmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm", abstract: "Matrix products: dense layers and their gradients, and squares.")
  @OptionGroup var options: DeviceOptions
  @Option(help: "Only rows whose name contains this.") var only: String?

  /// A dense layer of a batch: y = x · w, dx = dy · wᵀ, dw = xᵀ · dy.
  static func dense(_ batch: Int, _ inputs: Int, _ units: Int) -> [(String, GEMM)] {
    let name = "dense \(batch)x\(inputs)->\(units)"
    return [
      ("\(name) y", GEMM(m: batch, n: units, k: inputs)),
      ("\(name) dx", GEMM(m: batch, n: inputs, k: units, transposeB: true)),
      ("\(name) dw", GEMM(m: inputs, n: units, k: batch, transposeA: true)),
    ]
  }

  static let rows: [(String, GEMM)] =
    dense(128, 1600, 1024) + dense(128, 1024, 10)
    + [
      ("256^3", GEMM(m: 256, n: 256, k: 256)), ("512^3", GEMM(m: 512, n: 512, k: 512)),
      ("1024^3", GEMM(m: 1024, n: 1024, k: 1024)), ("2048^3", GEMM(m: 2048, n: 2048, k: 2048)),
      ("32x4096x1024", GEMM(m: 32, n: 4096, k: 1024)), ("1x1024x1600", GEMM(m: 1, n: 1024, k: 1600)),
      ("3136x64x576", GEMM(m: 3136, n: 64, k: 576)), ("784x128x1152", GEMM(m: 784, n: 128, k: 1152)),
      ("49x512x4608", GEMM(m: 49, n: 512, k: 4608)), ("2048x32x2048", GEMM(m: 2048, n: 32, k: 2048)),
    ]

  func run() throws {
    let device = try options.device()
    let rows = Self.rows.filter { name, _ in only.map { name.contains($0) } ?? true }
    let workloads = try rows.map { _, product in try Workload(device, product) }
    let peak = device.multiplyAddRate(seconds: 0.2, clock: options.clock)
    print("\(device.summary), peak \(column(peak / 1e9)) GFLOP/s")
    print(column("m x n x k", width: 28) + "       us   GFLOP/s   % peak")
    for ((name, g), time) in zip(rows, try medians(workloads, options)) {
      let rate = 2 * Double(g.m) * Double(g.n) * Double(g.k) / time
      print(
        column(name, width: 28) + column(time * 1e6) + column(rate / 1e9)
          + column(100 * rate / peak, digits: 0))
    }
  }
}

extension Workload {
  /// One product of two matrices.
  init(_ device: any Device, _ g: GEMM) throws {
    try self.init(
      device, .gemm(g, .none),
      inputs: [
        [g.transposeA ? g.k : g.m, g.transposeA ? g.m : g.k],
        [g.transposeB ? g.n : g.k, g.transposeB ? g.k : g.n],
      ],
      output: [g.m, g.n])
  }
}
