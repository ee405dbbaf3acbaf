extension Tensor {
  /// The result of one primitive with one output: recorded in the open scope, or computed at once.
  static func record(
    _ primitive: Primitive, _ operands: [Tensor], shape: Shape, dtype: DType = .float32,
    site: Site = .unknown
  ) -> Tensor {
    record(Recipe.of(primitive), operands, shape: shape, dtype: dtype, site: site)
  }

  static func record(
    _ recipe: Recipe, _ operands: [Tensor], shape: Shape, dtype: DType = .float32, site: Site = .unknown
  ) -> Tensor {
    if let stranger = recipe.primitive.firstWithoutFloats(operands) {
      let failed = failForType(recipe.primitive, stranger, operands, site: site)
      return Tensor(failed.payload, shape: shape, dtype: dtype)
    }
    guard let trace = openTrace(operands) else {
      return compute(recipe.primitive, operands, outputs: [(shape, dtype)])[0]
    }
    if trace.hasFailed(operands) { return trace.failed(shape, dtype) }
    let index = trace.record(recipe, operands, shape: shape, dtype: dtype, site: site)
    trace.runIfImmediate(index)
    return Tensor(.traced(trace, index), shape: shape, dtype: dtype)
  }

  /// The results of one primitive.
  static func record(
    _ primitive: Primitive, _ operands: [Tensor], outputs: [(shape: Shape, dtype: DType)],
    site: Site = .unknown
  ) -> [Tensor] {
    record(Recipe.of(primitive), operands, outputs: outputs, site: site)
  }

  static func record(
    _ recipe: Recipe, _ operands: [Tensor], outputs: [(shape: Shape, dtype: DType)], site: Site = .unknown
  ) -> [Tensor] {
    if let stranger = recipe.primitive.firstWithoutFloats(operands) {
      let failed = failForType(recipe.primitive, stranger, operands, site: site)
      return outputs.map { Tensor(failed.payload, shape: $0.shape, dtype: $0.dtype) }
    }
    guard let trace = openTrace(operands) else {
      return compute(recipe.primitive, operands, outputs: outputs)
    }
    if trace.hasFailed(operands) { return outputs.map { trace.failed($0.shape, $0.dtype) } }
    let (shape, dtype) = outputs[0]
    let first = trace.record(recipe, operands, shape: shape, dtype: dtype, site: site)
    for part in 1..<Swift.max(1, outputs.count) {
      trace.append(
        .part(part), operands: CollectionOfOne(first), shape: outputs[part].shape,
        dtype: outputs[part].dtype, site: site)
    }
    trace.runIfImmediate(first)
    return outputs.enumerated().map { part, output in
      Tensor(.traced(trace, first + Int32(part)), shape: output.shape, dtype: output.dtype)
    }
  }

  private static func failForType(
    _ primitive: Primitive, _ stranger: Tensor, _ operands: [Tensor], site: Site
  ) -> Tensor {
    fail(
      "\(primitive.name) needs float32 elements; received \(stranger.dtype). Cast them with cast(to: .float32)",
      operands, site: site)
  }

  /// The open scope that operands belong to, or that is open around the caller.
  static func openTrace(_ operands: [Tensor]) -> Trace? {
    for position in operands.indices {
      if case .traced(let trace, let index) = operands[position].payload {
        trace.checkOpen(index)
        return trace
      }
    }
    return Context.trace
  }

  /// Whether this stands for a result that could not be made.
  var isFailed: Bool {
    if case .traced(_, -1) = payload { return true }
    return false
  }

  /// A shape that does not fit: the scope remembers the message and throws it at its end; outside a scope it is a
  /// programmer's error and traps.
  static func fail(
    _ message: @autoclosure () -> String, _ operands: [Tensor], site: Site, shape: Shape? = nil
  ) -> Tensor {
    let like = shape ?? operands.first?.shape ?? []
    let dtype = operands.first?.dtype ?? .float32
    guard let trace = openTrace(operands) else {
      preconditionFailure(ShapeError(message(), site: site.text).description)
    }
    if !operands.contains(where: \.isFailed) { trace.fail(message(), site: site) }
    return trace.failed(like, dtype)
  }

  /// The same elements under another shape.
  func viewed(as shape: Shape, site: Site = .unknown) -> Tensor {
    alias(.reshape, shape: shape, site: site)
  }

  func alias(_ operation: Operation, shape: Shape, site: Site = .unknown) -> Tensor {
    if shape == self.shape && operation == .reshape { return self }
    if isFailed { return Tensor(payload, shape: shape, dtype: dtype) }
    guard let trace = Tensor.openTrace([self]) else {
      return Tensor(.stored(storage), shape: shape, dtype: dtype)
    }
    let operand = trace.filled(trace.position(of: self, site: site))
    return trace.tensor(
      Int(
        trace.append(operation, operands: CollectionOfOne(operand), shape: shape, dtype: dtype, site: site)))
  }

  /// Runs a primitive at once, outside every scope.
  private static func compute(
    _ primitive: Primitive, _ operands: [Tensor], outputs: [(shape: Shape, dtype: DType)]
  ) -> [Tensor] {
    let device = operands.lazy.compactMap(\.home).first ?? Context.current.device
    do {
      let inputs = operands.map { operand in
        if let home = operand.home {
          precondition(
            home === device,
            "a tensor on \(device.name) met one on \(home.name); move one of them with copied(to:)")
        }
        return operand
      }.enumerated().map { index, operand in
        operand.operand(byValue: primitive.takesNumber(at: index, of: operands.count))
      }
      let results = try outputs.map { try Storage(on: device, shape: $0.shape, dtype: $0.dtype) }
      try device.encode(
        primitive, inputs: inputs,
        outputs: zip(results, outputs).map { $0.operand(shape: $1.shape, dtype: $1.dtype) })
      return zip(results, outputs).map { Tensor(.stored($0), shape: $1.shape, dtype: $1.dtype) }
    } catch {
      fatalError("\(error)")
    }
  }

  private var home: (any Device)? {
    if case .stored(let storage) = payload { return storage.device }
    return nil
  }

  /// What a device gets: numbers by value where the primitive takes them so.
  private func operand(byValue: Bool) -> Operand {
    if case .number(let word) = payload, byValue { return Operand(scalar: word, dtype: dtype) }
    return storage.operand(shape: shape, dtype: dtype)
  }
}

