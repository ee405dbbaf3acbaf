import ArgumentParser
import MartletCPU
import MartletCore

struct ElementsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "elements", abstract: "Everything but matrix products, in bytes moved a second.")
  @OptionGroup var options: DeviceOptions
  @Option(help: "Only rows whose name contains this.") var only: String?

  /// A row of the table: bytes are those that must be read and written once.
  struct Row {
    var name: String
    var bytes: Int
    var workload: Workload
  }

  func run() throws {
    let device = try options.device()
    let rows = try self.rows(on: device).filter { row in only.map { row.name.contains($0) } ?? true }
    let triad = try Workload(
      device, .elementwise(.single(.multiplyAdd)),
      inputs: [Operand.array(device, [1 << 24]), .scalar(3 as Float), .array(device, [1 << 24])],
      outputs: [.array(device, [1 << 24])])
    let times = try medians([triad] + rows.map(\.workload), options)
    let peak = 3 * Double(4 << 24) / times[0]
    print("\(device.summary), triad \(column(peak / 1e9)) GB/s")
    print(column("", width: 44) + "       us     GB/s  % of triad")
    for (row, time) in zip(rows, times.dropFirst()) {
      let rate = Double(row.bytes) / time
      print(
        column(row.name, width: 44) + column(time * 1e6) + column(rate / 1e9)
          + column(100 * rate / peak, digits: 0))
    }
  }

  private func rows(on device: CPUDevice) throws -> [Row] {
    try elementwise(device) + reductions(device) + networks(device) + movement(device)
  }

  private func elementwise(_ device: CPUDevice) throws -> [Row] {
    let large: Shape = [1 << 24]
    let small: Shape = [1 << 14]
    var rows: [Row] = []
    for (shape, place) in [(large, "memory"), (small, "cache")] {
      let (x, y, z) = try (
        Operand.array(device, shape), Operand.array(device, shape), Operand.array(device, shape)
      )
      func row(_ name: String, _ opcode: ElementwiseOpcode, _ inputs: [Operand], arrays: Int) {
        let workload = Workload(device, .elementwise(.single(opcode)), inputs: inputs, outputs: [z])
        rows.append(Row(name: "\(name), \(place)", bytes: arrays * shape.count * 4, workload: workload))
      }
      row("relu", .relu, [x], arrays: 2)
      row("add", .add, [x, y], arrays: 3)
      row("multiply by a number", .multiply, [x, .scalar(0.5 as Float)], arrays: 2)
      for opcode in [ElementwiseOpcode.exp, .log, .tanh, .sigmoid, .erf, .sin, .squareRoot] {
        row("\(opcode)", opcode, [x], arrays: 2)
      }
      row("power 2.5", .power, [x, .scalar(2.5 as Float)], arrays: 2)
    }
    let images: Shape = [128, 56, 56, 64]
    let (x, bias, y) = try (
      Operand.array(device, images), Operand.array(device, [64]), Operand.array(device, images)
    )
    rows.append(
      Row(
        name: "add a bias of 64 channels", bytes: 2 * images.count * 4,
        workload: Workload(device, .elementwise(.single(.add)), inputs: [x, bias], outputs: [y])))
    let apply = ElementwiseProgram(
      inputCount: 3, instructions: [.init(.multiplyAdd, 0, 1, 2), .init(.relu, 3)], results: [4])
    rows.append(
      Row(
        name: "scale, shift, relu of 64 channels", bytes: 2 * images.count * 4,
        workload: Workload(device, .elementwise(apply), inputs: [x, bias, bias], outputs: [y])))
    for millions in [4, 16] {
      let weights: Shape = [millions << 20]
      let arrays = try (0..<4).map { _ in try Operand.array(device, weights) }
      rows.append(
        Row(
          name: "Adam, \(millions)M weights in place", bytes: 7 * weights.count * 4,
          workload: Workload(
            device, .elementwise(adam),
            inputs: arrays + [0.001, 0.9, 0.1, 0.999, 0.001, 1e-7].map { .scalar($0) },
            outputs: [arrays[0], arrays[2], arrays[3]])))
    }
    return rows
  }

  /// Registers: 0 weight, 1 gradient, 2 mean, 3 square, 4 rate, 5 beta1, 6 1 - beta1, 7 beta2, 8 1 - beta2, 9 epsilon.
  private var adam: ElementwiseProgram {
    ElementwiseProgram(
      inputCount: 10,
      instructions: [
        .init(.multiply, 1, 6), .init(.multiplyAdd, 2, 5, 10), .init(.square, 1), .init(.multiply, 12, 8),
        .init(.multiplyAdd, 3, 7, 13), .init(.absolute, 14), .init(.squareRoot, 15), .init(.add, 16, 9),
        .init(.divide, 11, 17), .init(.multiply, 18, 4), .init(.subtract, 0, 19),
      ], results: [20, 11, 14])
  }

  private func reductions(_ device: CPUDevice) throws -> [Row] {
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
    return try sizes.map { name, reduction in
      let shape: Shape = [reduction.outer, reduction.length, reduction.inner]
      let isPlace = reduction.kind == .argMaximum
      return try Row(
        name: name, bytes: shape.count * 4,
        workload: Workload(
          device, .reduction(reduction, of: nil), inputs: [.array(device, shape)],
          outputs: [.array(device, [reduction.outer, reduction.inner], isPlace ? .int32 : .float32)]))
    }
  }

  private func networks(_ device: CPUDevice) throws -> [Row] {
    var rows: [Row] = []
    for (shape, window, stride): (Shape, Int, Int) in [
      ([128, 112, 112, 64], 3, 2), ([128, 56, 56, 64], 2, 2), ([128, 26, 26, 32], 2, 2),
      ([512, 56, 56, 3], 2, 2),
    ] {
      for kind in [Pooling.Kind.max, .average] {
        let g = try Pooling(
          kind, poolSize: Spatial([window, window]), strides: Spatial([stride, stride]), padding: .same
        )
        .geometry(input: shape)
        let name = "\(kind) pool \(window)x\(window)/\(stride) \(shape)"
        let (x, y, dx) = try (
          Operand.array(device, shape), Operand.array(device, g.outputShape), Operand.array(device, shape)
        )
        let places = kind == .max ? [try Operand.array(device, g.outputShape, .int32)] : []
        let forward = Workload(device, .pooling(.forward, g), inputs: [x], outputs: [y] + places)
        try forward.run()
        let bytes = (shape.count + (kind == .max ? 2 : 1) * g.outputShape.count) * 4
        rows.append(Row(name: name, bytes: bytes, workload: forward))
        rows.append(
          Row(
            name: name + " backward", bytes: bytes,
            workload: Workload(device, .pooling(.backward, g), inputs: [y] + places, outputs: [dx])))
      }
    }
    for channels in [3, 16, 64, 512] {
      let shape: Shape = [(1 << 23) / channels, channels]
      let (x, dy, y) = try (
        Operand.array(device, shape), Operand.array(device, shape), Operand.array(device, shape)
      )
      let parameters = try (0..<6).map { _ in try Operand.array(device, [channels]) }
      let (gamma, mean, variance) = (parameters[0], parameters[2], parameters[3])
      let forward = Workload(
        device, .batchNormalization(.none), inputs: [x, gamma, parameters[1], .scalar(1e-3 as Float)],
        outputs: [y, mean, variance])
      try forward.run()
      let name = "batch norm of \(channels) channels"
      rows.append(Row(name: name, bytes: 3 * shape.count * 4, workload: forward))
      rows.append(
        Row(
          name: name + " backward", bytes: 5 * shape.count * 4,
          workload: Workload(
            device, .batchNormalizationBackward(isRectified: false),
            inputs: [dy, x, gamma, mean, variance, .scalar(1e-3 as Float)],
            outputs: [y, parameters[4], parameters[5]])))
    }
    for classes in [10, 1000] {
      let shape: Shape = [(1 << 22) / classes, classes]
      let (x, y) = try (Operand.array(device, shape), Operand.array(device, shape))
      rows.append(
        Row(
          name: "softmax of \(classes) classes", bytes: 2 * shape.count * 4,
          workload: Workload(device, .softmax(logarithm: false), inputs: [x], outputs: [y])))
    }
    return rows
  }

  private func movement(_ device: CPUDevice) throws -> [Row] {
    let shape: Shape = [64, 56, 56, 64]
    let (x, y) = try (Operand.array(device, shape), Operand.array(device, shape))
    let count = shape.count
    let plane = 56 * 56
    let pieces: [(String, StridedCopy.Piece)] = [
      ("copy", .init(shape: [count], inputStrides: [1], outputStrides: [1])),
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
    var rows = pieces.map { name, piece in
      Row(
        name: name, bytes: 2 * piece.shape.count * 4,
        workload: Workload(
          device, .copy(StridedCopy([piece])), inputs: [x, .scalar(0 as Float)], outputs: [y]))
    }
    rows.append(
      Row(
        name: "fill", bytes: count * 4,
        workload: Workload(device, .fill, inputs: [.scalar(0 as Float)], outputs: [y])))
    for distribution in Distribution.allCases {
      rows.append(
        Row(
          name: "random \(distribution)", bytes: count * 4,
          workload: Workload(
            device, .random(distribution), inputs: [.scalar(1 as Int32), .scalar(2 as Int32)], outputs: [y])))
    }
    return rows
  }
}

extension Operand {
  /// An array with numbers between 0 and 1.
  static func array(_ device: CPUDevice, _ shape: Shape, _ dtype: DType = .float32) throws
    -> Operand
  {
    let operand = Operand(try device.allocate(byteCount: shape.count * 4), shape: shape, dtype: dtype)
    try device.encode(
      .random(.uniform), inputs: [.scalar(3 as Int32), .scalar(4 as Int32)], outputs: [operand])
    return operand
  }
}

extension Workload {
  init(_ device: CPUDevice, _ primitive: Primitive, inputs: [Operand], outputs: [Operand]) {
    self.device = device
    self.primitive = primitive
    self.inputs = inputs
    self.outputs = outputs
  }
}
