import MartletCore
import Testing

/// The hyperparameters of one axis.
private struct Axis {
  var input: Int
  var kernel: Int
  var stride: Int
  var dilation: Int

  var effective: Int { (kernel - 1) * dilation + 1 }

  static let all: [Axis] = (1...9).flatMap { input in
    (1...4).flatMap { kernel in
      (1...3).flatMap { stride in
        (1...2).map { Axis(input: input, kernel: kernel, stride: stride, dilation: $0) }
      }
    }
  }

  func convolution(_ padding: Padding) -> Convolution {
    Convolution(
      kernelSize: Spatial([kernel]), strides: Spatial([stride]), padding: padding,
      dilationRate: Spatial([dilation]))
  }
}

/// Where the padding of a definition begins, and how many positions there are.
private func definition(_ axis: Axis, _ padding: Padding) -> (before: Int, output: Int) {
  let sides: (Int, Int)
  switch padding {
  case .valid: sides = (0, 0)
  case .same:
    // The least total with which ⌈input / stride⌉ positions fit.
    let wanted = (axis.input + axis.stride - 1) / axis.stride
    var total = 0
    while (0..<wanted).contains(where: { $0 * axis.stride + axis.effective > axis.input + total }) {
      total += 1
    }
    sides = (total / 2, total - total / 2)
  case .full: sides = (axis.effective - 1, axis.effective - 1)
  case .causal: sides = (axis.effective - 1, 0)
  case .explicit(let given): sides = (given[0].before, given[0].after)
  }
  // Slide the window as long as it stays inside.
  var output = 0
  while output * axis.stride + axis.effective <= axis.input + sides.0 + sides.1 { output += 1 }
  return (sides.0, output)
}

private let paddings: [Padding] = [.valid, .same, .full, .causal, .explicit([.init(2, 0)])]

struct ConvolutionTests {
  @Test(arguments: paddings) func sizesFollowTheDefinition(padding: Padding) throws {
    for axis in Axis.all {
      let (before, output) = definition(axis, padding)
      let convolution = axis.convolution(padding)
      guard output > 0 else {
        #expect(throws: ShapeError.self) { try convolution.geometry(input: [2, axis.input, 3], filters: 4) }
        continue
      }
      let geometry = try convolution.geometry(input: [2, axis.input, 3], filters: 4)
      #expect(geometry.output == Extent(1, 1, output), "\(axis)")
      #expect(geometry.paddingBefore == Extent(0, 0, before), "\(axis)")
      #expect(geometry.inputShape == [2, axis.input, 3])
      #expect(geometry.outputShape == [2, output, 4])
      #expect(geometry.kernelShape == [axis.kernel, 3, 4])
      #expect(geometry.multiplyAccumulates == 2 * output * 4 * axis.kernel * 3)
    }
  }

  @Test func everyAxisHasItsOwnNumbers() throws {
    let convolution = Convolution(
      kernelSize: [1, 3, 5], strides: [1, 2, 3], padding: .same, dilationRate: [2, 1, 1], groups: 2)
    let geometry = try convolution.geometry(input: [2, 5, 8, 10, 6], filters: 4)
    #expect(geometry.outputShape == [2, 5, 4, 4, 4])
    #expect(geometry.kernelShape == [1, 3, 5, 3, 4])
    #expect(geometry.paddingBefore == Extent(0, 0, 2))
    #expect(geometry.inputChannelsPerGroup == 3 && geometry.outputChannelsPerGroup == 2)
    let flat = try Convolution(kernelSize: 3).geometry(input: [1, 7, 9, 2], filters: 5)
    #expect(flat.input == Extent(1, 7, 9) && flat.output == Extent(1, 5, 7) && flat.kernel == Extent(1, 3, 3))
  }

  /// The lattices of both passes meet every (input, tap, output) that the definition knows, and each only once.
  @Test(arguments: paddings) func latticesCoverEveryTripleOnce(padding: Padding) throws {
    for axis in Axis.all where definition(axis, padding).output > 0 {
      let geometry = try axis.convolution(padding).geometry(input: [1, axis.input, 1], filters: 1)
      try checkLattices(geometry, "\(axis)")
    }
  }

