import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// c = activation(op(a) · op(b) + bias + residual), in the way that suits its sizes.
  func gemm(_ product: GEMM, _ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]) throws {
    guard product.m > 0, product.n > 0, product.batch > 0 else { return }
    let operands = ProductOperands(product, epilogue, kernels.matrix, inputs: inputs, output: outputs[0])
    if SkinnyProduct.suits(product) {
      try SkinnyProduct(operands).run(on: self)
    } else if DotProduct.suits(product) {
      DotProduct(operands).run(on: self)
    } else {
      try MatrixProduct(operands).run(on: self, right: inputs[1])
    }
    withExtendedLifetime((inputs, outputs)) {}
  }
}
