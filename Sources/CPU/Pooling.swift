import MartletCore

extension CPUDevice {
  func pooling(_ pass: PoolingPass, _ geometry: PoolingGeometry, inputs: [Operand], outputs: [Operand]) throws
  {
    preconditionFailure("not yet written")
  }
}
