import FoundationEssentials
import MartletTestSupport
import Testing

@Suite(.serialized) struct DeviceTableTests {
  private struct Line: Decodable {
    var device: String?
    var summary: String?
    var commit: String?
    var multiplyAddFlops: Double?
    var triadBytes: Double?
    var aloneSeconds: Double?
    var row: String?
    var seconds: Double?
    var flops: Double?
    var flopsPercent: Double?
    var kernels: [String: Double]?
    var failure: String?
  }

  private static let names = Devices.names.filter { $0 != "auto" }

  @Test(arguments: names) func aRowHasItsRateAndWhatItIsMeasuredBy(_ name: String) throws {
    let arguments = [
      "device", "--device", name, "--quick", "--seconds", "0.1", "--json", "--only", "gemm 256^3",
    ]
    let table = try Command(arguments, of: "martlet-bench")
    #expect(table.status == 0, "\(table.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let lines = try table.lines.map { try decoder.decode(Line.self, from: Data($0.utf8)) }
    #expect(lines.first?.device == name && lines.first?.summary?.isEmpty == false)
    let ceilings = lines.filter { ($0.multiplyAddFlops ?? 0) > 1e8 && ($0.triadBytes ?? 0) > 1e7 }
    #expect(ceilings.count == 2, "before and after: \(table.output)")
    #expect(lines.contains { ($0.aloneSeconds ?? 0) > 0 })
    let rows = lines.filter { $0.row != nil }
    let row = try #require(rows.first, "\(table.output)")
    #expect(rows.count == 1 && row.row == "gemm 256^3" && row.failure == nil)
    let (seconds, flops) = (try #require(row.seconds), try #require(row.flops))
    #expect(abs(flops * seconds / (2 * 256 * 256 * 256) - 1) < 1e-9)
    #expect(abs(row.flopsPercent! / 100 * ceilings[0].multiplyAddFlops! / flops - 1) < 1e-9)
    if name == "cpu" {
      #expect(row.kernels == nil)
    } else {
      let kernels = try #require(row.kernels)
      #expect(kernels["multiplyPanels"]! > 0 && abs(kernels.values.reduce(0, +) / seconds - 1) < 1e-9)
    }
  }

  @Test func aDeviceThatIsNotThereIsAnErrorThatNamesThose() throws {
    let table = try Command(["device", "--device", "opencl:99"], of: "martlet-bench")
    #expect(table.status != 0 && table.errors.contains("cpu"), "\(table.errors)")
  }
}
