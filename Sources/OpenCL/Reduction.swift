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

  /// Elements of one type, float32 or int32, along one axis; in several steps where it is long.
  func reduce(
    _ kind: Reduction.Kind, _ x: Operand, _ y: Operand, outer: Int, length: Int, inner: Int
  ) throws {
    let chunks = Chunks(outer: outer, length: length, inner: inner, of: shape)
    let target = chunks.count == 1 ? y : try scratch(outer * chunks.count * inner, x.dtype)
    let items = target.shape.count / chunks.share
    try run(
      "reduce", of: "reduction", macros: chunks.macros + Self.macros(kind, x.dtype),
      [.array(x), .array(target)]
        + [items, length, inner, chunks.count, chunks.start, chunks.step, chunks.rounds].map { .int($0) },
      items: items, group: shape.group)
    if chunks.count > 1 { try reduce(kind, target, y, outer: outer, length: chunks.count, inner: inner) }
  }

  private static func macros(_ kind: Reduction.Kind, _ dtype: DType) -> [String] {
    let isFloat = dtype == .float32
    // Sums and products of whole numbers wrap around.
    let type = isFloat ? "float" : kind == .sum || kind == .product ? "uint" : "int"
    let ends = isFloat ? ("-INFINITY", "INFINITY") : ("INT_MIN", "INT_MAX")
    return ["T=\(type)", "LOWEST=\(ends.0)", "HIGHEST=\(ends.1)", "KIND=\(kind.rawValue)"]
  }

  /// A copy of an array in another type.
  private func converted(_ x: Operand, to dtype: DType) throws -> Operand {
    var copy = try scratch(x.shape.count, dtype)
    copy.shape = x.shape
    try elementwise(.single(.identity, isInteger: dtype == .int32), inputs: [x], outputs: [copy])
    return copy
  }
}

/// How an axis is cut into chunks: chunk j begins at j * start, and takes every step-th element, so many rounds.
private struct Chunks {
  let count: Int
  let start: Int
  let step: Int
  let rounds: Int
  /// Results of an item.
  let share: Int
  let macros: [String]

  init(outer: Int, length: Int, inner: Int, of shape: TileShape) {
    if shape.isForCPUs {
      // Few elements along the axis leave no vector full.
      let isAlong = inner == 1 && length >= 64
      let strip = Strip(inner, of: shape)
      // An element of a vector adds up 64 numbers, or twice as many if that ends it: long sums lose digits.
      let whole = isAlong ? 1024 : 64
      rounds = max(1, length <= 2 * whole ? length : whole)
      count = max(1, (length + rounds - 1) / rounds)
      (start, step) = (rounds, 1)
      share = isAlong ? 1 : strip.width * strip.vectors
      macros =
        isAlong
        ? ["VW=16", "VECTORS=1", "ALONG=1"] : ["VW=\(strip.width)", "VECTORS=\(strip.vectors)", "ALONG=0"]
    } else {
      // Neighbours read neighbours; in several steps where nothing else is there to be shared out.
      let isShort = length <= 128 || outer * inner >= 1 << 14 && length <= 1024
      count = isShort ? 1 : (length + 63) / 64
      (start, step) = (1, count)
      rounds = (length + count - 1) / count
      share = 1
      macros = ["VW=1", "VECTORS=1", "ALONG=0"]
    }
  }
}
