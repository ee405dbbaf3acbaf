import MartletCore

/// The structure of the same name in product.cl: a product whose rows are points of a lattice over pictures.
struct Product {
  var rows: Int
  var columns: Int
  /// Length of a row of the source under one tap.
  var depth: Int
  /// Offsets (depth, height, width) and the place in B of each tap.
  var taps: Operand
  var tapCount: Int
  var points: Extent
  var step = Extent(repeating: 1)
  var source: Extent
  /// Pixels of its frame before the source, and its own.
  var before = Extent(repeating: 0)
  var inside: Extent
  /// How many follow each other before the next point of the lattice.
  var images = 1
  var result: Extent
  var start = Extent(repeating: 0)
  var stride = Extent(repeating: 1)
  var aSteps: (pixel: Int, k: Int, batch: Int)
  var bSteps: (k: Int, n: Int, batch: Int)
  var cSteps: (pixel: Int, batch: Int)
  /// The step of what has one number a column.
  var rowBatch = 0
  /// Matrices of the batch, or groups.
  var batch: Int
  /// Whether taps may lie outside of the source, so that every pixel has to be looked up. On GPUs all are.
  var isTested = false
  /// Columns go on in another line of the result after so many, so many numbers further; nil where all are in one. On
  /// CPUs only.
  var lines: (columns: Int, step: Int)?

  func numbers(_ epilogue: Epilogue) -> [Int] {
    let flags = [
      epilogue.hasBias, epilogue.hasScale, epilogue.hasShift, epilogue.hasResidual, epilogue.hasMask,
    ]
    let bits = flags.enumerated().reduce(0) { $0 | ($1.element ? 1 << $1.offset : 0) }
    let extents = [points, step, source, before, inside, result, start, stride].flatMap {
      [$0.depth, $0.height, $0.width]
    }
    return [rows, columns, depth, tapCount, images] + extents + [
      aSteps.pixel, aSteps.k, aSteps.batch, bSteps.k, bSteps.n, bSteps.batch, cSteps.pixel, cSteps.batch,
      rowBatch, lines?.columns ?? columns, lines?.step ?? 0, bits, Int(epilogue.activation.rawValue),
    ]
  }
}

extension Encoder {
  /// c = epilogue(op(a) · op(b)): a is a picture of height 1 with a pixel for each row.
  func gemm(_ g: GEMM, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    let row = Extent(1, 1, g.m)
    let product = Product(
      rows: g.m, columns: g.n, depth: g.k, taps: try table("one tap") { [0, 0, 0, 0] as [Int32] },
      tapCount: 1,
      points: row, source: row, inside: row, result: row,
      aSteps: (g.transposeA ? 1 : g.k, g.transposeA ? g.m : 1, g.sharesA ? 0 : g.m * g.k),
      bSteps: (g.transposeB ? 1 : g.n, g.transposeB ? g.k : 1, g.sharesB ? 0 : g.k * g.n),
      cSteps: (g.n, g.m * g.n), batch: g.batch)
    try multiply(product, epilogue, inputs: inputs, c: c)
  }

  /// Runs a product in the way that suits its shape. On CPUs all taps lie inside of the source
  /// unless it says otherwise.
  func multiply(_ product: Product, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    if !shape.isForCPUs && product.rowBatch > 0 && product.columns < 16 {
      let count = product.rows * product.columns * product.batch
      let operands = [inputs[0], inputs[1], c, product.taps] + extras(epilogue, inputs, unused: c)
      try run(
        "multiplyDirect", of: "gemm", macros: shape.macros,
        operands.map { .array($0) } + [
          .int(count), .int(product.batch), .ints(product.numbers(epilogue)),
        ], items: count)
    } else if shape.isForCPUs && product.suitsDots {
      try dots(product, epilogue, inputs: inputs, c: c)
    } else if shape.isForCPUs && product.isSkinny {
      try skinny(product, epilogue, inputs: inputs, c: c)
    } else if shape.isForCPUs {
      try panels(product, epilogue, inputs: inputs, c: c)
    } else {
      let strips = (product.columns + shape.columnsOfGroup - 1) / shape.columnsOfGroup
      let blocks = (product.rows + shape.rowsOfGroup - 1) / shape.rowsOfGroup
      let operands = [inputs[0], inputs[1], c, product.taps] + extras(epilogue, inputs, unused: c)
      try run(
        "multiply", of: "gemm", macros: shape.macros,
        operands.map { .array($0) } + [.ints(product.numbers(epilogue))],
        items: [strips * shape.itemsAcross, blocks * shape.itemsDown, product.batch],
        group: [shape.itemsAcross, shape.itemsDown, 1])
    }
  }

  private func panels(_ product: Product, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    let shape = shape.fitting(columns: product.columns)
    let strips = (product.columns + shape.columnsOfGroup - 1) / shape.columnsOfGroup
    let blocks = (product.rows + shape.rows - 1) / shape.rows
    let terms = product.tapCount * product.depth
    let numbers = Argument.ints(product.numbers(epilogue))
    // One block of rows reads B once: from where it is, if its strips are whole.
    let isPacked =
      !(blocks == 1 && product.tapCount == 1 && product.bSteps.n == 1
      && product.columns % shape.columnsOfGroup == 0)
    var b = inputs[1]
    if isPacked {
      let count = product.batch * strips * terms
      b = try scratch(count * shape.columnsOfGroup)
      try run(
        "pack", of: "panels", macros: shape.macros,
        [.array(inputs[1]), .array(b), .array(product.taps), .int(count), .int(strips), numbers], items: count
      )
    }
    // The second cache holds small panels all together, of large ones one: then all rows meet it before the next.
    let areRowsFirst = strips * terms * shape.columnsOfGroup > 1 << 16
    // Enough for an item to make its start small, and enough items for many processors.
    let tiles = max(1, min(2048 / max(1, terms), strips * blocks * product.batch / 64))
    let stripsOfItem = areRowsFirst ? 1 : min(strips, tiles)
    let blocksOfItem = tiles / stripsOfItem
    let groups = [
      (strips + stripsOfItem - 1) / stripsOfItem, (blocks + blocksOfItem - 1) / blocksOfItem,
    ]
    let zeros = product.isTested ? try zeros(product.depth) : inputs[0]
    let operands = [inputs[0], b, c, product.taps, zeros] + extras(epilogue, inputs, unused: c)
    try run(
      "multiplyPanels", of: "panels", macros: shape.macros,
      operands.map { .array($0) } + [
        .int(product.isTested ? 1 : 0), .int(isPacked ? 1 : 0), .int(areRowsFirst ? 1 : 0),
        .int(stripsOfItem), .int(blocksOfItem), numbers,
      ],
      items: (areRowsFirst ? groups.reversed() : groups) + [product.batch], group: [1, 1, 1])
  }

  /// Bias, scale, shift, residual and mask; another array stands for those that are not there.
  func extras(_ epilogue: Epilogue, _ inputs: [Operand], unused: Operand) -> [Operand] {
    var rest = inputs.dropFirst(2)
    return [
      epilogue.hasBias, epilogue.hasScale, epilogue.hasShift, epilogue.hasResidual, epilogue.hasMask,
    ].map { $0 ? rest.removeFirst() : unused }
  }
}
