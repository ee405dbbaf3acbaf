import Glibc
import MartletCore

extension CPUDevice {
  /// Seconds that each way of running a pass takes here, the least of several. The ways take turns, so that a disturbance
  /// falls on all of them.
  ///
  /// Weights are packed and transformed each time, as in training.
  ///
  /// - Parameter budget: seconds for all ways together; each is run twice at least.
  public func measure(_ task: ConvolutionTask, seconds budget: Double = 0.5) throws -> [ConvolutionWay:
    Double]
  {
    let g = task.geometry
    let shapes = [g.inputShape, g.kernelShape, g.outputShape]
    let operands = try shapes.map { shape in
      let operand = Operand(try allocate(byteCount: max(64, shape.count * 4)), shape: shape)
      for index in 0..<shape.count { operand.floats[index] = Float(index % 127) / 64 - 1 }
      return operand
    }
    let (inputs, output) =
      switch task.pass {
      case .forward: ([operands[0], operands[1]], operands[2])
      case .backwardData: ([operands[2], operands[1]], operands[0])
      case .backwardKernel: ([operands[0], operands[2]], operands[1])
      }
    let ways = ConvolutionWay.all(for: task, lanes: kernels.matrix.lanes)
    var times: [ConvolutionWay: Double] = [:]
    let start = Self.now
    var rounds = 0
    repeat {
      for way in ways {
        inputs[1].contentsHaveChanged()
        let before = Self.now
        try convolution(way, task.pass, g, .none, inputs: inputs, outputs: [output])
        let time = Self.now - before
        // The first round touches memory that the others find.
        if rounds > 0 { times[way] = min(times[way] ?? .infinity, time) }
      }
      rounds += 1
    } while rounds < 3 || (Self.now - start < budget && rounds < 1000)
    withExtendedLifetime(operands) {}
    return times
  }

  /// The way that the table has for a pass, whatever this device takes.
  public func tableWay(for task: ConvolutionTask) -> ConvolutionWay {
    ConvolutionWay(for: task, lanes: kernels.matrix.lanes)
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
