import MartletCore

extension CPUDevice {
  func convolution(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ epilogue: Epilogue, inputs: [Operand],
    outputs: [Operand]
  ) throws {
    preconditionFailure("not yet written")
  }
}
