import MartletCore

extension CPUDevice {
  func reduction(_ reduction: Reduction, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