  @Test func latticesCoverThreeAxes() throws {
    let geometries = [
      try Convolution(kernelSize: [2, 3, 4], strides: [2, 3, 2], padding: .same, dilationRate: [1, 2, 1])
        .geometry(input: [1, 4, 7, 5, 1], filters: 1),
      try Convolution(kernelSize: [3, 2], strides: [2, 4], padding: .full)
        .geometry(input: [1, 6, 3, 1], filters: 1),
      try Convolution(kernelSize: 3, strides: 2, padding: .same)
        .transposedGeometry(input: [1, 3, 4, 1], filters: 1),
    ]
    for geometry in geometries { try checkLattices(geometry, "\(geometry)") }
  }

  private func checkLattices(_ geometry: ConvolutionGeometry, _ what: String) throws {
    var expected: Set<[Int]> = []
    var tap = 0
    for kernel in points(geometry.kernel) {
      for output in points(geometry.output) {
        var input = Extent(repeating: 0)
        for axis in 0..<3 {
          input[axis] =
            output[axis] * geometry.strides[axis] - geometry.paddingBefore[axis]
            + kernel[axis] * geometry.dilation[axis]
        }
        if isInside(input, geometry.input) { expected.insert(triple(input, tap, output)) }
      }
      tap += 1
    }
    for pass in [ConvolutionPass.forward, .backwardData] {
      var met: Set<[Int]> = []
      var results: [Extent] = []
      for lattice in geometry.lattices(for: pass) {
        for step in points(lattice.count) {
          var result = Extent(repeating: 0)
          for axis in 0..<3 { result[axis] = lattice.start[axis] + step[axis] * lattice.step[axis] }
          results.append(result)
          for tap in lattice.taps {
            var source = Extent(repeating: 0)
            for axis in 0..<3 { source[axis] = step[axis] * lattice.sourceStep[axis] + tap.offset[axis] }
            guard isInside(source, pass == .forward ? geometry.input : geometry.output) else { continue }
            let (input, output) = pass == .forward ? (source, result) : (result, source)
            let isNew = met.insert(triple(input, tap.index, output)).inserted
            #expect(isNew, "\(what), \(pass): met twice")
          }
        }
      }
      #expect(met == expected, "\(what), \(pass)")
      // Every point of the result belongs to exactly one lattice.
      let all = points(pass == .forward ? geometry.output : geometry.input)
      #expect(results.count == all.count && Set(results) == Set(all), "\(what), \(pass)")
    }
  }

  private func points(_ extent: Extent) -> [Extent] {
    (0..<extent.depth).flatMap { d in
      (0..<extent.height).flatMap { h in (0..<extent.width).map { Extent(d, h, $0) } }
    }
  }

  private func isInside(_ point: Extent, _ extent: Extent) -> Bool {
    (0..<3).allSatisfy { point[$0] >= 0 && point[$0] < extent[$0] }
  }

  private func triple(_ input: Extent, _ tap: Int, _ output: Extent) -> [Int] {
    [input.depth, input.height, input.width, tap, output.depth, output.height, output.width]
  }

  /// Keras's sizes, of `Conv2DTranspose`, and a geometry whose forward pass leads back to the input.
  @Test func transposedSizes() throws {
    for axis in Axis.all {
      for padding in [Padding.valid, .same] {
        let geometry = try axis.convolution(padding).transposedGeometry(
          input: [2, axis.input, 3], filters: 4)
        let size =
          padding == .same
          ? axis.input * axis.stride : axis.input * axis.stride + max(axis.effective - axis.stride, 0)
        #expect(geometry.inputShape == [2, size, 4], "\(axis) \(padding)")
        #expect(geometry.outputShape == [2, axis.input, 3])
        #expect(geometry.kernelShape == [axis.kernel, 4, 3])
        let back = try axis.convolution(padding).geometry(input: geometry.inputShape, filters: 3)
        #expect(back == geometry, "\(axis) \(padding)")
      }
    }
  }

