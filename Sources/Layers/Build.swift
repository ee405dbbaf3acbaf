extension Layer {
  /// Fixes every shape by a dry run for inputs of a shape (without the batch axis), throws every mismatch before
  /// anything is allocated, then makes the initial values. What has a value keeps it.
  ///
  /// - Throws: `ShapeError` for the first shape that does not fit, with the layer's name; `DeviceError`.
  public func build(input: Shape) throws { try build(inputShape: Shape([1] + input.sizes)) }

  @discardableResult
  func build(inputShape: Shape) throws -> BuildSession {
    let structure = ModelStructure.refresh(self)
    let session = try BuildSession(structure).dryRun(self, inputShape: inputShape)
    try session.allocate()
    return session
  }

  /// The output's shape (without the batch axis) for inputs of a shape, without allocating anything.
  public func outputShape(for input: Shape) throws -> Shape {
    let session = try BuildSession(ModelStructure.refresh(self)).dryRun(
      self, inputShape: Shape([1] + input.sizes))
    return session.outputShape.removing(axis: 0)
  }
}

/// One dry run: the shapes that parameters get, and the calls that layers make.
final class BuildSession: @unchecked Sendable {
  /// A layer's call in the dry run.
  struct Call {
    var layer: any Layer
    var path: String
    var output: Shape
    var records: Range<Int>
    var innerCalls: Int
    var outputRecord: Int?
  }

  let structure: ModelStructure
  private(set) var trace: Trace?
  private(set) var calls: [Call] = []
  private(set) var outputShape: Shape = []
  private var shapes: [ObjectIdentifier: Shape] = [:]
  private var readings: [ObjectIdentifier: Tensor] = [:]
  private var unknown: [String] = []
  private var openCalls: [Int] = []

  init(_ structure: ModelStructure) { self.structure = structure }

  func dryRun(_ model: any Layer, inputShape: Shape) throws -> BuildSession {
    let trace = Trace(device: Context.current.device, isDry: true)
    self.trace = trace
    var context = ModelContext.current
    context.structure = structure
    context.build = self
    context.capture = nil
    // The keys that a dry run draws are not missed later: a model gives the same numbers built before or by its call.
    withContext(random: RandomState(seed: 0)) {
      Scope.enter(trace) {
        context.run {
          outputShape = model(trace.placeholder(shape: inputShape, dtype: .float32)).shape
        }
      }
    }
    if let failure = trace.failure { throw failure }
    guard unknown.isEmpty else {
      throw ShapeError(
        "parameters were used that the model's stored properties do not hold: \(unknown.joined(separator: ", ")); "
          + "keep them, or the layers that own them, in stored properties")
    }
    return self
  }

  /// The value-less reading of a parameter or state: the first one fixes its shape.
  func read(_ variable: Variable, _ expected: Shape, in trace: Trace, file: StaticString, line: Int) -> Tensor
  {
    if !structure.contains(variable) {
      unknown.append("\(variable.name.isEmpty ? "a parameter" : variable.name) of \(expected)")
    }
    let key = ObjectIdentifier(variable)
    if let reading = readings[key], reading.shape == expected { return reading }
    let shape = shapes[key] ?? variable.shape ?? expected
    shapes[key] = shape
    let reading = trace.placeholder(shape: expected, dtype: .float32)
    readings[key] = reading
    guard shape == expected else {
      return reading.failing(
        "\(variable.name) is \(shape), and this input asks for \(expected)", file: file, line: line)
    }
    return reading
  }

  /// The shape of a parameter or state in this run.
  func shape(of variable: Variable) -> Shape { shapes[ObjectIdentifier(variable)] ?? variable.shape ?? [0] }

  func begin() -> Int {
    openCalls.append(0)
    return openCalls.count
  }

  func end(_ call: Int, layer: any Layer, path: String, output: Tensor, records: Range<Int>) {
    let inner = openCalls.removeLast()
    if !openCalls.isEmpty { openCalls[openCalls.count - 1] += 1 }
    calls.append(
      Call(
        layer: layer, path: path, output: output.shape, records: records, innerCalls: inner,
        outputRecord: output.recordIndex))
  }
}

// MARK: - Values

extension BuildSession {
  /// Makes the parameters that have no value yet in one arena, and the states.
  func allocate() throws {
    let device = Context.current.device
    let fresh = structure.parameters.filter { $0.cell == nil }
    if let lost = fresh.first(where: { shapes[ObjectIdentifier($0)] == nil }) {
      throw ShapeError("\(lost.name) was not used when the model ran, so its shape is unknown")
    }
    if !fresh.isEmpty {
      let arena = try ParameterArena(
        device: device, shapes: fresh.map { shapes[ObjectIdentifier($0)]! })
      try initialize(fresh, in: arena)
      for (index, parameter) in fresh.enumerated() {
        parameter.shape = arena.shapes[index]
        parameter.cell = Cell(
          shape: arena.shapes[index], dtype: .float32, storage: arena.storage(of: index), isPinned: true)
      }
    }
    outsideScopes {
      for state in structure.states where state.cell == nil {
        let shape = shapes[ObjectIdentifier(state)] ?? []
        state.shape = shape
        state.cell = Cell(
          shape: shape, dtype: .float32, storage: Tensor.full(shape, state.initialValue).storage)
      }
    }
  }

  /// Runs a closure as if no scope was open: initial values belong to none.
  private func outsideScopes<R>(_ body: () throws -> R) rethrows -> R {
    var context = Context.current
    context.trace = nil
    return try context.run(body)
  }

  private func initialize(_ parameters: [Parameter], in arena: ParameterArena) throws {
    let seed = Context.current.random.seed
    try outsideScopes {
      _ = try Scope.run(
        destinations: { (values: [Tensor], place) in
          for (index, value) in values.enumerated() { place(value, arena.storage(of: index)) }
        }
      ) { _ in
        parameters.enumerated().map { index, parameter in
          parameter.initializer.value(
            arena.shapes[index], key: Initializer.key(seed: seed, path: parameter.name))
        }
      }
    }
  }
}

/// The memory of a model's parameters, one after another without gaps, so that an optimizer's step is one pass.
package final class ParameterArena {
  package let shapes: [Shape]
  package let storage: Storage
  private let offsets: [Int]

  package init(device: any Device, shapes: [Shape]) throws {
    var offset = 0
    offsets = shapes.map { shape in
      defer { offset += shape.count * 4 }
      return offset
    }
    self.shapes = shapes
    storage = try Storage(device: device, buffer: device.allocate(byteCount: offset), byteCount: offset)
  }

  package func storage(of index: Int) -> Storage {
    storage.slice(offsets[index]..<offsets[index] + shapes[index].count * 4)
  }
}
