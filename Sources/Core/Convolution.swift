/// How much is added around an input before a window slides over it.
public enum Padding: Hashable, Sendable {
  /// Nothing: the window stays inside the input.
  case valid
  /// Keras's `same`: the output has ⌈input / stride⌉ positions; an odd pad is larger at the end.
  case same
  /// Every position at which window and input overlap at all: effective kernel - 1 on both sides.
  case full
  /// Everything at the front: an output sees no later input.
  case causal
  /// Elements before and after each spatial axis.
  case explicit([Sides])

  public struct Sides: Hashable, Sendable {
    public var before: Int
    public var after: Int
    public init(_ before: Int, _ after: Int) {
      self.before = before
      self.after = after
    }
  }

  /// Throws where explicit sides are negative, or neither one for all axes nor one for each.
  func check(rank: Int) throws {
    guard case .explicit(let sides) = self else { return }
    guard sides.count == 1 || sides.count == rank, sides.allSatisfy({ $0.before >= 0 && $0.after >= 0 })
    else {
      throw ShapeError("padding \(self) does not fit \(rank) spatial axes")
    }
  }

  /// The pads of one axis.
  func sides(axis: Int, input: Int, effectiveKernel: Int, stride: Int) -> Sides {
    switch self {
    case .valid: return Sides(0, 0)
    case .same:
      let output = (input + stride - 1) / stride
      let total = max(0, (output - 1) * stride + effectiveKernel - input)
      return Sides(total / 2, total - total / 2)
    case .full: return Sides(effectiveKernel - 1, effectiveKernel - 1)
    case .causal: return Sides(effectiveKernel - 1, 0)
    case .explicit(let sides): return sides.count == 1 ? sides[0] : sides[axis]
    }
  }
}

extension Padding: CustomStringConvertible {
  public var description: String {
    switch self {
    case .valid: ".valid"
    case .same: ".same"
    case .full: ".full"
    case .causal: ".causal"
    case .explicit(let sides):
      ".explicit(\(sides.map { "\($0.before)+\($0.after)" }.joined(separator: ", ")))"
    }
  }
}

/// The hyperparameters of a convolution. `geometry(input:filters:)` resolves them against an input.
public struct Convolution: Hashable, Sendable {
  public var kernelSize: Spatial
  public var strides: Spatial
  public var padding: Padding
  public var dilationRate: Spatial
  public var groups: Int

  public init(
    kernelSize: Spatial, strides: Spatial = 1, padding: Padding = .valid, dilationRate: Spatial = 1,
    groups: Int = 1
  ) {
    self.kernelSize = kernelSize
    self.strides = strides
    self.padding = padding
    self.dilationRate = dilationRate
    self.groups = groups
  }

  /// Resolves the convolution of an input (N, spatial axes, channels) with `filters` kernels.
  ///
  /// - Throws: `ShapeError` where the input's rank, the channels, the groups or the sizes do not fit.
  public func geometry(input: Shape, filters: Int) throws -> ConvolutionGeometry {
    let sliding = try SlidingWindow(
      input: input, window: kernelSize, strides: strides, padding: padding, dilationRate: dilationRate,
      what: "kernel")
    let channels = input[-1]
    guard groups > 0, channels % groups == 0, filters % groups == 0, filters > 0 else {
      throw ShapeError(
        "channels and filters must divide by groups; received \(channels) channels, \(filters) filters, "
          + "groups \(groups)")
    }
    return ConvolutionGeometry(
      spatialRank: sliding.rank, batch: input[0], input: sliding.input, output: sliding.output,
      kernel: sliding.window, strides: sliding.strides, dilation: sliding.dilation,
      paddingBefore: sliding.paddingBefore, inputChannels: channels, outputChannels: filters, groups: groups)
  }

