import MartletCore
import MartletKernelTable

extension CPUDevice {
  func softmax(logarithm: Bool, inputs: [Operand], outputs: [Operand]) throws {
    let x = UnsafePointer(inputs[0].floats)
    let y = outputs[0].floats
    rows(of: inputs[0].shape) { first, count, length in
      let start = first * length
      kernels.elements.softmaxRows(logarithm ? 1 : 0, x + start, y + start, count, length)
    }
  }

  func softmaxCrossEntropy(inputs: [Operand], outputs: [Operand]) throws {
    let x = UnsafePointer(inputs[0].floats)
    let labels = UnsafePointer(inputs[1].ints)
    let losses = outputs[0].floats
    rows(of: inputs[0].shape) { first, count, classes in
      kernels.elements.crossEntropyRows(x + first * classes, labels + first, losses + first, count, classes)
    }
  }

  func softmaxCrossEntropyBackward(inputs: [Operand], outputs: [Operand]) throws {
    let x = UnsafePointer(inputs[0].floats)
    let labels = UnsafePointer(inputs[1].ints)
    let dlosses = inputs[2].isScalar ? nil : UnsafePointer(inputs[2].floats)
    let dx = outputs[0].floats
    guard let dlosses else { preconditionFailure("the gradients of the losses are one number for each loss") }
    rows(of: inputs[0].shape) { first, count, classes in
      let start = first * classes
      kernels.elements.crossEntropyBackwardRows(
        x + start, labels + first, dlosses + first, dx + start, count, classes)
    }
  }

  /// Calls a body for groups of rows, a row being the last axis: first row, number of rows, row length.
  private func rows(of shape: Shape, _ body: (Int, Int, Int) -> Void) {
    guard shape.count > 0, let length = shape.sizes.last else { return }
    let rows = shape.count / length
    let group = max(1, elementsPerJob / 4 / length)
    parallel((rows + group - 1) / group) { job in
      body(job * group, min(group, rows - job * group), length)
    }
  }
}
