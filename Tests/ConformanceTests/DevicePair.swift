import MartletCPU
import MartletCore
import MartletDefinitions
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

/// Every pair of devices against the definition.
func expectDefined(_ trial: Trial, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let expected = trial.expected
  for pair in DevicePair.all {
    let results = try trial.results(on: pair.one.device)
    #expect(
      try trial.results(on: pair.two.device) == results, "bits differ on \(pair.testDescription)",
      sourceLocation: sourceLocation)
    if let complaint = trial.compare(results, expected).complaint {
      Issue.record(
        "\(trial.primitive.kind) of \(trial) on \(pair.testDescription): \(complaint)",
        sourceLocation: sourceLocation)
    }
  }
}