  /// Resolves the transposed convolution of an input (N, spatial axes, channels) to `filters` channels: the geometry
  /// of the convolution whose backward-data pass it is, so its `output` is this operation's input and its `input`
  /// this operation's output. Output sizes are Keras's; `outputPadding` adds positions at the end, with `.same` evenly
  /// at both sides and an odd one at the end, as Keras does.
  ///
  /// - Throws: `ShapeError` where the input's rank, the channels, the groups or the sizes do not fit.
  public func transposedGeometry(
    input: Shape, filters: Int, outputPadding: Spatial? = nil
  ) throws -> ConvolutionGeometry {
    let rank = input.rank - 2
    let axes = try WindowAxes(
      inputRank: input.rank, window: kernelSize, strides: strides, dilationRate: dilationRate, what: "kernel")
    try padding.check(rank: rank)
    guard let extra = outputPadding.map({ $0.expanded(to: rank) }) ?? [] else {
      throw ShapeError("output padding \(outputPadding!) does not fit \(rank) spatial axes")
    }
    var larger = Extent(repeating: 1)
    var before = Extent(repeating: 0)
    for axis in 0..<rank {
      let stride = axes.strides[axis]
      let effective = (axes.window[axis] - 1) * axes.dilation[axis] + 1
      let size = input[axis + 1]
      let position = 3 - rank + axis
      if outputPadding != nil {
        guard extra[axis] >= 0 else {
          throw ShapeError("output padding \(extra[axis]) must not be negative")
        }
        guard extra[axis] < stride else {
          throw ShapeError("output padding \(extra[axis]) must be smaller than the stride \(stride)")
        }
        let pads =
          padding == .same
          ? Padding.Sides(effective / 2, effective / 2)
          : padding.sides(axis: axis, input: size, effectiveKernel: effective, stride: stride)
        larger[position] = (size - 1) * stride + effective - pads.before - pads.after + extra[axis]
        // Keras shares what `same` takes away between both sides of the enlarged output.
        before[position] = padding == .same ? max(0, 2 * pads.before - extra[axis]) / 2 : pads.before
      } else {
        switch padding {
        case .valid: larger[position] = size * stride + max(effective - stride, 0)
        case .same, .causal: larger[position] = size * stride
        case .full: larger[position] = size * stride - (stride + effective - 2)
        case .explicit(let sides):
          let side = sides.count == 1 ? sides[0] : sides[axis]
          larger[position] = (size - 1) * stride + effective - side.before - side.after
        }
        before[position] =
          padding.sides(
            axis: axis, input: larger[position], effectiveKernel: effective, stride: stride
          ).before
      }
      guard larger[position] > 0 else {
        throw ShapeError(
          "kernel \(axes.window[axis]) leaves no output for input \(size) with padding \(padding)")
      }
    }
    let channels = input[-1]
    guard groups > 0, channels % groups == 0, filters % groups == 0, filters > 0 else {
      throw ShapeError(
        "channels and filters must divide by groups; received \(channels) channels, \(filters) filters, "
          + "groups \(groups)")
    }
    return ConvolutionGeometry(
      spatialRank: rank, batch: input[0], input: larger,
      output: Extent(input.sizes[1..<(rank + 1)].map { $0 }, filler: 1),
      kernel: Extent(axes.window, filler: 1), strides: Extent(axes.strides, filler: 1),
      dilation: Extent(axes.dilation, filler: 1), paddingBefore: before, inputChannels: filters,
      outputChannels: channels, groups: groups)
  }
}

/// A convolution with every size known: all that a device needs to run any of its three passes.
///
///     y[n, o, f] = Σ_t Σ_c  x[n, o * stride - paddingBefore + t * dilation, c] * w[t, c, f]
///
/// x is (N, input, inputChannels), y is (N, output, outputChannels), w is (kernel, inputChannels / groups,
/// outputChannels).
public struct ConvolutionGeometry: Hashable, Sendable {
  /// 1, 2 or 3: how many of the extents' axes the arrays really have.
  public var spatialRank: Int
  public var batch: Int
  public var input: Extent
  public var output: Extent
  public var kernel: Extent
  public var strides: Extent
  public var dilation: Extent
  public var paddingBefore: Extent
  public var inputChannels: Int
  public var outputChannels: Int
  public var groups: Int

  @inlinable public var inputChannelsPerGroup: Int { inputChannels / groups }
  @inlinable public var outputChannelsPerGroup: Int { outputChannels / groups }

  public var inputShape: Shape { shape(input, inputChannels) }
  public var outputShape: Shape { shape(output, outputChannels) }
  public var kernelShape: Shape {
    Shape(spatial(kernel) + [inputChannelsPerGroup, outputChannels])
  }

