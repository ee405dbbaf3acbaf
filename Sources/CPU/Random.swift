import MartletCore

extension CPUDevice {
  func fill(inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }

  func random(_ distribution: Distribution, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
