/// Matrix products: tiles of results that stay in registers, and the copies that feed them.
public struct MatrixKernels: Sendable {
  /// Floats in one vector.
  public var lanes: Int
  /// The tile for the bulk of the columns.
  public var wide: Tile
  /// Two vectors wide.
  public var narrow: Tile
  /// One vector wide, and the only one that may have columns missing.
  public var single: Tile
  /// See `packRows` and `packColumns` of the kernels: (from, stride, depth, columns, to, width).
  public var packRows: Pack
  public var packColumns: Pack
  /// See `fillPointers` of the kernels: (bases, masks, steps, taps, zeros, rows).
  public var fillPointers: FillPointers
  /// (vectors, rows, `StepSource`, `TileResult`): results of as many of the rows as it says.
  public var multiplySteps: MultiplySteps
  /// See `dotProducts` of the kernels: (rows, columns, `DotSource`).
  public var dotProducts: RowFunction
  /// See `combineRows` of the kernels: (rows, columns, `RowCombinations`).
  public var combineRows: RowFunction
  /// (vectors, pixels, `ChannelSource`, `TileResult`): results of as many of the pixels as it says.
  public var multiplyChannels: MultiplyChannels
  /// (vectors, taps, `OuterSource`, offsets of the taps in a, `TileResult`): sums of as many of the taps as it says.
  public var addChannelProducts: AddChannelProducts
  /// See `spreadChannels` of the kernels: (x, step of x, pixels, `ChannelSpread`, to).
  public var spread: Spread
  /// See `scatterRuns` of the kernels: (columns, pixels, `ScatterRuns`, to).
  public var scatterRuns: Scatter
  /// (terms, their distance, count, to): to[i] = Σ terms[j * distance + i] in the order of j: (from, distance, terms,
  /// count, to).
  public var sum:
    @convention(c) @Sendable (
      UnsafePointer<Float>, Int, Int, Int, UnsafeMutablePointer<Float>
    ) -> Void
  /// Multiply-adds in registers, for the measurement of the peak: (repetitions, where a result goes), the number of
  /// floating-point operations.
  public var multiplyAddProbe: @convention(c) @Sendable (Int, UnsafeMutablePointer<Float>) -> Int

  public typealias Pack =
    @convention(c) @Sendable (
      UnsafePointer<Float>, Int, Int, Int, UnsafeMutablePointer<Float>, Int
    ) -> Void

  public typealias FillPointers =
    @convention(c) @Sendable (
      UnsafePointer<UInt>, UnsafePointer<UInt64>, UnsafePointer<Int>, Int, UnsafePointer<Float>,
      UnsafeMutablePointer<UInt>
    ) -> Void

  public typealias MultiplySteps =
    @convention(c) @Sendable (Int, Int, UnsafeRawPointer, UnsafeRawPointer) -> Int
  public typealias RowFunction = @convention(c) @Sendable (Int, Int, UnsafeRawPointer) -> Void
  public typealias MultiplyChannels =
    @convention(c) @Sendable (Int, Int, UnsafeRawPointer, UnsafeRawPointer) -> Int
  public typealias AddChannelProducts =
    @convention(c) @Sendable (
      Int, Int, UnsafeRawPointer, UnsafePointer<Int>, UnsafeRawPointer
    ) -> Int
  public typealias Spread =
    @convention(c) @Sendable (
      UnsafePointer<Float>, Int, Int, UnsafeRawPointer, UnsafeMutablePointer<Float>
    ) -> Void

  public typealias Scatter =
    @convention(c) @Sendable (
      UnsafePointer<Float>, Int, UnsafeRawPointer, UnsafeMutablePointer<Float>
    ) -> Void

  public init(
    lanes: Int, wide: Tile, narrow: Tile, single: Tile, packRows: Pack, packColumns: Pack,
    fillPointers: FillPointers, multiplySteps: MultiplySteps, dotProducts: RowFunction,
    combineRows: RowFunction,
    multiplyChannels: MultiplyChannels, addChannelProducts: AddChannelProducts, spread: Spread,
    scatterRuns: Scatter,
    sum:
      @convention(c) @Sendable (
        UnsafePointer<Float>, Int, Int, Int, UnsafeMutablePointer<Float>
      ) -> Void,
    multiplyAddProbe: @convention(c) @Sendable (Int, UnsafeMutablePointer<Float>) -> Int
  ) {
    self.lanes = lanes
    self.wide = wide
    self.narrow = narrow
    self.single = single
    self.packRows = packRows
    self.packColumns = packColumns
    self.fillPointers = fillPointers
    self.multiplySteps = multiplySteps
    self.dotProducts = dotProducts
    self.combineRows = combineRows
    self.multiplyChannels = multiplyChannels
    self.addChannelProducts = addChannelProducts
    self.spread = spread
    self.scatterRuns = scatterRuns
    self.sum = sum
    self.multiplyAddProbe = multiplyAddProbe
  }

