import MartletCore

extension CPUDevice {
  func gather(_ gather: Gather, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }

  func scatterAdd(_ gather: Gather, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
