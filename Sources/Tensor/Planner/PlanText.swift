extension Plan {
  /// A page for people: what runs, for which layer and line, from where to where, and how many bytes move.
  ///
  ///     plan: 3 records, 2 steps, 0.1 MB moved, arena 0.0 MB
  ///       0  convolution forward + relu   layers.0 (Conv2D)  8x28x28x1 leaf 0, 3x3x1x32 leaf 1 -> 8x26x26x32 @0
  func description(layerNames: [String]) -> String {
    let moved = steps.reduce(0) { $0 + $1.byteCount }
    var lines = [
      "plan: \(list.records.count) records, \(steps.count) steps, \(Self.megabytes(moved)) moved, "
        + "arena \(Self.megabytes(arenaSize)), results \(Self.megabytes(resultSizes.reduce(0, +)))"
    ]
    for (index, step) in steps.enumerated() {
      let places = [step.inputs, step.outputs].map { $0.map(Self.text).joined(separator: ", ") }
      lines.append(
        "  \(index)  \(step.isRepeated ? "again " : "")\(step.primitive.page)  [\(origin(of: step, layerNames))]  \(places[0]) -> \(places[1])  "
          + Self.megabytes(step.byteCount))
    }
    return lines.joined(separator: "\n")
  }

  /// What is different in a trace, where this plan was the last one of its kind: the first record that differs.
  func difference(from trace: Trace) -> String {
    guard let index = list.firstDifference(from: trace.list, count: list.records.count) else {
      return "the same records, other results"
    }
    guard index < trace.count else { return "the scope ends before record \(index)" }
    let now = "record \(index) is \(trace.describe(index)) of \(trace.records[index].shape)"
    guard index < list.records.count else { return now + "; the scope ended there" }
    let before = list.records[index]
    return now + "; it was \(before.operation.name) of \(before.shape)"
  }

  /// The layers and lines that a step stands for.
  private func origin(of step: Step, _ layerNames: [String]) -> String {
    var origins: [String] = []
    for index in step.records {
      let record = list.records[index]
      let layer = record.layer < 0 ? nil : layerNames[Int(record.layer)]
      let origin = [layer, record.site.text].compactMap { $0 }.joined(separator: " ")
      if !origin.isEmpty && !origins.contains(origin) { origins.append(origin) }
    }
    return origins.isEmpty ? "no layer" : origins.joined(separator: "; ")
  }

  private static func text(_ argument: Argument) -> String {
    switch argument.place {
    case .value(let record): "\(argument.shape) array \(record)"
    case .number(let record): "number \(record)"
    case .arena(let offset): "\(argument.shape) @\(offset)"
    case .result(let index): "\(argument.shape) result \(index)"
    }
  }

  /// `1.3 MB`.
  private static func megabytes(_ bytes: Int) -> String {
    "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
  }
}

extension Plan.Step {
  /// Bytes of all operands and results.
  var byteCount: Int {
    (inputs + outputs).reduce(0) { sum, argument in
      if case .number = argument.place { sum } else { sum + argument.byteCount }
    }
  }
}

extension Primitive {
  /// The name, with what was fused into it.
  fileprivate var page: String {
    switch self {
    case .elementwise(let program) where program.singleOpcode == nil:
      "elementwise(" + program.instructions.map { "\($0.opcode)" }.joined(separator: " ") + ")"
    case .batchNormalizationBackward(isRectified: true): name + " + mask"
    case .reduction(_, of: let program?): name + " of " + Primitive.elementwise(program).page
    case .gemm(_, let epilogue), .convolution(_, _, let epilogue), .batchNormalization(let epilogue):
      name + epilogue.page
    default: name
    }
  }
}

extension Epilogue {
  /// ` + bias + relu`.
  fileprivate var page: String {
    (hasBias ? " + bias" : "") + (hasScale ? " + scale" : "") + (hasShift ? " + shift" : "")
      + (hasResidual ? " + residual" : "")
      + (activation == .linear ? "" : " + \(activation)") + (hasMask ? " + mask" : "")
      + (hasMaxPool ? " + max pool" : "")
  }
}
