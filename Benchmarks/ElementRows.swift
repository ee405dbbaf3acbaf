import MartletCore

extension ElementsCommand {
  static var reductions: [Row] {
    let sizes: [(String, Reduction)] = [
      ("sum of 16M", Reduction(.sum, outer: 1, length: 1 << 24, inner: 1)),
      ("maximum of 16M", Reduction(.maximum, outer: 1, length: 1 << 24, inner: 1)),
      ("sum of rows of 1000", Reduction(.sum, outer: 16384, length: 1000, inner: 1)),
      ("sum of rows of 10", Reduction(.sum, outer: 1 << 20, length: 10, inner: 1)),
      ("bias gradient of 64 channels", Reduction(.sum, outer: 1, length: 1 << 18, inner: 64)),
      ("bias gradient of 10 channels", Reduction(.sum, outer: 1, length: 1 << 20, inner: 10)),
      ("bias gradient of 3 channels", Reduction(.sum, outer: 1, length: 1 << 22, inner: 3)),
      ("mean of 49 places of 512 channels", Reduction(.sum, outer: 256, length: 49, inner: 512)),
      ("argMaximum of rows of 1000", Reduction(.argMaximum, outer: 16384, length: 1000, inner: 1)),
    ]
    return sizes.map { name, reduction in
      let shape: Shape = [reduction.outer, reduction.length, reduction.inner]
      let isPlace = reduction.kind == .argMaximum
      return Row(name: name, bytes: shape.count * 4) { device in
        try Workload(
          device, .reduction(reduction, of: nil), inputs: [.array(device, shape)],
          outputs: [.array(device, [reduction.outer, reduction.inner], isPlace ? .int32 : .float32)])
      }
    }
  }

  static var pooling: [Row] {
    let sizes: [(Shape, Int, Int)] = [
      ([128, 112, 112, 64], 3, 2), ([128, 56, 56, 64], 2, 2), ([128, 26, 26, 32], 2, 2),
      ([512, 56, 56, 3], 2, 2),
    ]
    return sizes.flatMap { shape, window, stride in
      [Pooling.Kind.max, .average].flatMap { kind -> [Row] in
        let pooling = Pooling(
          kind, poolSize: Spatial([window, window]), strides: Spatial([stride, stride]), padding: .same)
        guard let g = try? pooling.geometry(input: shape) else { preconditionFailure("\(shape)") }
        let bytes = (shape.count + (kind == .max ? 2 : 1) * g.outputShape.count) * 4
        return [PoolingPass.forward, .backward].map { pass in
          let suffix = pass == .forward ? "" : " backward"
          return Row(name: "\(kind) pool \(window)x\(window)/\(stride) \(shape)\(suffix)", bytes: bytes) {
            try Workload($0, pass, g)
          }
        }
      }
    }
  }

  static var normalization: [Row] {
    [3, 16, 64, 512].flatMap { channels -> [Row] in
      let shape: Shape = [(1 << 23) / channels, channels]
      let name = "batch norm of \(channels) channels"
      return [
        Row(name: name, bytes: 3 * shape.count * 4) { try Workload($0, normalizing: shape, .forward) },
        Row(name: name + " backward", bytes: 5 * shape.count * 4) {
          try Workload($0, normalizing: shape, .forwardBackward)
        },
      ]
    }
      + [10, 1000].map { classes in
        let shape: Shape = [(1 << 22) / classes, classes]
        return Row(name: "softmax of \(classes) classes", bytes: 2 * shape.count * 4) {
          try Workload($0, .softmax(logarithm: false), inputs: [shape], output: shape)
        }
      }
  }

  static var movement: [Row] {
    let shape: Shape = [64, 56, 56, 64]
    let plane = 56 * 56
    let pieces: [(String, StridedCopy.Piece)] = [
      ("copy", .init(shape: [shape.count], inputStrides: [1], outputStrides: [1])),
      (
        "channels first",
        .init(
          shape: [64, 64, plane], inputStrides: [plane * 64, 1, 64], outputStrides: [plane * 64, plane, 1])
      ),
      ("transpose", .init(shape: [2048, 6272], inputStrides: [1, 2048], outputStrides: [6272, 1])),
      (
        "flip",
        .init(
          shape: [64 * 56, 56, 64], inputOffset: 55 * 64, inputStrides: [56 * 64, -64, 1],
          outputStrides: [56 * 64, 64, 1])
      ),
    ]
    func row(_ name: String, arrays: Int, _ primitive: Primitive, _ numbers: [Operand]) -> Row {
      Row(name: name, bytes: arrays * shape.count * 4) { device in
        let x = arrays > 1 ? [try Operand.array(device, shape)] : []
        return try Workload(device, primitive, inputs: x + numbers, outputs: [.array(device, shape)])
      }
    }
    let zero = Operand.scalar(0 as Float)
    return pieces.map { row($0, arrays: 2, .copy(StridedCopy([$1])), [zero]) }
      + [row("fill", arrays: 1, .fill, [zero])]
      + Distribution.allCases.map {
        row("random \($0)", arrays: 1, .random($0), [.scalar(1 as Int32), .scalar(2 as Int32)])
      }
  }
}

extension Workload {
  /// One pass of a pooling; the places of maxima are those of a forward pass.
  fileprivate init(_ device: any Device, _ pass: PoolingPass, _ g: PoolingGeometry) throws {
    let (x, y) = (try Operand.array(device, g.inputShape), try Operand.array(device, g.outputShape))
    let places = g.kind == .max ? [try Operand.array(device, g.outputShape, .int32)] : []
    let forward = Workload(device, .pooling(.forward, g), inputs: [x], outputs: [y] + places)
    if pass == .backward { try forward.run() }
    self =
      pass == .forward ? forward : Workload(device, .pooling(pass, g), inputs: [y] + places, outputs: [x])
  }

  /// Batch normalisation, or its gradient around the moments of a forward pass.
  fileprivate init(_ device: any Device, normalizing shape: Shape, _ pass: Pass) throws {
    let (x, y) = (try Operand.array(device, shape), try Operand.array(device, shape))
    let epsilon = Operand.scalar(1e-3 as Float)
    let rows = try (0..<6).map { _ in try Operand.array(device, [shape[-1]]) }
    let (gamma, beta, mean, variance) = (rows[0], rows[1], rows[2], rows[3])
    let forward = Workload(
      device, .batchNormalization(.none), inputs: [x, gamma, beta, epsilon], outputs: [y, mean, variance])
    if pass == .forward {
      self = forward
    } else {
      try forward.run()
      try self.init(
        device, .batchNormalizationBackward(isRectified: false),
        inputs: [y, x, gamma, mean, variance, epsilon],
        outputs: [.array(device, shape), rows[4], rows[5]])
    }
  }
}
