import MartletCore

extension CPUDevice {
  func batchNormalization(inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }

  func batchNormalizationBackward(inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
