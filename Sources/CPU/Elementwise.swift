import MartletCore

extension CPUDevice {
  func elementwise(_ program: ElementwiseProgram, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