  /// Whether there are 32 vector registers, and not 16.
  public var hasManyRegisters: Bool { wide.width == 4 * lanes }

  /// The most rows of any tile, and the rows of one line of a pointer table.
  public static let blockRows = 12
}

/// A tile of results: some rows high and some vectors wide.
public struct Tile: Sendable {
  public var rows: Int
  /// Floats.
  public var width: Int
  /// (rows, `RowSource`, `TileResult`)
  public var multiply: Function
  /// (rows, `OuterSource`, `TileResult`)
  public var outer: Function

  public typealias Function = @convention(c) @Sendable (Int, UnsafeRawPointer, UnsafeRawPointer) -> Void

  public init(rows: Int, width: Int, multiply: Function, outer: Function) {
    self.rows = rows
    self.width = width
    self.multiply = multiply
    self.outer = outer
  }
}

/// The factors of a product whose rows are found through pointers:
///
///     result[m, n] = Σ_t Σ_k  rows[t * 12 + m][k] * b[taps[t] * tapStride + k * bStride + n]
///
/// Pointers of rows beyond the last must point to something that can be read.
public struct RowSource {
  public var rows: UnsafePointer<UnsafePointer<Float>>
  public var taps: UnsafePointer<Int>
  public var tapCount: Int
  public var depth: Int
  public var b: UnsafePointer<Float>
  public var bStride: Int
  /// depth * bStride where one tap's part of b lies behind the other's.
  public var tapStride: Int

  public init(
    rows: UnsafePointer<UnsafePointer<Float>>, taps: UnsafePointer<Int>, tapCount: Int, depth: Int,
    b: UnsafePointer<Float>, bStride: Int, tapStride: Int? = nil
  ) {
    self.rows = rows
    self.taps = taps
    self.tapCount = tapCount
    self.depth = depth
    self.b = b
    self.bStride = bStride
    self.tapStride = tapStride ?? depth * bStride
  }
}

/// The factors of a product whose rows lie one step apart, for rows m:
///
///     result[m, n] = Σ_t Σ_k  a[offsets[t] + m * step + k] * b[(t * depth + k) * bStride + n]
public struct StepSource {
  public var a: UnsafePointer<Float>
  public var step: Int
  public var offsets: UnsafePointer<Int>
  public var taps: Int
  public var depth: Int
  public var b: UnsafePointer<Float>
  public var bStride: Int

  public init(
    a: UnsafePointer<Float>, step: Int, offsets: UnsafePointer<Int>, taps: Int, depth: Int,
    b: UnsafePointer<Float>, bStride: Int
  ) {
    self.a = a
    self.step = step
    self.offsets = offsets
    self.taps = taps
    self.depth = depth
    self.b = b
    self.bStride = bStride
  }
}

/// The factors of products along k, which both lie along it, and where the results go:
///
///     c[m * cStride + n] = Σ_k  a[m * aStride + k] * b[n * bStride + k]
public struct DotSource {
  public var a: UnsafePointer<Float>
  public var aStride: Int
  public var b: UnsafePointer<Float>
  public var bStride: Int
  public var c: UnsafeMutablePointer<Float>
  public var cStride: Int
  public var depth: Int

  public init(
    a: UnsafePointer<Float>, aStride: Int, b: UnsafePointer<Float>, bStride: Int,
    c: UnsafeMutablePointer<Float>, cStride: Int, depth: Int
  ) {
    self.a = a
    self.aStride = aStride
    self.b = b
    self.bStride = bStride
    self.c = c
    self.cStride = cStride
    self.depth = depth
  }
}

/// Rows that are combinations of whole rows of b, with the numbers of a, and where they go:
///
///     c[m * stride + n] = Σ_k  a[k * aStep + m] * b[k * stride + n]        (+ c[m * stride + n], where it accumulates)
public struct RowCombinations {
  public var a: UnsafePointer<Float>
  public var aStep: Int
  public var b: UnsafePointer<Float>
  public var c: UnsafeMutablePointer<Float>
  /// Floats from row to row, of b and of c.
  public var stride: Int
  public var depth: Int
  public var accumulates: Bool

