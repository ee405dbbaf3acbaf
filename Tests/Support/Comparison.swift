/// What is wrong with a float tensor, as text: its shape, or the first element that is further from the expected one
/// than the tolerance (relative where the number is larger than 1). Nil where all is well.
public func mismatch(
  _ tensor: Tensor, _ expected: [Double], shape: Shape? = nil, tolerance: Double = 1e-5
) -> String? {
  if let shape, tensor.shape != shape { return "shape \(tensor.shape) instead of \(shape)" }
  guard tensor.dtype == .float32 else { return "\(tensor.dtype) instead of float32" }
  guard tensor.count == expected.count else { return "\(tensor.count) elements instead of \(expected.count)" }
  for (index, (actual, wanted)) in zip([Float](tensor), expected).enumerated() {
    let isSame = Double(actual) == wanted || (actual.isNaN && wanted.isNaN)
    if !isSame && !(abs(Double(actual) - wanted) <= tolerance * max(1, abs(wanted))) {
      return "element \(index): \(actual) instead of \(wanted)"
    }
  }
  return nil
}

/// The same for int32 elements, exactly.
public func mismatch(_ tensor: Tensor, integers expected: [Int], shape: Shape? = nil) -> String? {
  if let shape, tensor.shape != shape { return "shape \(tensor.shape) instead of \(shape)" }
  guard tensor.dtype == .int32 else { return "\(tensor.dtype) instead of int32" }
  let elements = [Int32](tensor).map(Int.init)
  return elements == expected ? nil : "\(elements) instead of \(expected)"
}

/// The same for truth values.
public func mismatch(_ tensor: Tensor, _ expected: [Bool], shape: Shape? = nil) -> String? {
  if let shape, tensor.shape != shape { return "shape \(tensor.shape) instead of \(shape)" }
  guard tensor.dtype == .bool else { return "\(tensor.dtype) instead of bool" }
  let elements = [Bool](tensor)
  return elements == expected ? nil : "\(elements) instead of \(expected)"
}

/// Test data in [low, high), multiples of 1/64 of the range, the same for the same seed.
public func samples(_ shape: Shape, seed: UInt64, low: Float = -1, high: Float = 1) -> Tensor {
  var generator = PhiloxGenerator(seed: seed)
  let elements = (0..<shape.count).map { _ in low + (high - low) * Float(generator.word() >> 26) / 64 }
  return Tensor(elements, shape: shape)
}

/// Test data without two equal elements, in a random order and evenly spread over [low, high).
public func distinctSamples(_ shape: Shape, seed: UInt64, low: Float = -1, high: Float = 1) -> Tensor {
  var generator = PhiloxGenerator(seed: seed)
  let order = (0..<shape.count).shuffled(using: &generator)
  let step = (high - low) / Float(max(1, shape.count))
  return Tensor(order.map { low + (Float($0) + 0.5) * step }, shape: shape)
}
