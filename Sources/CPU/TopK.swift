import MartletCore

extension CPUDevice {
  func topK(_ count: Int, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
