import MartletCore
import MartletKernelTable

/// Elements that one job works on: 64 KiB, so that they stay in the second-level cache between passes.
let elementsPerJob = 16384

extension CPUDevice {
  /// Splits by the sizes alone, so that sums have the same bits for any number of threads.
  func reduction(
    _ reduction: Reduction, of program: ElementwiseProgram?, inputs: [Operand], outputs: [Operand]
  ) throws {
    let y = outputs[0]
    let count = y.shape.count
    guard count > 0 else { return }
    if let program { return try self.reduction(reduction, of: program, inputs: inputs, to: y) }
    let x = inputs[0]
    guard let operation = reduction.kind.operation else {
      let target = y.dtype == .int32 ? nil : try scratch(floats: count)
      try argument(reduction, x, target?.pointer.assumingMemoryBound(to: Int32.self) ?? y.ints)
      if let target { store(target.pointer, to: y, at: 0, count: count, isInteger: true) }
      return
    }
    let isInteger = x.dtype != .float32 && y.dtype != .float32
    let native: DType = isInteger ? .int32 : .float32
    let source = x.dtype == native || reduction.length == 0 ? nil : try converted(x, isInteger: isInteger)
    let target = y.dtype == native ? nil : try scratch(floats: count)
    let from = source?.pointer ?? x.raw
    let to = target?.pointer ?? y.raw
    if isInteger {
      reduceIntegers(
        operation, reduction, from.assumingMemoryBound(to: Int32.self), to.assumingMemoryBound(to: Int32.self)
      )
    } else {
      try reduce(
        operation, .memory(from.assumingMemoryBound(to: Float.self)), to.assumingMemoryBound(to: Float.self),
        outer: reduction.outer, length: reduction.length, inner: reduction.inner)
    }
    if let target { store(target.pointer, to: y, at: 0, count: count, isInteger: isInteger) }
  }

  /// What a program makes is reduced where it is made, job by job.
  private func reduction(
    _ reduction: Reduction, of program: ElementwiseProgram, inputs: [Operand], to y: Operand
  ) throws {
    let shape = inputs.map(\.shape).max { $0.count < $1.count } ?? []
    if let operation = reduction.kind.operation, !program.isInteger, y.dtype == .float32, shape.count > 0 {
      let plan = try ElementwisePlan(program, inputs: inputs, shape: shape, outputs: [], on: self)
      defer { withExtendedLifetime(plan.converted) {} }
      if plan.target != nil {
        return try reduce(
          operation, .program(plan), y.floats, outer: reduction.outer, length: reduction.length,
          inner: reduction.inner)
      }
    }
    let whole = try scratch(floats: shape.count)
    let x = Operand(whole, byteOffset: 0, shape: shape, dtype: program.isInteger ? .int32 : .float32)
    try elementwise(program, inputs: inputs, outputs: [x])
    try self.reduction(reduction, of: nil, inputs: [x], outputs: [y])
  }

  /// y[o, i] = x[o, 0, i] ∘ x[o, 1, i] ∘ ... in float32.
  func reduce(
    _ operation: ReductionOperation, _ x: ReductionSource, _ y: UnsafeMutablePointer<Float>, outer: Int,
    length: Int, inner: Int
  ) throws {
    nonisolated(unsafe) let x = x
    if inner == 1 && length <= 2 * elementsPerJob {
      let rows = max(1, elementsPerJob / max(1, length))
      parallel((outer + rows - 1) / rows) { job in
        let first = job * rows
        let count = min(rows, outer - first)
        withElements(of: x, from: first * length, count: count * length) {
          kernels.elements.reduceRows(operation.rawValue, $0, y + first, count, length)
        }
      }
      return
    }
    // Pieces of columns and chunks of rows; the chunks' results are reduced in turn.
    let piece = min(inner, 4096)
    let pieces = (inner + piece - 1) / piece
    let chunk = inner == 1 ? elementsPerJob : max(64, elementsPerJob / piece)
    let chunks = length <= 2 * chunk ? 1 : (length + chunk - 1) / chunk
    let partial = chunks == 1 ? nil : try scratch(floats: outer * chunks * inner)
    let target = partial?.floats ?? y
    // Small arrays are worked on several at a time.
    let groups = outer * chunks
    let group = max(1, elementsPerJob / max(1, min(length, chunk) * piece))
    /// The first row of a group, of all outer rows together.
    func firstRow(_ index: Int) -> Int { index / chunks * length + index % chunks * chunk }
    parallel((groups + group - 1) / group * pieces) { job in
      let column = job % pieces * piece
      let first = job / pieces * group
      let end = min(first + group, groups)
      if pieces == 1 {
        let start = firstRow(first)
        withElements(of: x, from: start * inner, count: (firstRow(end) - start) * inner) { elements in
          for index in first..<end {
            let rows = firstRow(index + 1) - firstRow(index)
            let source = elements + (firstRow(index) - start) * inner
            if inner == 1 {
              kernels.elements.reduceRows(operation.rawValue, source, target + index, 1, rows)
            } else {
              reduceColumns(operation, source, target + index * inner, rows: rows, columns: inner)
            }
          }
        }
      } else {
        for index in first..<end {
          let rows = firstRow(index + 1) - firstRow(index)
          let columns = min(piece, inner - column)
          withRows(of: x, from: firstRow(index) * inner + column, rows, columns, distance: inner) {
            kernels.elements.reduceColumns(
              operation.rawValue, $0, target + (index * inner + column), rows, columns, $1)
          }
        }
      }
    }
    if let partial {
      try reduce(operation, .memory(partial.floats), y, outer: outer, length: chunks, inner: inner)
    }
  }

