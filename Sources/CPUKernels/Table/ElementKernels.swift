/// Everything that is not a matrix product: elementwise programs, reductions, pooling, normalisation, softmax.
///
/// What each function computes stands above its definition, of the same name, in `CPUKernels/Base`. Inputs have room
/// for one more vector behind their end, which may be read.
public struct ElementKernels: Sendable {
  public typealias Floats = UnsafePointer<Float>
  public typealias MutableFloats = UnsafeMutablePointer<Float>
  public typealias Integers = UnsafePointer<Int32>
  public typealias MutableIntegers = UnsafeMutablePointer<Int32>
  public typealias Bytes = UnsafePointer<UInt8>
  public typealias MutableBytes = UnsafeMutablePointer<UInt8>

  // Elementwise: one operation over a block. An operand is followed by 1 where it is full and 0 where it is
  // a vector of one number.
  public var unary: @convention(c) (UInt8, Floats, MutableFloats, Int) -> Void
  public var binary: @convention(c) (UInt8, Floats, Int, Floats, Int, MutableFloats, Int) -> Void
  public var ternary:
    @convention(c) (
      UInt8, Floats, Int, Floats, Int, Floats, Int, MutableFloats, Int
    ) -> Void
  public var integerUnary: @convention(c) (UInt8, Integers, MutableIntegers, Int) -> Void
  public var integerBinary: @convention(c) (UInt8, Integers, Int, Integers, Int, MutableIntegers, Int) -> Void
  public var integerTernary:
    @convention(c) (
      UInt8, Integers, Int, Integers, Int, Integers, Int, MutableIntegers, Int
    ) -> Void

  // Conversions of element types.
  public var floatsFromIntegers: @convention(c) (Integers, MutableFloats, Int) -> Void
  public var floatsFromBytes: @convention(c) (Bytes, MutableFloats, Int) -> Void
  public var integersFromBytes: @convention(c) (Bytes, MutableIntegers, Int) -> Void
  public var integersFromFloats: @convention(c) (Floats, MutableIntegers, Int) -> Void
  public var bytesFromFloats: @convention(c) (Floats, MutableBytes, Int) -> Void
  public var bytesFromIntegers: @convention(c) (Integers, MutableBytes, Int) -> Void
  public var truthsFromFloats: @convention(c) (Floats, MutableBytes, Int) -> Void
  public var truthsFromIntegers: @convention(c) (Integers, MutableBytes, Int) -> Void

  // Reductions: operation, x, y, rows, row length; for columns rows, columns, stride.
  public var reduceRows: @convention(c) (UInt8, Floats, MutableFloats, Int, Int) -> Void
  public var reduceColumns: @convention(c) (UInt8, Floats, MutableFloats, Int, Int, Int) -> Void
  public var argumentRows: @convention(c) (Int, Floats, MutableIntegers, Int, Int) -> Void
  public var argumentColumns: @convention(c) (Int, Floats, MutableIntegers, Int, Int, Int) -> Void
  public var reduceIntegerRows: @convention(c) (UInt8, Integers, MutableIntegers, Int, Int) -> Void
  public var reduceIntegerColumns: @convention(c) (UInt8, Integers, MutableIntegers, Int, Int, Int) -> Void

  // Softmax over rows.
  public var softmaxRows: @convention(c) (Int, Floats, MutableFloats, Int, Int) -> Void
  public var crossEntropyRows: @convention(c) (Floats, Integers, MutableFloats, Int, Int) -> Void
  public var crossEntropyBackwardRows:
    @convention(c) (
      Floats, Integers, Floats, MutableFloats, Int, Int
    ) -> Void

  // Batch normalisation over rows.
  public var deviations: @convention(c) (Floats, Floats, MutableFloats, MutableFloats, Int, Int) -> Void
  public var gradientSums:
    @convention(c) (
      Floats, Floats, Floats, Floats?, Floats, MutableFloats, MutableFloats, Int, Int
    ) -> Void
  public var normalizeRows:
    @convention(c) (Floats, Floats, Floats, Floats, Floats?, Int, MutableFloats, Int, Int) -> Void
  public var normalizeBackwardRows:
    @convention(c) (
      Floats, Floats, Floats, Floats?, Floats, Floats, Floats, Floats, MutableFloats, Int, Int
    ) -> Void

