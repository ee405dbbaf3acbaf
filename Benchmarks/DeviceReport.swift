import MartletCore
import MartletOpenCL

/// What was measured, and what it was made of.
struct Identity: Encodable {
  let device: String
  let summary: String
  let platform: String?
  let driver: String?
  let commit: String?

  init(of subject: Subject) {
    device = subject.device.name
    summary = subject.device.summary
    commit = Build.commit
    if case .openCL(let device) = subject {
      (platform, driver) = (device.hardware.platformName, device.hardware.driver)
    } else {
      (platform, driver) = (nil, nil)
    }
  }
}

/// The best that a device can do.
struct Ceilings: Encodable {
  let multiplyAddFlops: Double
  let triadBytes: Double

  init(of subject: Subject) throws {
    multiplyAddFlops = try subject.multiplyAddRate()
    triadBytes = try subject.memoryRate()
  }

  var text: String {
    "multiply-adds \(column(multiplyAddFlops / 1e9, width: 0)) GFLOP/s, "
      + "triad \(column(triadBytes / 1e9, width: 0)) GB/s"
  }
}

/// What handing out the smallest kernel costs.
struct Launches: Encodable {
  /// Seconds of a launch that is waited for, and of one in a long row.
  let aloneSeconds: Double
  let inARowSeconds: Double

  init(of subject: Subject) throws {
    let y = Operand(try subject.device.allocate(byteCount: 256), shape: [64])
    let work = Workload(subject.device, .fill, inputs: [.scalar(0 as Float)], outputs: [y])
    for _ in 0..<100 { try work.run() }
    func median(_ work: () throws -> Void) rethrows -> Double {
      try (0..<101).map { _ in
        let start = seconds()
        try work()
        return seconds() - start
      }.sorted()[50]
    }
    aloneSeconds = try median { try work.run() }
    inARowSeconds =
      try median {
        for _ in 0..<100 { try work.encode() }
        try work.device.synchronize()
      } / 100
    if case .openCL(let device) = subject { _ = try device.takeCommandTimes() }
  }

  var text: String {
    "launch \(column(aloneSeconds * 1e6, width: 0)) us with waiting, \(column(inARowSeconds * 1e6, width: 0)) us in a row"
  }
}

/// Bytes a second between the host and the device; nil where there is no pinned memory.
struct Transfers: Encodable {
  let upload: Double?
  let uploadPinned: Double?
  let download: Double?
  let downloadPinned: Double?

  init(of device: OpenCLDevice) throws {
    upload = try device.transferRate(.upload, isPinned: false)
    uploadPinned = try device.transferRate(.upload, isPinned: true)
    download = try device.transferRate(.download, isPinned: false)
    downloadPinned = try device.transferRate(.download, isPinned: true)
    _ = try device.takeCommandTimes()
  }

  var text: String {
    func rate(_ bytes: Double?) -> String { bytes.map { column($0 / 1e9, width: 0) } ?? "no" }
    return "upload \(rate(upload)) GB/s, pinned \(rate(uploadPinned)); "
      + "download \(rate(download)) GB/s, pinned \(rate(downloadPinned))"
  }
}

/// One line of the table.
struct DeviceRow: Encodable {
  let row: String
  var seconds: Double?
  var hostSeconds: Double?
  var hostMedianSeconds: Double?
  var runs: Int?
  var flops: Double?
  var bytes: Double?
  /// Per cent of the ceilings.
  var flopsPercent: Double?
  var bytesPercent: Double?
  /// Seconds of each kernel.
  var kernels: [String: Double]?
  /// The host's seconds for CLBlast's product.
  var clblastSeconds: Double?
  var failure: String?

  init(row: String) { self.row = row }

  mutating func take(_ times: [Subject.Times], of row: Row, _ ceilings: Ceilings) {
    let own = times[0]
    (seconds, hostSeconds, hostMedianSeconds, runs) = (own.device, own.host, own.median, own.runs)
    if row.operations > 0 {
      flops = row.operations / own.device
      flopsPercent = 100 * row.operations / own.device / ceilings.multiplyAddFlops
    }
    bytes = Double(row.bytes) / own.device
    bytesPercent = 100 * Double(row.bytes) / own.device / ceilings.triadBytes
    if !own.kernels.isEmpty { kernels = Dictionary(uniqueKeysWithValues: own.kernels) }
    if times.count > 1 { clblastSeconds = times[1].host }
  }

  static let header =
    column("", width: 46) + "       us  host us  GFLOP/s    %     GB/s    %  x CLBlast"

  var text: String {
    if let failure { return column(row, width: 46) + " failed: \(failure)" }
    func cell(_ value: Double?, digits: Int = 1, width: Int = 9) -> String {
      value.map { column($0, digits: digits, width: width) } ?? String(repeating: " ", count: width)
    }
    return column(row, width: 46) + cell(seconds.map { $0 * 1e6 }) + cell(hostSeconds.map { $0 * 1e6 })
      + cell(flops.map { $0 / 1e9 }) + cell(flopsPercent, digits: 0, width: 5)
      + cell(bytes.map { $0 / 1e9 }) + cell(bytesPercent, digits: 0, width: 5)
      + cell(clblastSeconds.map { $0 / (hostSeconds ?? 0) }, width: 11)
  }
}
