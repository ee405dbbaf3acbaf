import MartletCore

extension Encoder {
  /// Rows of channels in fixed chunks, and how they are shared out.
  private struct Rows {
    let channels: Int
    let chunks: Int
    let macros: [String]
    /// Items of a sum over chunks, of what follows it, and of each element for itself; the items of a group.
    let summing: Int
    let merging: Int
    let mapping: Int
    let group: Int
    /// Rows, channels, rows of a chunk, chunks.
    let numbers: Encoder.Argument
    /// Items, rows and channels.
    let elements: [Encoder.Argument]

    init(_ x: Shape, of shape: TileShape) {
      channels = max(1, x[-1])
      let count = x.count / channels
      let strip = Strip(channels, of: shape)
      // Sums of a chunk stay short, and so does the list of chunks.
      let perChunk = max(64, (count + 1023) / 1024)
      chunks = (count + perChunk - 1) / perChunk
      macros = strip.macros + ["SHARE=\(shape.isForCPUs ? "channels" : "1")"]
      merging = channels / strip.width
      summing = chunks * (merging / strip.vectors)
      mapping = shape.isForCPUs ? (count + strip.places - 1) / strip.places : x.count
      group = shape.group
      numbers = .ints([count, channels, perChunk, chunks])
      elements = [.int(mapping), .int(count), .int(channels)]
    }
  }

  private func run(_ name: String, _ rows: Rows, _ arguments: [Argument], items: Int) throws {
    try run(
      name, of: "batchnormalization", macros: rows.macros, arguments, items: items, group: rows.group)
  }

  func batchNormalization(_ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]) throws {
    let (x, y) = (inputs[0], outputs[0])
    guard x.shape.count > 0 else { return }
    let rows = Rows(x.shape, of: shape)
    let partial = try scratch(3 * rows.chunks * rows.channels)
    let factors = try scratch(3 * rows.channels)
    try run(
      "moments", rows, [.array(x), .array(partial), .int(rows.summing), rows.numbers], items: rows.summing)
    try run(
      "mergeMoments", rows,
      [partial, inputs[1], inputs[2], outputs[1], outputs[2], factors, outputs.last!].map { .array($0) } + [
        rows.numbers, .word(inputs[inputs.count - 1].floatBits), .int(outputs.count > 3 ? 1 : 0),
      ], items: rows.merging)
    try run(
      "normalizeRows", rows,
      [x, factors, epilogue.hasResidual ? inputs[3] : x, y].map { .array($0) } + rows.elements + [
        .int(epilogue.hasResidual ? 1 : 0), .int(epilogue.activation == .relu ? 1 : 0),
      ], items: rows.mapping)
  }

  func batchNormalizationBackward(isRectified: Bool, inputs: [Operand], outputs: [Operand]) throws {
    let (dy, x, mean) = (inputs[0], inputs[1], inputs[3])
    let shift = isRectified ? inputs[5] : mean
    let epsilon = Argument.word(inputs[inputs.count - 1].floatBits)
    let rectified = Argument.int(isRectified ? 1 : 0)
    guard x.shape.count > 0 else {
      for output in outputs.dropFirst() { try fill(number: .scalar(0 as Float), y: output) }
      return
    }
    let rows = Rows(x.shape, of: shape)
    let partial = try scratch(2 * rows.chunks * rows.channels)
    let factors = try scratch(4 * rows.channels)
    try run(
      "gradientSums", rows,
      [dy, x, inputs[2], mean, inputs[4], shift, partial].map { .array($0) } + [
        .int(rows.summing), rows.numbers, epsilon, rectified,
      ], items: rows.summing)
    try run(
      "mergeGradients", rows,
      [partial, inputs[2], inputs[4], outputs[1], outputs[2], factors].map { .array($0) } + [
        rows.numbers, epsilon,
      ], items: rows.merging)
    try run(
      "normalizeBackward", rows,
      [dy, x, mean, shift, factors, outputs[0]].map { .array($0) } + rows.elements + [rectified],
      items: rows.mapping)
  }
}

extension Operand {
  /// A scalar as the bits of a Float.
  var floatBits: UInt32 { dtype == .float32 ? word : Float(Int32(bitPattern: word)).bitPattern }
}