  // Pooling of an image; the window is a pointer to a PoolingWindow.
  public var poolMaximumRow:
    @convention(c) (
      UnsafeRawPointer, Floats, MutableFloats, MutableIntegers, Int, Int
    ) -> Void
  public var poolAverageRow:
    @convention(c) (UnsafeRawPointer, Floats, Floats, MutableFloats, Int, Int) -> Void
  public var poolColumns: @convention(c) (UnsafeRawPointer, UnsafeMutablePointer<Int>) -> Void
  public var poolMaximumBackwardRow:
    @convention(c) (
      UnsafeRawPointer, UnsafePointer<Int>, Floats, Integers, MutableFloats, Int, Int
    ) -> Void
  public var poolAverageBackwardRow:
    @convention(c) (
      UnsafeRawPointer, UnsafePointer<Int>, Floats, Floats, MutableFloats, Int, Int
    ) -> Void
  public var poolPick: @convention(c) (Floats, Integers, MutableFloats, Int, Int) -> Void

  // Resampling along an axis: x; starts, places and weights of the taps; y, rows, row length.
  public var resampleRows:
    @convention(c) (
      Floats, Integers, Integers, Floats, MutableFloats, Int, Int
    ) -> Void

  // Transposition of 32-bit elements: x, row stride, rows, columns; y, row stride.
  public var transposeRows: @convention(c) (Floats, Int, Int, Int, MutableFloats, Int) -> Void

  // Random numbers: distribution, key, first block, y, blocks.
  public var randomBlocks: @convention(c) (UInt8, UInt64, UInt64, MutableFloats, Int) -> Void

