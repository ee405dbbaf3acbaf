import MartletCPU
import MartletCore
import MartletOpenCL
import Testing

/// A device under test, with a name that the test report shows.
struct TestDevice: Sendable, CustomTestStringConvertible {
  let device: any Device
  let testDescription: String
}

/// Every instruction set of this processor with one and with two threads, and every device on OpenCL, twice: what both of
/// a pair give must have the same bits.
enum Devices {
  static let all = cpus + openCL

  private static let openCL: [TestDevice] = {
    if let reason = Hardware.absence { print("OpenCL is not tested here: \(reason)") }
    return Hardware.all.flatMap { hardware in
      do {
        let device = TestDevice(
          device: try OpenCLDevice(hardware), testDescription: "opencl:\(hardware.index)")
        return [device, device]
      } catch {
        fatalError("\(error)")
      }
    }
  }()

  private static let cpus: [TestDevice] = InstructionSet.available.flatMap { simd in
    [1, 2].map { threads in
      do {
        return TestDevice(
          device: try CPUDevice(threads: threads, simd: simd), testDescription: "cpu \(simd) x\(threads)")
      } catch {
        fatalError("\(error)")
      }
    }
  }
}

extension TestDevice {
  /// Runs a primitive on host arrays. Outputs are full of NaN bits before, so an element that is never written shows.
  func run(
    _ primitive: Primitive, _ inputs: [HostArray], scalars: [Operand] = [], outputs: [(Shape, DType)]
  ) throws -> [HostArray] {
    let operands = try inputs.map(upload) + scalars
    let results = try outputs.map { shape, dtype in
      try upload(
        HostArray(shape: shape, dtype: dtype) { $0.initializeMemory(as: UInt8.self, repeating: 0xFF) })
    }
    try device.encode(primitive, inputs: operands, outputs: results)
    try device.synchronize()
    return try results.map(download)
  }

  /// The usual case: one float output.
  func run(
    _ primitive: Primitive, _ inputs: [HostArray], scalars: [Operand] = [], output: Shape
  ) throws -> [Float] {
    try run(primitive, inputs, scalars: scalars, outputs: [(output, .float32)])[0].values()
  }

  func upload(_ array: HostArray) throws -> Operand {
    let buffer = try device.allocate(byteCount: array.shape.count * array.dtype.byteCount)
    try array.withUnsafeBytes { try device.upload($0, to: buffer, at: 0) }
    return Operand(buffer, shape: array.shape, dtype: array.dtype)
  }

  func download(_ operand: Operand) throws -> HostArray {
    try HostArray(shape: operand.shape, dtype: operand.dtype) { bytes in
      try device.download(operand.buffer!, at: operand.byteOffset, into: bytes)
    }
  }
}

/// Element by element: |actual - expected| <= absolute + relative * |expected|. Reports the first that is off.
func expectClose(
  _ actual: [Float], _ expected: [Double], relative: Double, absolute: Double, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  if let index = firstDifference(actual, expected, relative: relative, absolute: absolute) {
    Issue.record(
      "\(what) element \(index): \(actual[index]) instead of \(expected[index])",
      sourceLocation: sourceLocation)
  }
}

/// The first element that is further from the expected one than tolerated; NaN is far from everything.
func firstDifference(_ actual: [Float], _ expected: [Double], relative: Double, absolute: Double) -> Int? {
  zip(actual, expected).enumerated().first { _, pair in
    !(Swift.abs(Double(pair.0) - pair.1) <= absolute + relative * Swift.abs(pair.1))
  }?.offset
}

/// One and two threads must give the same bits on each instruction set.
func expectSameBits(
  threadsOf primitive: Primitive, _ inputs: [HostArray], output: Shape,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for pair in stride(from: 0, to: Devices.all.count, by: 2) {
    let one = try Devices.all[pair].run(primitive, inputs, output: output)
    let two = try Devices.all[pair + 1].run(primitive, inputs, output: output)
    #expect(
      one.map(\.bitPattern) == two.map(\.bitPattern), "\(Devices.all[pair].testDescription)",
      sourceLocation: sourceLocation)
    #expect(one.allSatisfy { $0.isFinite }, sourceLocation: sourceLocation)
  }
}
