import MartletLayers

/// A rule that moves parameters along their gradients.
public protocol Optimizer: AnyObject {
  /// The size of the steps, which may be changed between them.
  var learningRate: Float { get set }
  /// Steps taken so far.
  var steps: Int { get }

  /// Changes the parameters that have gradients by one step.
  ///
  /// - Throws: `DeviceError`.
  func update(_ model: any Layer, along gradients: Gradients) throws

  /// All that the next steps depend on besides the settings.
  func state() throws -> [String: HostArray]
  /// Takes over what `state()` gave, for a model of the same parameters.
  func restore(_ state: [String: HostArray], for model: any Layer) throws
}

/// A rule that is one elementwise program over parameters, gradients and moments, run once for each stretch of memory
/// in which they lie one after another: for a whole model, that is once.
struct UpdateRule {
  /// Registers: parameter, gradient, the moments, then the numbers. Results: parameter, the moments.
  let program: ElementwiseProgram
  let moments: Int
}

/// The moments of an optimizer, by parameter.
final class Moments {
  private var storages: [ObjectIdentifier: [Storage]] = [:]
  /// Keeps the parameters, so that their identities stay theirs.
  private var parameters: [Parameter] = []

  /// Runs a rule for every gradient.
  func apply(_ rule: UpdateRule, along gradients: Gradients, numbers: [Float]) throws {
    try prepare(gradients.entries.map(\.parameter), count: rule.moments)
    var run: [Storage] = []
    for entry in gradients.entries {
      let parameter = entry.parameter.cell!.storage
      let next = [parameter, entry.gradient.storage] + storages[ObjectIdentifier(entry.parameter)]!
      if let joined = Self.joined(run, next) {
        run = joined
      } else {
        try encode(rule, run, numbers)
        run = next
      }
    }
    try encode(rule, run, numbers)
  }

  func state(steps: Int) throws -> [String: HostArray] {
    var state = ["steps": HostArray([Int32(steps)])]
    for parameter in parameters {
      for (index, storage) in storages[ObjectIdentifier(parameter)]!.enumerated() {
        state["\(index).\(parameter.name)"] = try storage.download(shape: parameter.shape!, dtype: .float32)
      }
    }
    return state
  }

  func restore(_ state: [String: HostArray], for model: any Layer, count: Int) throws -> Int {
    let known = model.parameters.map(\.parameter).filter { state["0.\($0.name)"] != nil }
    try prepare(known, count: count)
    for parameter in known {
      for (index, storage) in storages[ObjectIdentifier(parameter)]!.enumerated() {
        try state["\(index).\(parameter.name)"]!.withUnsafeBytes {
          try storage.device.upload($0, to: storage.buffer, at: storage.byteOffset)
        }
      }
    }
    return Int(state["steps"]!.values(as: Int32.self)[0])
  }

  private func encode(_ rule: UpdateRule, _ run: [Storage], _ numbers: [Float]) throws {
    guard let parameter = run.first else { return }
    let operands = run.map { $0.operand(shape: [parameter.byteCount / 4], dtype: .float32) }
    try parameter.device.encode(
      .elementwise(rule.program), inputs: operands + numbers.map { Operand.scalar($0) },
      outputs: [operands[0]] + operands[2...])
  }

  /// Both runs in one, where the second lies right behind the first in every one of its arrays.
  private static func joined(_ run: [Storage], _ next: [Storage]) -> [Storage]? {
    guard run.count == next.count else { return nil }
    for (a, b) in zip(run, next) where a.buffer !== b.buffer || a.byteOffset + a.byteCount != b.byteOffset {
      return nil
    }
    return zip(run, next).map {
      Storage(
        device: $0.device, buffer: $0.buffer, byteOffset: $0.byteOffset,
        byteCount: $0.byteCount + $1.byteCount)
    }
  }

  /// Zeros for the parameters that have no moments yet, in one piece for each moment.
  private func prepare(_ wanted: [Parameter], count: Int) throws {
    let fresh = wanted.filter { storages[ObjectIdentifier($0)] == nil }
    guard let device = fresh.first?.cell?.storage.device else { return }
    let arenas = try (0..<count).map { _ in
      let arena = try ParameterArena(device: device, shapes: fresh.map { $0.shape! })
      let whole = arena.storage.operand(shape: [arena.storage.byteCount / 4], dtype: .float32)
      try device.encode(.fill, inputs: [.scalar(Float(0))], outputs: [whole])
      return arena
    }
    for (index, parameter) in fresh.enumerated() {
      storages[ObjectIdentifier(parameter)] = arenas.map { $0.storage(of: index) }
      parameters.append(parameter)
    }
  }
}
