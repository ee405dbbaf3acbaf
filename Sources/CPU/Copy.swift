import MartletCore

extension CPUDevice {
  func copy(_ copy: StridedCopy, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