  public init(
    a: UnsafePointer<Float>, aStep: Int, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>, stride: Int,
    depth: Int, accumulates: Bool
  ) {
    self.a = a
    self.aStep = aStep
    self.b = b
    self.c = c
    self.stride = stride
    self.depth = depth
    self.accumulates = accumulates
  }
}

/// The factors of a sum of outer products over points in a box of three axes, outermost first:
///
///     result[m, n] = Σ_point  a[point · aSteps + m] * b[point · bSteps + n]
public struct OuterSource {
  public typealias Steps = (Int, Int, Int)
  public var a: UnsafePointer<Float>
  public var b: UnsafePointer<Float>
  public var count: Steps
  public var aSteps: Steps
  public var bSteps: Steps

  public init(a: UnsafePointer<Float>, b: UnsafePointer<Float>, count: Steps, aSteps: Steps, bSteps: Steps) {
    self.a = a
    self.b = b
    self.count = count
    self.aSteps = aSteps
    self.bSteps = bSteps
  }
}

/// The factors of products in which every column has a source of its own, for neighbouring pixels m:
///
///     result[m, n] = Σ_tap  a[aOffsets[tap] + m * step + n] * b[bOffsets[tap] + n]
public struct ChannelSource {
  public var a: UnsafePointer<Float>
  public var aOffsets: UnsafePointer<Int>
  public var step: Int
  public var taps: Int
  public var b: UnsafePointer<Float>
  public var bOffsets: UnsafePointer<Int>

  public init(
    a: UnsafePointer<Float>, aOffsets: UnsafePointer<Int>, step: Int, taps: Int, b: UnsafePointer<Float>,
    bOffsets: UnsafePointer<Int>
  ) {
    self.a = a
    self.aOffsets = aOffsets
    self.step = step
    self.taps = taps
    self.b = b
    self.bOffsets = bOffsets
  }
}

/// How channels come under the columns of a strip that they belong to.
public struct ChannelSpread {
  /// Channels of a group, each of which gets a plane.
  public var planes: Int
  /// Columns of a group.
  public var width: Int
  /// The strip's first column, and how many it has.
  public var first: Int
  public var columns: Int
  /// Floats from plane to plane.
  public var stride: Int

  public init(planes: Int, width: Int, first: Int, columns: Int, stride: Int) {
    self.planes = planes
    self.width = width
    self.first = first
    self.columns = columns
    self.stride = stride
  }
}

/// Runs of a pixel's columns that are added to results, all of the same length.
public struct ScatterRuns {
  /// Floats from pixel to pixel among the columns.
  public var fromStride: Int
  public var fromOffsets: UnsafePointer<Int>
  public var toOffsets: UnsafePointer<Int>
  public var runs: Int
  /// Floats from one pixel's results to the next one's.
  public var toStep: Int
  public var count: Int

  public init(
    fromStride: Int, fromOffsets: UnsafePointer<Int>, toOffsets: UnsafePointer<Int>, runs: Int, toStep: Int,
    count: Int
  ) {
    self.fromStride = fromStride
    self.fromOffsets = fromOffsets
    self.toOffsets = toOffsets
    self.runs = runs
    self.toStep = toStep
    self.count = count
  }
}

/// Where a tile of results goes, and what happens to it on the way:
///
///     sum[m, n] = result[m, n] + (c, where it accumulates)
///     c[offsets[m] + n] = activation((sum[m, n] + bias[n]) * scale[n] + shift[n] + residual[offsets[m] + n])
///
/// and 0 where mask[offsets[m] + n] is not positive.
public struct TileResult {
  public var c: UnsafeMutablePointer<Float>
  public var offsets: UnsafePointer<Int>
  /// How many columns there are: as many as the tile is wide, or fewer in a tile of one vector.
  public var columns: Int
  public var accumulates: Bool
  public var bias: UnsafePointer<Float>?
  public var scale: UnsafePointer<Float>?
  public var shift: UnsafePointer<Float>?
  public var residual: UnsafePointer<Float>?
  /// Only with the activations 0 and 1.
  public var mask: UnsafePointer<Float>?
  /// 0 linear, 1 relu, 2 sigmoid, 3 tanh.
  public var activation: Int

  public init(
    c: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>, columns: Int, accumulates: Bool = false
  ) {
    self.c = c
    self.offsets = offsets
    self.columns = columns
    self.accumulates = accumulates
    activation = 0
  }
}
