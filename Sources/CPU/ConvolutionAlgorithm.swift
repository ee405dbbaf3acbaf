import MartletCore

/// Ways to run a convolution. They differ in speed and in rounding, and in nothing else.
///
/// The root mean square of the error against float64, for uniform random numbers and a 3 x 3 kernel, in units of the
/// result's own root mean square (`WinogradTests` checks them, for every instruction set). Forward and backward-data
/// sum over channels, of which there are many or few; backward-kernel sums over pixels, here 14 x 14 of one picture:
///
///     channels            4       32      256   backward-kernel
///     direct         1.0e-7   2.9e-7   8.3e-7            2.4e-7
///     winograd2      1.2e-7   2.1e-7   5.1e-7
///     winograd4      4.8e-7   6.9e-7    15e-7            5.3e-7
///     5 x 5: direct  1.7e-7   4.6e-7    13e-7
///     winograd2      5.3e-7   7.7e-7    17e-7
///
/// That is for sixteen results side by side, which make a tile of the widest vectors, in pictures whose edges cut the
/// tiles of Winograd's algorithms. The direct ways for fewer results sum in other orders and were not measured.
public enum ConvolutionAlgorithm: String, Hashable, Sendable, CaseIterable {
  /// Every product of the definition. Works always, and is what strict accuracy asks for.
  case direct
  /// Winograd's F(2 x 2, 3 x 3): 16 products for 4 results instead of 36; and F(2 x 2, 5 x 5): 36 instead of 100.
  case winograd2
  /// Winograd's F(4 x 4, 3 x 3): 36 products for 16 results instead of 144.
  case winograd4

  /// Results a side of a tile.
  var tileSize: Int { self == .winograd4 ? 4 : 2 }

  /// Whether it can run a pass of a convolution at all.
  func canRun(_ pass: ConvolutionPass, _ g: ConvolutionGeometry) -> Bool {
    if self == .direct { return true }
    let side = g.kernel.width
    guard g.kernel.height == side, side == 3 || side == 5 && self == .winograd2,
      g.strides == Extent(repeating: 1), g.dilation == Extent(repeating: 1), g.groups == 1
    else { return false }
    // Backward-kernel has F(3 x 3, 4 x 4) of flat kernels.
    return pass != .backwardKernel
      || self == .winograd4 && g.kernel.depth == 1 && g.input.depth == g.output.depth
        && g.paddingBefore.depth == 0
  }

  /// The fastest one for a pass by `cost`, which must be a tenth better than the direct one to be worth its rounding.
  public init(for pass: ConvolutionPass, _ geometry: ConvolutionGeometry) {
    self = .direct
    let others = [Self.winograd2, .winograd4].filter { $0.canRun(pass, geometry) }
    guard !others.isEmpty else { return }
    var least = Self.direct.cost(pass, geometry) * 0.9
    for algorithm in others {
      let cost = algorithm.cost(pass, geometry)
      if cost < least {
        self = algorithm
        least = cost
      }
    }
  }

  /// About how long a convolution takes, in multiply-adds. The factors were fitted to `martlet-bench winograd`;
  /// they hold for all instruction sets, because all steps run in vectors.
  func cost(_ pass: ConvolutionPass, _ g: ConvolutionGeometry) -> Double {
    let isForward = pass != .backwardData
    let depth = isForward ? g.inputChannels : g.outputChannels
    let columns = isForward ? g.outputChannels : g.inputChannels
    let result = isForward ? g.output : g.input
    let images = g.batch * result.depth
    // Vectors of the widest kind are always computed whole.
    let paddedDepth = (depth + 15) / 16 * 16
    let paddedColumns = (columns + 15) / 16 * 16
    if self == .direct {
      let places = g.batch * g.validTaps(axis: 0) * g.validTaps(axis: 1) * g.validTaps(axis: 2)
      let products = places * depth * paddedColumns
      let results = images * result.count / result.depth * paddedColumns
      return 1.1 * Double(products) + 40 * Double(results) + 36
        * Double(g.kernel.count * depth * paddedColumns)
    }
    let side = tileSize + g.kernel.width - 1
    let points = side * side
    let tiles =
      images * ((result.height + tileSize - 1) / tileSize) * ((result.width + tileSize - 1) / tileSize)
    // Each slice of the kernel in depth has products, and points of the picture, of its own.
    let products = (tiles + 5) / 6 * 6 * g.kernel.depth * depth * paddedColumns
    let transforms = tiles * (g.kernel.depth * paddedDepth + paddedColumns)
    let kernel = g.kernel.depth * depth * paddedColumns
    // The more points, the more memory; and backward-kernel's own sums are read and written again and again.
    let (product, transform, element) =
      pass == .backwardKernel ? (1.15, 22.0, 42.0) : points == 36 ? (1.15, 16, 24) : (1, 16, 20)
    return Double(points)
      * (product * Double(products) + transform * Double(transforms) + element * Double(kernel))
  }
}

extension ConvolutionGeometry {
  /// How far before the source of a pass with strides and dilations of 1 the first of its windows begins.
  func before(_ pass: ConvolutionPass) -> Extent {
    let padding = paddingBefore
    guard pass == .backwardData else { return padding }
    return Extent(
      kernel.depth - 1 - padding.depth, kernel.height - 1 - padding.height, kernel.width - 1 - padding.width)
  }

  /// Pairs of a result and a tap along one axis whose source is inside the input, for strides and dilations of 1.
  fileprivate func validTaps(axis: Int) -> Int {
    (0..<kernel[axis]).reduce(0) { sum, tap in
      let first = max(0, paddingBefore[axis] - tap)
      let end = min(output[axis], input[axis] + paddingBefore[axis] - tap)
      return sum + max(0, end - first)
    }
  }
}
