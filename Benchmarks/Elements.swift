import ArgumentParser
import MartletCore

struct ElementsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "elements", abstract: "Everything but matrix products, in bytes moved a second.")
  @OptionGroup var options: DeviceOptions
  @Option(help: "Only rows whose name contains this.") var only: String?

  func run() throws {
    let device = try options.device()
    let triad = try Workload(
      device, .elementwise(.single(.multiplyAdd)),
      inputs: [Operand.array(device, [1 << 24]), .scalar(3 as Float), .array(device, [1 << 24])],
      outputs: [.array(device, [1 << 24])])
    print("\(device.summary); a triad's GB/s in the same moments")
    print(column("", width: 44) + "       us     GB/s    triad        %")
    for row in Self.rows where only.map({ row.name.contains($0) }) ?? true {
      let times = try medians([triad, row.workload(device)], options)
      let (peak, rate) = (3 * Double(4 << 24) / times[0], Double(row.bytes) / times[1])
      print(
        column(row.name, width: 44) + column(times[1] * 1e6) + column(rate / 1e9) + column(peak / 1e9)
          + column(100 * rate / peak, digits: 0))
    }
  }

  static var rows: [Row] { elementwise + optimizer + reductions + pooling + normalization + movement }

  private static var elementwise: [Row] {
    [(1 << 24, "memory"), (1 << 14, "cache")].flatMap { count, place in
      func row(_ name: String, _ opcode: ElementwiseOpcode, arrays: Int = 1, number: Float? = nil) -> Row {
        Row(name: "\(name), \(place)", bytes: (arrays + 1) * count * 4) { device in
          let inputs = try (0..<arrays).map { _ in try Operand.array(device, [count]) }
          return try Workload(
            device, .elementwise(.single(opcode)), inputs: inputs + (number.map { [.scalar($0)] } ?? []),
            outputs: [.array(device, [count])])
        }
      }
      let functions: [ElementwiseOpcode] = [.exp, .log, .tanh, .sigmoid, .erf, .sin, .squareRoot]
      return [
        row("relu", .relu), row("add", .add, arrays: 2),
        row("multiply by a number", .multiply, number: 0.5),
      ] + functions.map { row("\($0)", $0) } + [row("power 2.5", .power, number: 2.5)]
    } + channels
  }

  private static var channels: [Row] {
    let images: Shape = [128, 56, 56, 64]
    let apply = ElementwiseProgram(
      inputCount: 3, instructions: [.init(.multiplyAdd, 0, 1, 2), .init(.relu, 3)], results: [4])
    return [
      ("add a bias of 64 channels", .single(.add), 1), ("scale, shift, relu of 64 channels", apply, 2),
    ].map { (name: String, program: ElementwiseProgram, parameters: Int) in
      Row(name: name, bytes: 2 * images.count * 4) { device in
        let bias = try Operand.array(device, [64])
        return try Workload(
          device, .elementwise(program),
          inputs: [.array(device, images)] + Array(repeating: bias, count: parameters),
          outputs: [.array(device, images)])
      }
    }
  }

  private static var optimizer: [Row] {
    [4, 16].map { millions in
      let weights: Shape = [millions << 20]
      return Row(name: "Adam, \(millions)M weights in place", bytes: 7 * weights.count * 4) { device in
        let arrays = try (0..<4).map { _ in try Operand.array(device, weights) }
        return Workload(
          device, .elementwise(adam),
          inputs: arrays + [0.001, 0.9, 0.1, 0.999, 0.001, 1e-7].map { .scalar($0) },
          outputs: [arrays[0], arrays[2], arrays[3]])
      }
    }
  }

  /// Registers: 0 weight, 1 gradient, 2 mean, 3 square, 4 rate, 5 beta1, 6 1 - beta1, 7 beta2, 8 1 - beta2, 9 epsilon.
  private static var adam: ElementwiseProgram {
    ElementwiseProgram(
      inputCount: 10,
      instructions: [
        .init(.multiply, 1, 6), .init(.multiplyAdd, 2, 5, 10), .init(.square, 1), .init(.multiply, 12, 8),
        .init(.multiplyAdd, 3, 7, 13), .init(.absolute, 14), .init(.squareRoot, 15), .init(.add, 16, 9),
        .init(.divide, 11, 17), .init(.multiply, 18, 4), .init(.subtract, 0, 19),
      ], results: [20, 11, 14])
  }
}
