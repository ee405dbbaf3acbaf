/// The transforms of Winograd convolution, whose products are left to the tiles of `MatrixKernels`.
public struct WinogradKernels: Sendable {
  /// Tiles of 2 x 2 and of 4 x 4 results of a 3 x 3 kernel.
  public var two: Transforms
  public var four: Transforms

  public init(two: Transforms, four: Transforms) {
    self.two = two
    self.four = four
  }

  /// The transforms for one size of tile. A tile of `size` x `size` results is gathered from a window of `size` + 2
  /// pixels a side, and every pixel of the window becomes one of as many points.
  public struct Transforms: Sendable {
    public var size: Int
    /// (window, its row step, its column step, channels, to, step): point p of each channel goes to to[p * step].
    public var input:
      @convention(c) @Sendable (
        UnsafePointer<Float>, Int, Int, Int, UnsafeMutablePointer<Float>, Int
      ) -> Void
    /// (kernel, step of its taps, count, to, step): point p of each of `count` places goes to to[p * step]. The count
    /// is that of whole vectors.
    public var kernel:
      @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Int) -> Void
    /// (points, their step, rows, columns, `TileResult`): the upper left rows and columns of the tile. Pixel (i, j) of
    /// these goes to offsets[i * columns + j]; `TileResult.columns` are its channels, of any number.
    public var output:
      @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, Int, UnsafeRawPointer) -> Void

    public init(
      size: Int,
      input:
        @convention(c) @Sendable (
          UnsafePointer<Float>, Int, Int, Int, UnsafeMutablePointer<Float>, Int
        ) -> Void,
      kernel:
        @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Int) -> Void,
      output:
        @convention(c) @Sendable (UnsafePointer<Float>, Int, Int, Int, UnsafeRawPointer) -> Void
    ) {
      self.size = size
      self.input = input
      self.kernel = kernel
      self.output = output
    }

    /// Pixels of a window, and points.
    public var points: Int { (size + 2) * (size + 2) }
  }
}
