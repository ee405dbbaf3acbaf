/// A closure whose inner values are not kept for the backward pass, but recorded again there: it takes less memory, and
/// the work of the closure once more (Chen, Xu, Zhang, Guestrin 2016, *Training deep nets with sublinear memory cost*).
///
/// ```swift
/// let y = checkpointed { block(x) }
/// ```
/// What it reads and what it returns stays. Random keys are those of the first time, and states are assigned once, so
/// that no bit of any result changes. Outside a scope, and inside another one of its kind, the closure is only called.
public func checkpointed<R: TensorGroup>(_ body: () throws -> R) rethrows -> R {
  guard let trace = Context.trace, !trace.isInSegment else { return try body() }
  return try trace.checkpointed(body)
}

/// Records that are recorded again where gradients are taken of them.
struct Segment: Equatable {
  var records: Range<Int>
  /// What left the closure, and the memory behind it.
  var kept: Set<Int32> = []
}

extension Trace {
  fileprivate func checkpointed<R: TensorGroup>(_ body: () throws -> R) rethrows -> R {
    isInSegment = true
    defer { isInSegment = false }
    let start = count
    let result = try body()
    var segment = Segment(records: start..<count)
    _ = result.mapTensors { tensor in
      if let index = tensor.recordIndex { segment.kept.formUnion([Int32(index), Int32(root(of: index))]) }
      return tensor
    }
    segments.append(segment)
    return result
  }

  /// Records a segment again, and notes for each of its records the one that stands for it now.
  ///
  /// - Parameter following: records what a closure does with the layer and line of an earlier record.
  func recordAgain(
    _ segment: Segment, _ copies: inout [Int32: Int32], following: (Int, () -> Void) -> Void
  ) {
    for index in segment.records where !segment.kept.contains(Int32(index)) {
      let record = records[index]
      switch record.operation {
      case .leaf, .number, .part: continue
      case .reshape, .stopGradient, .primitive: break
      }
      following(index) {
        let copy = append(
          record.operation, operands: operands(of: index).map { copies[$0] ?? $0 }, shape: record.shape,
          dtype: record.dtype, site: record.site)
        copies[Int32(index)] = copy
        for part in parts(of: index) {
          let copied = append(
            records[part].operation, operands: CollectionOfOne(copy), shape: records[part].shape,
            dtype: records[part].dtype, site: record.site)
          if !segment.kept.contains(Int32(part)) { copies[Int32(part)] = copied }
        }
        if record.operation.primitive != nil { runIfImmediate(copy) }
      }
    }
  }
}
