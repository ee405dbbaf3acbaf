/// The transforms of Winograd convolution, whose products are left to the tiles of `MatrixKernels`.
public struct WinogradKernels: Sendable {
  /// Tiles of 2 x 2 and of 4 x 4 results of a 3 x 3 kernel.
  public var two: Transforms
  public var four: Transforms
  /// Tiles of 2 x 2 results of a 5 x 5 kernel.
  public var twoOfFive: Transforms
  /// Tiles of 4 x 4 pixels of a result's gradient.
  public var gradientInput: WindowTransform
  /// (points, their step, count, to, step): tap t of the gradient of `count` kernels goes to to[t * step].
  public var gradientOutput:
    @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Int) -> Void

  /// (window, its row step, its column step, channels, to, step): point p of each channel goes to to[p * step].
  public typealias WindowTransform =
    @convention(c) @Sendable (
      UnsafePointer<Float>, Int, Int, Int, UnsafeMutablePointer<Float>, Int
    ) -> Void

  public init(
    two: Transforms, four: Transforms, twoOfFive: Transforms, gradientInput: WindowTransform,
    gradientOutput:
      @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    self.two = two
    self.four = four
    self.twoOfFive = twoOfFive
    self.gradientInput = gradientInput
    self.gradientOutput = gradientOutput
  }

  /// The transforms for one size of tile and of kernel. A tile of `size` x `size` results is gathered from a window of
  /// `side` x `side` pixels, and every pixel of the window becomes one of as many points.
  public struct Transforms: Sendable {
    public var size: Int
    /// Taps a side of the kernel.
    public var taps: Int
    public var input: WindowTransform
    /// (kernel, step of its taps, count, to, step): point p of each of `count` places goes to to[p * step]. The count
    /// is that of whole vectors.
    public var kernel:
      @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Int) -> Void
    /// (points, their step, rows, columns, `TileResult`): the upper left rows and columns of the tile. Pixel (i, j) of
    /// these goes to offsets[i * columns + j]; `TileResult.columns` are its channels, of any number.
    public var output:
      @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, Int, UnsafeRawPointer) -> Void

    public init(
      size: Int, taps: Int, input: WindowTransform,
      kernel:
        @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Int) -> Void,
      output:
        @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, Int, UnsafeRawPointer) -> Void
    ) {
      self.size = size
      self.taps = taps
      self.input = input
      self.kernel = kernel
      self.output = output
    }

    public var side: Int { size + taps - 1 }
    /// Pixels of a window, and points.
    public var points: Int { side * side }
  }
}
