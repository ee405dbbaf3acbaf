/// Window, strides and dilation of an operation, one number for each spatial axis.
struct WindowAxes {
  var window: [Int]
  var strides: [Int]
  var dilation: [Int]

  init(
    inputRank: Int, window: Spatial, strides: Spatial, dilationRate: Spatial, what: String
  ) throws {
    let rank = inputRank - 2
    guard (1...3).contains(rank) else {
      throw ShapeError(
        "the input needs a batch axis, one to three spatial axes and channels; received \(inputRank) axes")
    }
    guard let window = window.expanded(to: rank) else {
      throw ShapeError("\(what) \(window) does not fit \(rank) spatial axes")
    }
    guard let strides = strides.expanded(to: rank) else {
      throw ShapeError("strides \(strides) do not fit \(rank) spatial axes")
    }
    guard let dilation = dilationRate.expanded(to: rank) else {
      throw ShapeError("dilation rate \(dilationRate) does not fit \(rank) spatial axes")
    }
    guard (window + strides + dilation).allSatisfy({ $0 > 0 }) else {
      throw ShapeError(
        "\(what), strides and dilation rate must be positive; received \(window), \(strides), \(dilation)")
    }
    self.window = window
    self.strides = strides
    self.dilation = dilation
  }
}

/// A window that slides over the spatial axes of an input, resolved: shared by convolution and pooling.
struct SlidingWindow {
  var rank: Int
  var input: Extent
  var output = Extent(repeating: 1)
  var window: Extent
  var strides: Extent
  var dilation: Extent
  var paddingBefore = Extent(repeating: 0)

  init(
    input shape: Shape, window: Spatial, strides: Spatial, padding: Padding, dilationRate: Spatial = 1,
    what: String
  ) throws {
    let axes = try WindowAxes(
      inputRank: shape.rank, window: window, strides: strides, dilationRate: dilationRate, what: what)
    rank = shape.rank - 2
    input = Extent(Array(shape.sizes[1..<(rank + 1)]), filler: 1)
    self.window = Extent(axes.window, filler: 1)
    self.strides = Extent(axes.strides, filler: 1)
    dilation = Extent(axes.dilation, filler: 1)
    try padding.check(rank: rank)
    for axis in 0..<rank {
      let position = 3 - rank + axis
      let effective = (axes.window[axis] - 1) * axes.dilation[axis] + 1
      let sides = padding.sides(
        axis: axis, input: input[position], effectiveKernel: effective, stride: axes.strides[axis])
      let padded = input[position] + sides.before + sides.after
      guard padded >= effective else {
        throw Self.doesNotFit(axes, shape: shape, rank: rank, padding: padding, what: what)
      }
      output[position] = (padded - effective) / axes.strides[axis] + 1
      paddingBefore[position] = sides.before
    }
  }

  private static func doesNotFit(
    _ axes: WindowAxes, shape: Shape, rank: Int, padding: Padding, what: String
  ) -> ShapeError {
    func text(_ values: [Int]) -> String {
      Set(values).count == 1 ? "\(values[0])" : values.map(String.init).joined(separator: "x")
    }
    let effective = (0..<rank).map { (axes.window[$0] - 1) * axes.dilation[$0] + 1 }
    let dilated = Set(axes.dilation) == [1] ? "" : " with dilation rate \(text(axes.dilation))"
    let input = shape.sizes[1..<(rank + 1)].map(String.init).joined(separator: "x")
    let smallest = effective.map(String.init).joined(separator: "x")
    return ShapeError(
      "\(what) \(text(axes.window))\(dilated) does not fit input \(input) with padding \(padding); "
        + "the smallest input is \(smallest), or use padding: .same")
  }
}
