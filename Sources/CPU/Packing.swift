import MartletCore
import MartletKernelTable

/// The columns of a product cut into strips as wide as a tile: wide ones for the bulk, narrow ones for the rest, and a
/// last one that may be partly empty.
struct Strips {
  struct Strip {
    var tile: Tile
    var first: Int
    var columns: Int
  }
  private(set) var all: [Strip] = []
  /// The columns with those that fill the last strip.
  private(set) var paddedColumns = 0

  init(columns: Int, _ kernels: MatrixKernels) {
    var first = 0
    while first < columns {
      let left = columns - first
      let tile =
        left >= kernels.wide.width
        ? kernels.wide : left >= kernels.narrow.width ? kernels.narrow : kernels.single
      all.append(Strip(tile: tile, first: first, columns: min(left, tile.width)))
      first += tile.width
    }
    paddedColumns = first
  }

  subscript(index: Int) -> Strip { all[index] }
  var count: Int { all.count }
}

/// What happens to results on their way to memory, resolved to pointers.
struct ResolvedEpilogue {
  var bias: UnsafePointer<Float>?
  var scale: UnsafePointer<Float>?
  var shift: UnsafePointer<Float>?
  var residual: UnsafePointer<Float>?
  var mask: UnsafePointer<Float>?
  var activation: Int

  /// Whether results stay as they are.
  var isEmpty: Bool {
    bias == nil && scale == nil && shift == nil && residual == nil && mask == nil && activation == 0
  }

  /// The epilogue's operands stand behind the first two inputs.
  init(_ epilogue: Epilogue, _ inputs: [Operand]) {
    var rest = inputs.dropFirst(2)
    func next(_ isThere: Bool) -> UnsafePointer<Float>? {
      isThere ? UnsafePointer(rest.removeFirst().floats) : nil
    }
    bias = next(epilogue.hasBias)
    scale = next(epilogue.hasScale)
    shift = next(epilogue.hasShift)
    residual = next(epilogue.hasResidual)
    mask = next(epilogue.hasMask)
    activation =
      switch epilogue.activation {
      case .linear: 0
      case .relu: 1
      case .sigmoid: 2
      case .tanh: 3
      }
  }

  /// Sets what applies to results that begin at `c`, `column` columns and `element` elements from the beginning.
  @inline(__always)
  func apply(to result: inout TileResult, column: Int, element: Int) {
    result.bias = bias.map { $0 + column }
    result.scale = scale.map { $0 + column }
    result.shift = shift.map { $0 + column }
    result.residual = residual.map { $0 + element }
    result.mask = mask.map { $0 + element }
    result.activation = activation
  }
}

extension Tile {
  /// Runs the row kernel on a block of up to 12 rows, as many tiles as that takes, which are no higher than `height`.
  @inline(__always)
  func multiplyBlock(rows count: Int, height: Int = 12, _ source: RowSource, _ result: TileResult) {
    let rows = min(rows, height)
    var source = source
    var result = result
    var left = count
    while left > 0 {
      withUnsafePointer(to: &source) { source in
        withUnsafePointer(to: &result) {
          multiply(min(left, rows), UnsafeRawPointer(source), UnsafeRawPointer($0))
        }
      }
      source.rows += rows
      result.offsets += rows
      left -= rows
    }
  }

  /// What happens to results on their way, for a block of up to 12 rows that are in memory already.
  @inline(__always)
  func finishBlock(rows count: Int, _ result: TileResult) {
    var result = result
    result.accumulates = true
    let nothing = RowSource(
      rows: UnsafePointer(bitPattern: 8)!, taps: UnsafePointer(bitPattern: 8)!, tapCount: 0, depth: 0,
      b: UnsafePointer(result.c), bStride: 0)
    multiplyBlock(rows: count, nothing, result)
  }

  /// Runs the outer kernel on a block of up to 12 rows.
  @inline(__always)
  func outerBlock(rows count: Int, _ source: OuterSource, _ result: TileResult) {
    var source = source
    var result = result
    var left = count
    while left > 0 {
      withUnsafePointer(to: &source) { source in
        withUnsafePointer(to: &result) {
          outer(min(left, rows), UnsafeRawPointer(source), UnsafeRawPointer($0))
        }
      }
      source.a += rows
      result.offsets += rows
      left -= rows
    }
  }
}

/// `count` cut into parts of equal size but for the last; the size is a multiple of `unit`.
struct Parts {
  var count: Int
  var size: Int
  var total: Int

  /// At most `limit` parts, none smaller than `smallest` if that can be had.
  init(_ total: Int, unit: Int = 1, smallest: Int, limit: Int = 1 << 40) {
    let wanted = max(smallest, (total + limit - 1) / limit, 1)
    size = (wanted + unit - 1) / unit * unit
    count = (total + size - 1) / size
    self.total = total
  }

  subscript(part: Int) -> Range<Int> { part * size..<min(total, (part + 1) * size) }
}
