import MartletCore

extension Encoder {
  /// Rows of channels in fixed chunks: rows, channels, rows of a chunk, chunks.
  private struct Rows {
    let numbers: [Int]
    let channels: Int
    let chunks: Int

    init(_ shape: Shape) {
      channels = max(1, shape[-1])
      let count = shape.count / channels
      // Sums of a chunk stay short, and so does the list of chunks.
      let perChunk = max(64, (count + 1023) / 1024)
      chunks = (count + perChunk - 1) / perChunk
      numbers = [count, channels, perChunk, chunks]
    }
  }

  func batchNormalization(_ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]) throws {
    let (x, y) = (inputs[0], outputs[0])
    guard x.shape.count > 0 else { return }
    let rows = Rows(x.shape)
    let partial = try scratch(3 * rows.chunks * rows.channels)
    let factors = try scratch(3 * rows.channels)
    try run(
      "moments", of: "batchnormalization", [.array(x), .array(partial), .ints(rows.numbers)],
      items: rows.chunks * rows.channels)
    try run(
      "mergeMoments", of: "batchnormalization",
      [partial, inputs[1], inputs[2], outputs[1], outputs[2], factors, outputs.last!].map { .array($0) } + [
        .ints(rows.numbers), .word(inputs[inputs.count - 1].floatBits), .int(outputs.count > 3 ? 1 : 0),
      ], items: rows.channels)
    try run(
      "normalizeRows", of: "batchnormalization",
      [x, factors, epilogue.hasResidual ? inputs[3] : x, y].map { .array($0) } + [
        .int(x.shape.count), .int(rows.channels), .int(epilogue.hasResidual ? 1 : 0),
        .int(epilogue.activation == .relu ? 1 : 0),
      ], items: x.shape.count)
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
    let rows = Rows(x.shape)
    let partial = try scratch(2 * rows.chunks * rows.channels)
    let factors = try scratch(4 * rows.channels)
    try run(
      "gradientSums", of: "batchnormalization",
      [dy, x, inputs[2], mean, inputs[4], shift, partial].map { .array($0) } + [
        .ints(rows.numbers), epsilon, rectified,
      ], items: rows.chunks * rows.channels)
    try run(
      "mergeGradients", of: "batchnormalization",
      [partial, inputs[2], inputs[4], outputs[1], outputs[2], factors].map { .array($0) } + [
        .ints(rows.numbers), epsilon,
      ], items: rows.channels)
    try run(
      "normalizeBackward", of: "batchnormalization",
      [dy, x, mean, shift, factors, outputs[0]].map { .array($0) } + [
        .int(x.shape.count), .int(rows.channels), rectified,
      ], items: x.shape.count)
  }
}

extension Operand {
  /// A scalar as the bits of a Float.
  var floatBits: UInt32 { dtype == .float32 ? word : Float(Int32(bitPattern: word)).bitPattern }
}
