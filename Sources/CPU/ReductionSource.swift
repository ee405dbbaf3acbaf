/// Where the elements of a reduction come from.
enum ReductionSource {
  case memory(UnsafePointer<Float>)
  /// Made when they are needed, in memory of the job that needs them.
  case program(ElementwisePlan)
}

extension CPUDevice {
  /// Calls a body with elements that follow one another.
  func withElements(
    of source: ReductionSource, from start: Int, count: Int, _ body: (UnsafePointer<Float>) -> Void
  ) {
    withRows(of: source, from: start, 1, count, distance: count) { elements, _ in body(elements) }
  }

  /// Calls a body with rows whose beginnings are a distance apart, and with their distance where it finds them.
  func withRows(
    of source: ReductionSource, from start: Int, _ rows: Int, _ columns: Int, distance: Int,
    _ body: (UnsafePointer<Float>, _ distance: Int) -> Void
  ) {
    switch source {
    case .memory(let x): body(x + start, distance)
    case .program(let plan):
      // A vector of slack: leaf functions write whole vectors.
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * columns + 16) { memory in
        guard let elements = memory.baseAddress else { return }
        for row in 0..<rows {
          let first = start + row * distance
          run(plan, from: first, to: first + columns, target: elements + row * columns)
        }
        body(elements, columns)
      }
    }
  }
}
