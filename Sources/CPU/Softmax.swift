import MartletCore

extension CPUDevice {
  func softmax(logarithm: Bool, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }

  func softmaxCrossEntropy(inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }

  func softmaxCrossEntropyBackward(inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
