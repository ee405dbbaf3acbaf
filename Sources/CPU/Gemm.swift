import MartletCore

extension CPUDevice {
  func gemm(_ product: GEMM, _ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]) throws {
    preconditionFailure("not yet written")
  }
}
