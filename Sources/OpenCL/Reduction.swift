import MartletCore

extension Encoder {
  /// What a program makes is stored first.
  func reduction(
    _ reduction: Reduction, of program: ElementwiseProgram?, inputs: [Operand], y: Operand
  ) throws {
    guard let program, y.shape.count > 0 else { return try self.reduction(reduction, x: inputs[0], y: y) }
    let shape = inputs.map(\.shape).max { $0.count < $1.count } ?? []
    var x = try scratch(shape.count, program.isInteger ? .int32 : .float32)
    x.shape = shape
    try elementwise(program, inputs: inputs, outputs: [x])
    try self.reduction(reduction, x: x, y: y)
  }

  func reduction(_ reduction: Reduction, x: Operand, y: Operand) throws {
    let count = y.shape.count
    guard count > 0 else { return }
    let isPlace = reduction.kind == .argMinimum || reduction.kind == .argMaximum
    let isInteger = x.dtype != .float32 && (y.dtype != .float32 || isPlace)
    let native: DType = isInteger ? .int32 : .float32
    let source = x.dtype == native ? x : try converted(x, to: native)
    let target = y.dtype == (isPlace ? .int32 : native) ? y : try scratch(count, isPlace ? .int32 : native)
    if isPlace {
      try run(
        "place", of: "reduction", macros: Self.macros(reduction.kind, native),
        [
          .array(source), .array(target), .int(count), .int(reduction.length), .int(reduction.inner),
        ], items: count)
    } else {
      try reduce(
        reduction.kind, source, target, outer: reduction.outer, length: reduction.length,
        inner: reduction.inner)
    }
    if target.dtype != y.dtype {
      try elementwise(
        .single(.identity, isInteger: target.dtype == .int32), inputs: [target], outputs: [y])
    }
  }

  /// Elements of one type, float32 or int32, along one axis; in several steps where it is long, or nothing else is there
  /// to be shared out.
  func reduce(
    _ kind: Reduction.Kind, _ x: Operand, _ y: Operand, outer: Int, length: Int, inner: Int
  ) throws {
    let isShort = length <= 128 || outer * inner >= 1 << 14 && length <= 1024
    let chunks = isShort ? 1 : (length + 63) / 64
    let count = outer * chunks * inner
    let target = chunks == 1 ? y : try scratch(count, x.dtype)
    try run(
      "reduce", of: "reduction", macros: Self.macros(kind, x.dtype),
      [.array(x), .array(target), .int(count), .int(length), .int(inner), .int(chunks)], items: count)
    if chunks > 1 { try reduce(kind, target, y, outer: outer, length: chunks, inner: inner) }
  }

  private static func macros(_ kind: Reduction.Kind, _ dtype: DType) -> [String] {
    let types =
      dtype == .float32
      ? ["T=float", "W=float", "LOWEST=-INFINITY", "HIGHEST=INFINITY"]
      : ["T=int", "W=uint", "LOWEST=INT_MIN", "HIGHEST=INT_MAX"]
    return types + ["KIND=\(kind.rawValue)"]
  }

  /// A copy of an array in another type.
  private func converted(_ x: Operand, to dtype: DType) throws -> Operand {
    var copy = try scratch(x.shape.count, dtype)
    copy.shape = x.shape
    try elementwise(.single(.identity, isInteger: dtype == .int32), inputs: [x], outputs: [copy])
    return copy
  }
}
