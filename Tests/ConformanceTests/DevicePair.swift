import Glibc
import MartletCPU
import MartletCore
import Testing

/// One instruction set with one thread and with two, which must give the same bits.
struct DevicePair: Sendable, CustomTestStringConvertible {
  let one: TestDevice
  let two: TestDevice
  let testDescription: String

  static let all: [DevicePair] = stride(from: 0, to: Devices.all.count, by: 2).map { index in
    let name = Devices.all[index].testDescription
    return DevicePair(one: Devices.all[index], two: Devices.all[index + 1], testDescription: name)
  }

  func run(
    _ primitive: Primitive, _ inputs: [HostArray], scalars: [Operand] = [], outputs: [(Shape, DType)],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [HostArray] {
    let first = try one.run(primitive, inputs, scalars: scalars, outputs: outputs)
    let second = try two.run(primitive, inputs, scalars: scalars, outputs: outputs)
    #expect(first == second, "bits differ between one thread and two", sourceLocation: sourceLocation)
    return first
  }

  func run(
    _ primitive: Primitive, _ inputs: [HostArray], scalars: [Operand] = [], output: Shape
  ) throws -> [Float] {
    try run(primitive, inputs, scalars: scalars, outputs: [(output, .float32)])[0].values()
  }
}

/// `expectClose` where NaN and infinities are expected as such, and numbers beyond float32 as infinities.
func expectMatches(
  _ actual: [Float], _ expected: [Double], relative: Double, absolute: Double = 0, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  let off = zip(actual, expected).enumerated().first { _, pair in
    let (value, wanted) = pair
    let rounded = Float(wanted)
    if rounded.isNaN { return !value.isNaN }
    if rounded.isInfinite { return value != rounded }
    return !(Swift.abs(Double(value) - wanted) <= absolute + relative * Swift.abs(wanted))
  }
  if let (index, (value, wanted)) = off {
    Issue.record("\(what) element \(index): \(value) instead of \(wanted)", sourceLocation: sourceLocation)
  }
}

extension HostArray {
  /// The elements of a float array in Double.
  var doubles: [Double] { values(as: Float.self).map(Double.init) }
}