  /// (input - 1) * stride + effective kernel - 2 * pad + output padding; what `same` takes away is shared anew between
  /// both sides.
  @Test func outputPaddingAddsAtTheEnd() throws {
    let convolution = Convolution(kernelSize: 3, strides: 2, padding: .same)
    for extra in 0..<2 {
      let geometry = try convolution.transposedGeometry(
        input: [1, 5, 5, 1], filters: 2, outputPadding: Spatial([extra]))
      #expect(geometry.inputShape == [1, 9 + extra, 9 + extra, 2])
      #expect(geometry.paddingBefore == Extent(0, 1 - extra, 1 - extra))
    }
    let padded = Convolution(kernelSize: 4, strides: 2, padding: .explicit([.init(1, 1)]))
    #expect(try padded.transposedGeometry(input: [1, 4, 4, 8], filters: 3).inputShape == [1, 8, 8, 3])
    let uneven = Convolution(kernelSize: 4, strides: 2, padding: .explicit([.init(2, 1)]))
    for extra in [nil, 0 as Spatial] {
      let geometry = try uneven.transposedGeometry(input: [1, 4, 4, 8], filters: 3, outputPadding: extra)
      #expect(geometry.inputShape == [1, 7, 7, 3])
    }
  }

  @Test func errorTexts() {
    func text(_ convolution: Convolution, _ input: Shape, filters: Int = 1) -> String {
      do {
        _ = try convolution.geometry(input: input, filters: filters)
        return ""
      } catch { return "\(error)" }
    }
    func transposed(_ convolution: Convolution, _ input: Shape, _ extra: Spatial? = nil) -> String {
      do {
        _ = try convolution.transposedGeometry(input: input, filters: 1, outputPadding: extra)
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      text(Convolution(kernelSize: 5), [1, 4, 4, 1])
        == "kernel 5 does not fit input 4x4 with padding .valid; the smallest input is 5x5, or use padding: .same"
    )
    #expect(
      text(Convolution(kernelSize: [3, 2], dilationRate: 2), [1, 4, 4, 1])
        == "kernel 3x2 with dilation rate 2 does not fit input 4x4 with padding .valid; the smallest input is 5x3, "
        + "or use padding: .same")
    #expect(
      text(Convolution(kernelSize: 3, groups: 2), [1, 4, 4, 3], filters: 4)
        == "channels and filters must divide by groups; received 3 channels, 4 filters, groups 2")
    #expect(
      text(Convolution(kernelSize: 3), [4, 4])
        == "the input needs a batch axis, one to three spatial axes and channels; received 2 axes")
    #expect(
      text(Convolution(kernelSize: [3, 3, 3]), [1, 4, 4, 1]) == "kernel [3, 3, 3] does not fit 2 spatial axes"
    )
    #expect(
      text(Convolution(kernelSize: 3, strides: 0), [1, 4, 1])
        == "kernel, strides and dilation rate must be positive; received [3], [0], [1]")
    #expect(
      text(Convolution(kernelSize: 3, padding: .explicit([.init(-1, 0)])), [1, 4, 1])
        == "padding .explicit(-1+0) does not fit 1 spatial axes")
    #expect(
      transposed(Convolution(kernelSize: 3, strides: 2), [1, 4, 1], 2)
        == "output padding 2 must be smaller than the stride 2")
    #expect(
      transposed(Convolution(kernelSize: 3, padding: .full), [1, 2, 1])
        == "kernel 3 leaves no output for input 2 with padding .full")
    // What a forward convolution refuses, its transposition refuses as well, and never traps.
    #expect(
      transposed(Convolution(kernelSize: 3, padding: .explicit([.init(1, 1), .init(1, 1)])), [1, 4, 1])
        == "padding .explicit(1+1, 1+1) does not fit 1 spatial axes")
    #expect(
      transposed(
        Convolution(kernelSize: 3, padding: .explicit([.init(1, 1), .init(1, 1)])), [1, 4, 4, 4, 1])
        == "padding .explicit(1+1, 1+1) does not fit 3 spatial axes")
    #expect(
      transposed(Convolution(kernelSize: 2, strides: 2, padding: .explicit([.init(3, 3)])), [1, 2, 1], 1)
        == "kernel 2 leaves no output for input 2 with padding .explicit(3+3)")
    #expect(
      transposed(Convolution(kernelSize: 2, strides: 2), [1, 2, 1], [-1])
        == "output padding -1 must not be negative")
  }
}
