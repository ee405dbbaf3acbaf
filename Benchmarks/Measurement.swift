import ArgumentParser
import Glibc
import MartletCPU
import MartletCore

/// The device that a table is about.
struct DeviceOptions: ParsableArguments {
  @Option(help: "Threads; by default all processors.") var threads: Int?
  @Option(help: "base, avx2 or avx512; by default the best.") var simd: String?
  @Option(help: "Seconds for each row.") var seconds = 0.4
  @Flag(help: "Count processor time instead of wall time: for one thread on a busy machine.") var cpuTime =
    false

  var clock: clockid_t { cpuTime ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC }

  /// A device, whose convolutions are by default those of `MARTLET_CONVOLUTION`.
  func device(convolution: ConvolutionChoice? = nil) throws -> CPUDevice {
    guard let simd else { return try CPUDevice(threads: threads, convolution: convolution) }
    guard let set = InstructionSet(rawValue: simd) else {
      throw ValidationError("--simd must be base, avx2 or avx512; received \(simd)")
    }
    return try CPUDevice(threads: threads, simd: set, convolution: convolution)
  }
}

/// A primitive with operands of its own, ready to run again and again.
struct Workload {
  let device: any Device
  let primitive: Primitive
  let inputs: [Operand]
  let outputs: [Operand]

  init(_ device: any Device, _ primitive: Primitive, inputs: [Operand], outputs: [Operand]) {
    self.device = device
    self.primitive = primitive
    self.inputs = inputs
    self.outputs = outputs
  }

  init(_ device: any Device, _ primitive: Primitive, inputs: [Shape], output: Shape) throws {
    try self.init(
      device, primitive, inputs: inputs.map { try .array(device, $0) }, outputs: [.array(device, output)])
  }

  func encode() throws { try device.encode(primitive, inputs: inputs, outputs: outputs) }

  func run() throws {
    try encode()
    try device.synchronize()
  }
}

/// Seconds of a clock that never goes back.
func seconds(of clock: clockid_t = CLOCK_MONOTONIC) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Runs all workloads in turn, so that a disturbance falls on every one of them, and returns each one's median in
/// seconds.
func medians(_ workloads: [Workload], _ options: DeviceOptions) throws -> [Double] {
  for workload in workloads { try workload.run() }
  var times = [[Double]](repeating: [], count: workloads.count)
  let start = seconds()
  let total = options.seconds * Double(workloads.count)
  repeat {
    for (index, workload) in workloads.enumerated() {
      let before = seconds(of: options.clock)
      try workload.run()
      times[index].append(seconds(of: options.clock) - before)
    }
  } while seconds() - start < total || times[0].count < 3
  return times.map { $0.sorted()[$0.count / 2] }
}

/// A number with `digits` decimals, right-aligned.
func column(_ value: Double, digits: Int = 1, width: Int = 9) -> String {
  let scale = digits == 0 ? 1 : digits == 1 ? 10.0 : digits == 2 ? 100 : 1000
  let rounded = (value * scale).rounded() / scale
  let text = digits == 0 ? "\(Int(rounded))" : "\(rounded)"
  return String(repeating: " ", count: max(0, width - text.count)) + text
}

func column(_ text: String, width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