  public init(
    unary: @escaping @convention(c) (UInt8, Floats, MutableFloats, Int) -> Void,
    binary: @escaping @convention(c) (UInt8, Floats, Int, Floats, Int, MutableFloats, Int) -> Void,
    ternary:
      @escaping @convention(c) (UInt8, Floats, Int, Floats, Int, Floats, Int, MutableFloats, Int) -> Void,
    integerUnary: @escaping @convention(c) (UInt8, Integers, MutableIntegers, Int) -> Void,
    integerBinary:
      @escaping @convention(c) (UInt8, Integers, Int, Integers, Int, MutableIntegers, Int) -> Void,
    integerTernary:
      @escaping @convention(c) (UInt8, Integers, Int, Integers, Int, Integers, Int, MutableIntegers, Int) ->
      Void,
    floatsFromIntegers: @escaping @convention(c) (Integers, MutableFloats, Int) -> Void,
    floatsFromBytes: @escaping @convention(c) (Bytes, MutableFloats, Int) -> Void,
    integersFromBytes: @escaping @convention(c) (Bytes, MutableIntegers, Int) -> Void,
    integersFromFloats: @escaping @convention(c) (Floats, MutableIntegers, Int) -> Void,
    bytesFromFloats: @escaping @convention(c) (Floats, MutableBytes, Int) -> Void,
    bytesFromIntegers: @escaping @convention(c) (Integers, MutableBytes, Int) -> Void,
    truthsFromFloats: @escaping @convention(c) (Floats, MutableBytes, Int) -> Void,
    truthsFromIntegers: @escaping @convention(c) (Integers, MutableBytes, Int) -> Void,
    reduceRows: @escaping @convention(c) (UInt8, Floats, MutableFloats, Int, Int) -> Void,
    reduceColumns: @escaping @convention(c) (UInt8, Floats, MutableFloats, Int, Int, Int) -> Void,
    argumentRows: @escaping @convention(c) (Int, Floats, MutableIntegers, Int, Int) -> Void,
    argumentColumns: @escaping @convention(c) (Int, Floats, MutableIntegers, Int, Int, Int) -> Void,
    reduceIntegerRows: @escaping @convention(c) (UInt8, Integers, MutableIntegers, Int, Int) -> Void,
    reduceIntegerColumns: @escaping @convention(c) (UInt8, Integers, MutableIntegers, Int, Int, Int) -> Void,
    softmaxRows: @escaping @convention(c) (Int, Floats, MutableFloats, Int, Int) -> Void,
    crossEntropyRows: @escaping @convention(c) (Floats, Integers, MutableFloats, Int, Int) -> Void,
    crossEntropyBackwardRows:
      @escaping @convention(c) (Floats, Integers, Floats, MutableFloats, Int, Int) -> Void,
    deviations: @escaping @convention(c) (Floats, Floats, MutableFloats, MutableFloats, Int, Int) -> Void,
    gradientSums:
      @escaping @convention(c) (
        Floats, Floats, Floats, Floats?, Floats, MutableFloats, MutableFloats, Int, Int
      ) -> Void,
    normalizeRows:
      @escaping @convention(c) (
        Floats, Floats, Floats, Floats, Floats?, Int, MutableFloats, Int, Int
      ) -> Void,
    normalizeBackwardRows:
      @escaping @convention(c) (
        Floats, Floats, Floats, Floats?, Floats, Floats, Floats, Floats, MutableFloats, Int, Int
      ) -> Void,
    poolMaximumRow:
      @escaping @convention(c) (UnsafeRawPointer, Floats, MutableFloats, MutableIntegers, Int, Int) -> Void,
    poolAverageRow:
      @escaping @convention(c) (UnsafeRawPointer, Floats, Floats, MutableFloats, Int, Int) -> Void,
    poolColumns: @escaping @convention(c) (UnsafeRawPointer, UnsafeMutablePointer<Int>) -> Void,
    poolMaximumBackwardRow:
      @escaping @convention(c) (
        UnsafeRawPointer, UnsafePointer<Int>, Floats, Integers, MutableFloats, Int, Int
      ) -> Void,
    poolAverageBackwardRow:
      @escaping @convention(c) (
        UnsafeRawPointer, UnsafePointer<Int>, Floats, Floats, MutableFloats, Int, Int
      ) -> Void,
    poolPick: @escaping @convention(c) (Floats, Integers, MutableFloats, Int, Int) -> Void,
    resampleRows:
      @escaping @convention(c) (Floats, Integers, Integers, Floats, MutableFloats, Int, Int) -> Void,
    transposeRows: @escaping @convention(c) (Floats, Int, Int, Int, MutableFloats, Int) -> Void,
    randomBlocks: @escaping @convention(c) (UInt8, UInt64, UInt64, MutableFloats, Int) -> Void
  ) {
    self.unary = unary
    self.binary = binary
    self.ternary = ternary
    self.integerUnary = integerUnary
    self.integerBinary = integerBinary
    self.integerTernary = integerTernary
    self.floatsFromIntegers = floatsFromIntegers
    self.floatsFromBytes = floatsFromBytes
    self.integersFromBytes = integersFromBytes
    self.integersFromFloats = integersFromFloats
    self.bytesFromFloats = bytesFromFloats
    self.bytesFromIntegers = bytesFromIntegers
    self.truthsFromFloats = truthsFromFloats
    self.truthsFromIntegers = truthsFromIntegers
    self.reduceRows = reduceRows
    self.reduceColumns = reduceColumns
    self.argumentRows = argumentRows
    self.argumentColumns = argumentColumns
    self.reduceIntegerRows = reduceIntegerRows
    self.reduceIntegerColumns = reduceIntegerColumns
    self.softmaxRows = softmaxRows
    self.crossEntropyRows = crossEntropyRows
    self.crossEntropyBackwardRows = crossEntropyBackwardRows
    self.deviations = deviations
    self.gradientSums = gradientSums
    self.normalizeRows = normalizeRows
    self.normalizeBackwardRows = normalizeBackwardRows
    self.poolMaximumRow = poolMaximumRow
    self.poolAverageRow = poolAverageRow
    self.poolColumns = poolColumns
    self.poolMaximumBackwardRow = poolMaximumBackwardRow
    self.poolAverageBackwardRow = poolAverageBackwardRow
    self.poolPick = poolPick
    self.resampleRows = resampleRows
    self.transposeRows = transposeRows
    self.randomBlocks = randomBlocks
  }
}
