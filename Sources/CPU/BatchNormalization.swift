import MartletCore
import MartletKernelTable

/// Rows of channels in fixed chunks. Narrow rows are handled several abreast, as one wide row, whose channel numbers
/// repeat.
private struct Rows {
  let count: Int
  let channels: Int
  /// Rows that stand abreast.
  let abreast: Int
  let perChunk: Int
  var chunks: Int { (count + perChunk - 1) / perChunk }
  var wide: Int { abreast * channels }

  init(_ shape: Shape, on device: CPUDevice) {
    channels = max(1, shape[-1])
    count = shape.count / channels
    abreast = device.rowsAbreast(channels)
    perChunk = max(abreast == 1 ? 128 : 1, elementsPerJob / (abreast * channels)) * abreast
  }

  /// Calls a body for the chunk's wide rows, and for the rows that are left over: first row, rows, columns.
  func each(_ chunk: Int, _ body: (_ first: Int, _ rows: Int, _ columns: Int) -> Void) {
    let first = chunk * perChunk
    let rows = min(perChunk, count - first)
    let steps = rows / abreast
    if steps > 0 { body(first, steps, wide) }
    if rows > steps * abreast { body(first + steps * abreast, rows - steps * abreast, channels) }
  }
}

extension CPUDevice {
  /// Each chunk's mean and squared deviations are taken around its own first estimate of the mean, and merged in
  /// Double (Chan, Golub, LeVeque 1983, *Algorithms for computing the sample variance*), so that a mean much larger
  /// than the deviation does no harm.
  func batchNormalization(_ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]) throws {
    let x = UnsafePointer(inputs[0].floats)
    let residual = epilogue.hasResidual ? UnsafePointer(inputs[3].floats) : nil
    let rectifies = epilogue.activation == .relu ? 1 : 0
    let y = outputs[0].floats
    let rows = Rows(inputs[0].shape, on: self)
    let channels = rows.channels
    guard rows.count > 0 else { return }
    let partial = try scratch(floats: 3 * rows.chunks * channels)
    let centers = partial.floats
    let (sums, squares) = (centers + rows.chunks * channels, centers + 2 * rows.chunks * channels)
    parallel(rows.chunks) { chunk in
      let place = chunk * channels
      statistics(x, rows, chunk, centers + place, sums + place, squares + place)
    }
    let epsilon = Double(Float(bitPattern: word(of: inputs[inputs.count - 1], isInteger: false)))
    let numbers = try scratch(floats: 3 * rows.wide)
    let (mean, scale, shift) = (numbers.floats, numbers.floats + rows.wide, numbers.floats + 2 * rows.wide)
    parallelChannels(channels) { c in
      let (center, variance) = merged(centers + c, sums + c, squares + c, rows)
      let factor = Double(inputs[1].floats[c]) * Self.inverseDeviation(Float(variance), epsilon)
      mean[c] = Float(center)
      scale[c] = Float(factor)
      // What the rounded mean leaves over is made up for here.
      shift[c] = Float(Double(inputs[2].floats[c]) - (center - Double(Float(center))) * factor)
      outputs[1].floats[c] = Float(center)
      outputs[2].floats[c] = Float(variance)
      if outputs.count > 3 { outputs[3].floats[c] = shift[c] }
    }
    for numbers in [mean, scale, shift] { Self.repeatAbreast(numbers, rows.channels, rows.abreast) }
    parallel(rows.chunks) { chunk in
      rows.each(chunk) { first, count, columns in
        let start = first * channels
        kernels.elements.normalizeRows(
          x + start, mean, scale, shift, residual.map { $0 + start }, rectifies, y + start, count, columns)
      }
    }
  }

  /// dx = gamma / sqrt(variance + epsilon) (dy - mean of dy - xhat mean of (dy xhat)), where xhat is the normalised x
  /// (Ioffe, Szegedy 2015, *Batch normalization*).
  func batchNormalizationBackward(isRectified: Bool, inputs: [Operand], outputs: [Operand]) throws {
    let dy = UnsafePointer(inputs[0].floats)
    let x = UnsafePointer(inputs[1].floats)
    let dx = outputs[0].floats
    let rows = Rows(inputs[1].shape, on: self)
    let channels = rows.channels
    guard rows.count > 0 else {
      for output in outputs.dropFirst() { output.floats.update(repeating: 0, count: output.shape.count) }
      return
    }
    let numbers = try scratch(floats: 6 * rows.wide)
    let (mean, scale, shift) = (numbers.floats, numbers.floats + rows.wide, numbers.floats + 2 * rows.wide)
    let (a, b, d) = (shift + rows.wide, shift + 2 * rows.wide, shift + 3 * rows.wide)
    let epsilon = Double(Float(bitPattern: word(of: inputs[inputs.count - 1], isInteger: false)))
    for c in 0..<channels {
      mean[c] = inputs[3].floats[c]
      scale[c] = Float(Double(inputs[2].floats[c]) * Self.inverseDeviation(inputs[4].floats[c], epsilon))
      shift[c] = isRectified ? inputs[5].floats[c] : 0
    }
    for numbers in [mean, scale, shift] { Self.repeatAbreast(numbers, channels, rows.abreast) }
    let signs = isRectified ? UnsafePointer(scale) : nil
    let partial = try scratch(floats: 2 * rows.chunks * channels)
    let sums = partial.floats
    let products = sums + rows.chunks * channels
    parallel(rows.chunks) { chunk in
      let (sums, products) = (sums + chunk * channels, products + chunk * channels)
      accumulate(rows, chunk, sums, products) { start, count, columns, first, second in
        kernels.elements.gradientSums(
          dy + start, x + start, mean, signs, shift, first, second, count, columns)
      }
    }
    parallelChannels(channels) { c in
      var (sum, product) = (0.0, 0.0)
      for chunk in 0..<rows.chunks {
        sum += Double(sums[chunk * channels + c])
        product += Double(products[chunk * channels + c])
      }
      let inverse = Self.inverseDeviation(inputs[4].floats[c], epsilon)
      let factor = Double(inputs[2].floats[c]) * inverse
      a[c] = Float(factor)
      b[c] = Float(-factor * inverse * inverse * product / Double(rows.count))
      d[c] = Float(-factor * sum / Double(rows.count))
      outputs[1].floats[c] = Float(product * inverse)
      outputs[2].floats[c] = Float(sum)
    }
    for numbers in [a, b, d] { Self.repeatAbreast(numbers, channels, rows.abreast) }
    parallel(rows.chunks) { chunk in
      rows.each(chunk) { first, count, columns in
        let start = first * channels
        kernels.elements.normalizeBackwardRows(
          dy + start, x + start, mean, signs, shift, a, b, d, dx + start, count, columns)
      }
    }
  }

  /// Of the rounded variance, which the backward pass knows.
  private static func inverseDeviation(_ variance: Float, _ epsilon: Double) -> Double {
    1 / (Double(variance) + epsilon).squareRoot()
  }

  private func parallelChannels(_ channels: Int, _ body: (Int) -> Void) {
    parallel((channels + 31) / 32) { job in
      for c in job * 32..<min(channels, job * 32 + 32) { body(c) }
    }
  }

  private static func repeatAbreast(_ numbers: UnsafeMutablePointer<Float>, _ channels: Int, _ times: Int) {
    for copy in 1..<max(1, times) { (numbers + copy * channels).update(from: numbers, count: channels) }
  }

  /// A first estimate of the chunk's mean, and the sums of the deviations from it and of their squares.
  private func statistics(
    _ x: UnsafePointer<Float>, _ rows: Rows, _ chunk: Int, _ centers: UnsafeMutablePointer<Float>,
    _ sums: UnsafeMutablePointer<Float>, _ squares: UnsafeMutablePointer<Float>
  ) {
    let channels = rows.channels
    let first = chunk * rows.perChunk
    let count = min(rows.perChunk, rows.count - first)
    reduceColumns(.sum, x + first * channels, centers, rows: count, columns: channels)
    for c in 0..<channels { centers[c] /= Float(count) }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.wide + 16) { memory in
      guard let abreast = memory.baseAddress else { return }
      abreast.update(from: centers, count: channels)
      Self.repeatAbreast(abreast, channels, rows.abreast)
      accumulate(rows, chunk, sums, squares) { start, count, columns, first, second in
        kernels.elements.deviations(x + start, abreast, first, second, count, columns)
      }
    }
  }

  /// Two sums over the rows of a chunk: a body makes those of wide rows and of leftover rows, which are added up.
  private func accumulate(
    _ rows: Rows, _ chunk: Int, _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>,
    _ body: (Int, Int, Int, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let channels = rows.channels
    first.update(repeating: 0, count: channels)
    second.update(repeating: 0, count: channels)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * rows.wide + 16) { memory in
      guard let sums = memory.baseAddress else { return }
      rows.each(chunk) { row, count, columns in
        body(row * channels, count, columns, sums, sums + columns)
        for copy in stride(from: 0, to: columns, by: channels) {
          for c in 0..<channels {
            first[c] += sums[copy + c]
            second[c] += sums[columns + copy + c]
          }
        }
      }
    }
  }

  /// A channel's mean and biased variance from the sums of the chunks.
  private func merged(
    _ centers: UnsafePointer<Float>, _ sums: UnsafePointer<Float>, _ squares: UnsafePointer<Float>,
    _ rows: Rows
  ) -> (mean: Double, variance: Double) {
    var (mean, total, merged) = (0.0, 0.0, 0.0)
    for chunk in 0..<rows.chunks {
      let count = Double(min(rows.perChunk, rows.count - chunk * rows.perChunk))
      let index = chunk * rows.channels
      let correction = Double(sums[index]) / count
      let offset = Double(centers[index]) + correction - mean
      let within = Double(squares[index]) - Double(sums[index]) * correction
      total += max(0, within) + offset * offset * count * merged / (count + merged)
      merged += count
      mean += offset * count / merged
    }
    return (mean, total / merged)
  }
}