extension Primitive {
  /// The first operand that must be float32 and is not.
  fileprivate func firstWithoutFloats(_ operands: [Tensor]) -> Tensor? {
    let position = operands.indices.first {
      operands[$0].dtype != .float32 && needsFloats(at: $0) && !operands[$0].isFailed
    }
    return position.map { operands[$0] }
  }

  /// Whether an operand must be float32.
  fileprivate func needsFloats(at index: Int) -> Bool {
    switch self {
    case .gemm, .convolution, .resampling, .batchNormalization, .batchNormalizationBackward: true
    case .pooling, .softmax, .softmaxCrossEntropy, .topK: index == 0
    case .softmaxCrossEntropyBackward: index != 1
    case .elementwise, .reduction, .gather, .scatterAdd, .copy, .fill, .random: false
    }
  }

  /// Whether an operand may be a number by value instead of an array.
  func takesNumber(at index: Int, of count: Int) -> Bool {
    switch self {
    case .elementwise, .fill, .random: true
    case .batchNormalization, .batchNormalizationBackward, .copy: index == count - 1
    case .reduction, .gemm, .convolution, .pooling, .resampling, .softmax, .softmaxCrossEntropy,
      .softmaxCrossEntropyBackward, .gather, .scatterAdd, .topK:
      false
    }
  }
}

extension Trace {
  /// Whether an operand stands for a result that could not be made: then the trace has failed.
  func hasFailed(_ operands: [Tensor]) -> Bool { failure != nil && operands.contains(where: \.isFailed) }

  func failed(_ shape: Shape, _ dtype: DType) -> Tensor {
    Tensor(.traced(self, -1), shape: shape, dtype: dtype)
  }

  /// Appends a primitive with its operands; parts may follow, and then `runIfImmediate`.
  fileprivate func record(
    _ recipe: Recipe, _ operands: [Tensor], shape: Shape, dtype: DType, site: Site
  ) -> Int32 {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: operands.count) { positions in
      for index in operands.indices {
        let position = position(of: operands[index], site: site)
        let isNumber = recipe.primitive.takesNumber(at: index, of: operands.count)
        positions.initializeElement(at: index, to: isNumber ? position : filled(position))
      }
      return append(.primitive(recipe), operands: positions, shape: shape, dtype: dtype, site: site)
    }
  }

  func runIfImmediate(_ index: Int32) {
    if isImmediate && !isDry { runNow(Int(index)) }
  }

  /// An array in place of a number.
  func filled(_ position: Int32) -> Int32 {
    guard list.records[Int(position)].operation.isNumber else { return position }
    let record = list.records[Int(position)]
    let index = append(
      .primitive(Recipe.fill), operands: CollectionOfOne(position), shape: record.shape, dtype: record.dtype,
      site: record.site)
    runIfImmediate(index)
    return index
  }
}

extension Tensor {
  /// Marks the open scope as failed with a message, or traps outside one; a value-less tensor of this shape.
  package func failing(_ message: String, file: StaticString, line: Int) -> Tensor {
    Tensor.fail(message, [self], site: Site(file: file, line: line))
  }

  /// The same for an error that already knows its place.
  package func failing(_ error: ShapeError) -> Tensor {
    guard let trace = Tensor.openTrace([self]) else { preconditionFailure("\(error)") }
    if !isFailed { trace.fail(error) }
    return trace.failed(shape, dtype)
  }

  /// The position of a traced tensor's record.
  package var recordIndex: Int? {
    guard case .traced(_, let index) = payload, index >= 0 else { return nil }
    return Int(index)
  }
}
