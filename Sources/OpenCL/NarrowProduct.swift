import MartletCore

// Products on CPUs that leave most of a tile empty.
extension Product {
  /// Whether lanes had better be neighbours along the inner axis: where they are that in memory, and there are few columns
  /// for the lanes, or so few rows that packing B is not worth it.
  var suitsDots: Bool {
    !isTested && lines == nil && aSteps.k == 1 && bSteps.k == 1 && depth >= 16 && (columns <= 4 || rows <= 64)
  }

  /// Whether few rows meet a matrix that leaves the caches; a convolution's rows may lie apart.
  var isSkinny: Bool {
    rowBatch == 0 && rows <= 12 && bSteps.n == 1 && depth * columns >= 1 << 20
  }
}

extension Encoder {
  /// Every result by itself, up to four columns at a time; see dots.cl.
  func dots(_ product: Product, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    let operands = [inputs[0], inputs[1], c, product.taps] + extras(epilogue, inputs, unused: c)
    let columns = max(1, min(4, product.columns))
    let rows = columns <= 2 ? 8 : 4
    try run(
      "dots", of: "dots", macros: ["VW=\(shape.vector)", "DM=\(rows)", "DN=\(columns)"],
      operands.map { .array($0) } + [.ints(product.numbers(epilogue))],
      items: [(product.rows + rows - 1) / rows, (product.columns + columns - 1) / columns, product.batch],
      group: [1, 1, 1])
  }

  /// Few rows by a large B; see skinny.cl.
  func skinny(_ product: Product, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    let chunks = (product.depth + 511) / 512
    let partial = try scratch(product.batch * chunks * product.rows * product.columns)
    let numbers = Argument.ints(product.numbers(epilogue))
    let macros = ["VW=\(shape.vector)"]
    try run(
      "skinny", of: "skinny", macros: macros, [inputs[0], inputs[1], partial].map { .array($0) } + [numbers],
      items: [(product.columns + 1023) / 1024, chunks, product.batch], group: [1, 1, 1])
    let vectors = (product.columns + shape.vector - 1) / shape.vector
    let count = vectors * product.rows * product.batch
    try run(
      "skinnySum", of: "skinny", macros: macros,
      ([partial, c] + extras(epilogue, inputs, unused: c)).map { .array($0) } + [
        .int(count), .int(chunks), numbers,
      ], items: count)
  }

  /// The results of a convolution of one channel in each row, so many vectors at a time; see planar.cl.
  func planar(_ product: Product, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    let block = TileShape.planarVectors * shape.vector
    let operands = [inputs[0], inputs[1], c, product.taps] + extras(epilogue, inputs, unused: c)
    try run(
      "planar", of: "planar", macros: ["VW=\(shape.vector)", "TV=\(TileShape.planarVectors)"],
      operands.map { .array($0) } + [.ints(product.numbers(epilogue))],
      items: [
        (product.points.width + block - 1) / block, product.rows / max(1, product.points.width),
        product.columns,
      ], group: [1, 1, 1])
  }
}