  /// Columns of a dense matrix. Narrow rows are taken several at a time, as one row as wide as whole vectors.
  func reduceColumns(
    _ operation: ReductionOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int
  ) {
    let code = operation.rawValue
    let width = rowsAbreast(columns)
    let steps = rows / width
    guard width > 1, steps > 1 else {
      kernels.elements.reduceColumns(code, x, y, rows, columns, columns)
      return
    }
    let wide = width * columns
    withUnsafeTemporaryAllocation(of: Float.self, capacity: wide + 2 * columns + 16) { memory in
      guard let sums = memory.baseAddress else { return }
      let both = sums + wide
      kernels.elements.reduceColumns(code, x, sums, steps, wide, wide)
      kernels.elements.reduceColumns(code, sums, both, width, columns, columns)
      kernels.elements.reduceColumns(
        code, x + steps * wide, both + columns, rows - steps * width, columns, columns)
      kernels.elements.reduceColumns(code, both, y, 2, columns, columns)
    }
  }

  /// How many rows of so many columns fill whole vectors of every width, and at least 64 lanes.
  func rowsAbreast(_ columns: Int) -> Int {
    if columns % 16 == 0 && columns >= 64 || columns >= 256 { return 1 }
    let whole = 16 >> min(4, columns.trailingZeroBitCount)
    return (max(64, columns) + whole * columns - 1) / (whole * columns) * whole
  }

  private func reduceIntegers(
    _ operation: ReductionOperation, _ reduction: Reduction, _ x: UnsafePointer<Int32>,
    _ y: UnsafeMutablePointer<Int32>
  ) {
    let (length, inner) = (reduction.length, reduction.inner)
    let identity: Int32 =
      switch operation {
      case .sum: 0
      case .product: 1
      case .minimum: .max
      case .maximum: .min
      }
    y.update(repeating: identity, count: reduction.outer * inner)
    let group = max(1, elementsPerJob / max(1, length * inner))
    parallel((reduction.outer + group - 1) / group) { job in
      for o in job * group..<min((job + 1) * group, reduction.outer) {
        if inner == 1 {
          kernels.elements.reduceIntegerRows(operation.rawValue, x + o * length, y + o, 1, length)
        } else {
          kernels.elements.reduceIntegerColumns(
            operation.rawValue, x + o * length * inner, y + o * inner, length, inner, inner)
        }
      }
    }
  }

  private func argument(_ reduction: Reduction, _ x: Operand, _ y: UnsafeMutablePointer<Int32>) throws {
    let (outer, length, inner) = (reduction.outer, reduction.length, reduction.inner)
    guard length > 0 else { return y.update(repeating: 0, count: outer * inner) }
    let findsMaximum = reduction.kind == .argMaximum
    if x.dtype != .float32 {
      let source = x.dtype == .int32 ? nil : try converted(x, isInteger: true)
      let values = UnsafePointer(source?.pointer.assumingMemoryBound(to: Int32.self) ?? x.ints)
      parallel(outer) { o in
        for i in 0..<inner {
          let column = values + (o * length * inner + i)
          var best = 0
          for k in 1..<max(1, length) {
            let (candidate, holder) = (column[k * inner], column[best * inner])
            if findsMaximum ? candidate > holder : candidate < holder { best = k }
          }
          y[o * inner + i] = Int32(best)
        }
      }
      return
    }
    let values = UnsafePointer(x.floats)
    let group = max(1, elementsPerJob / (length * inner))
    parallel((outer + group - 1) / group) { job in
      let first = job * group
      let count = min(group, outer - first)
      if inner == 1 {
        kernels.elements.argumentRows(findsMaximum ? 1 : 0, values + first * length, y + first, count, length)
      } else {
        for o in first..<first + count {
          kernels.elements.argumentColumns(
            findsMaximum ? 1 : 0, values + o * length * inner, y + o * inner, length, inner, inner)
        }
      }
    }
  }

  /// A whole array in float32 or int32.
  private func converted(_ x: Operand, isInteger: Bool) throws -> CPUBuffer {
    let buffer = try scratch(floats: x.shape.count)
    convert(x, at: 0, count: x.shape.count, to: buffer.pointer, isInteger: isInteger)
    return buffer
  }
}

extension Reduction.Kind {
  /// Nil for those whose results are places.
  fileprivate var operation: ReductionOperation? {
    switch self {
    case .sum: .sum
    case .product: .product
    case .minimum: .minimum
    case .maximum: .maximum
    case .argMinimum, .argMaximum: nil
    }
  }
}