  /// All numbers mixed into one: every convolution of every step is looked up by its geometry.
  public func hash(into hasher: inout Hasher) {
    var mixed = QuickHash()
    mixed.combine(input)
    mixed.combine(output)
    mixed.combine(kernel)
    mixed.combine(strides)
    mixed.combine(dilation)
    mixed.combine(paddingBefore)
    mixed.combine(spatialRank)
    mixed.combine(batch)
    mixed.combine(inputChannels)
    mixed.combine(outputChannels)
    mixed.combine(groups)
    hasher.combine(mixed.value)
  }

  /// Multiply-accumulates of any one pass.
  public var multiplyAccumulates: Int {
    batch * output.count * outputChannels * kernel.count * inputChannelsPerGroup
  }

  private func spatial(_ extent: Extent) -> [Int] { (3 - spatialRank..<3).map { extent[$0] } }
  private func shape(_ extent: Extent, _ channels: Int) -> Shape {
    Shape([batch] + spatial(extent) + [channels])
  }
}

/// The three operations that a convolution and its derivatives consist of. Each is the derivative of the others, and
/// transposed convolution is `backwardData`.
public enum ConvolutionPass: UInt8, Hashable, Sendable {
  /// (x, w) → y
  case forward
  /// (dy, w) → dx
  case backwardData
  /// (x, dy) → dw
  case backwardKernel
}

/// A regular set of points of the result, and the kernel taps that reach them. Forward is one lattice; backward-data
/// with strides is one lattice for each remainder, and every tap belongs to exactly one.
///
///     result[start + i * step] = Σ_taps  source[i * sourceStep + tap.offset] · kernel[tap.index]
///
/// for 0 <= i < count, where sources outside the array count as zero.
public struct Lattice: Sendable {
  public struct Tap: Sendable {
    /// Position in the kernel's spatial axes, flattened.
    public var index: Int
    public var offset: Extent
  }
  public var start: Extent
  public var step: Extent
  public var count: Extent
  public var sourceStep: Extent
  public var taps: [Tap]
}

extension ConvolutionGeometry {
  /// The lattices of the forward pass (source x, result y) or of backward-data (source dy, result x).
  public func lattices(for pass: ConvolutionPass) -> [Lattice] {
    switch pass {
    case .forward, .backwardKernel:
      var taps: [Lattice.Tap] = []
      forEachTap { index, tap in
        taps.append(
          Lattice.Tap(
            index: index,
            offset: Extent(
              tap.depth * dilation.depth - paddingBefore.depth,
              tap.height * dilation.height - paddingBefore.height,
              tap.width * dilation.width - paddingBefore.width)))
      }
      return [
        Lattice(
          start: Extent(repeating: 0), step: Extent(repeating: 1), count: output, sourceStep: strides,
          taps: taps)
      ]
    case .backwardData:
      var lattices: [Lattice] = []
      for d in 0..<min(strides.depth, input.depth) {
        for h in 0..<min(strides.height, input.height) {
          for w in 0..<min(strides.width, input.width) { lattices.append(backwardLattice(Extent(d, h, w))) }
        }
      }
      return lattices
    }
  }

  /// The input positions whose remainder modulo the strides is `start`.
  private func backwardLattice(_ start: Extent) -> Lattice {
    var count = Extent(repeating: 0)
    for axis in 0..<3 { count[axis] = (input[axis] - start[axis] + strides[axis] - 1) / strides[axis] }
    var taps: [Lattice.Tap] = []
    forEachTap { index, tap in
      var offset = Extent(repeating: 0)
      for axis in 0..<3 {
        let distance = start[axis] + paddingBefore[axis] - tap[axis] * dilation[axis]
        guard distance % strides[axis] == 0 else { return }
        offset[axis] = distance / strides[axis]
      }
      taps.append(Lattice.Tap(index: index, offset: offset))
    }
    return Lattice(
      start: start, step: strides, count: count, sourceStep: Extent(repeating: 1), taps: taps)
  }

  private func forEachTap(_ body: (Int, Extent) -> Void) {
    var index = 0
    for d in 0..<kernel.depth {
      for h in 0..<kernel.height {
        for w in 0..<kernel.width {
          body(index, Extent(d, h, w))
          index += 1
        }
      }
    }
  }
}
