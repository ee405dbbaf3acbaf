import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// c = activation(op(a) · op(b) + bias + residual).
  func gemm(_ product: GEMM, _ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]) throws {
    guard product.m > 0, product.n > 0, product.batch > 0 else { return }
    let operands = ProductOperands(product, epilogue, kernels.matrix, inputs: inputs, output: outputs[0])
    if product.n == 1 && product.m > 1 {
      try multiply(operands.turned, right: inputs[0])
      parallel(operands.epilogue.isEmpty ? 0 : product.batch) { (matrix: Int) in
        operands.finish(0..<product.m, 0..<1, of: matrix)
      }
    } else {
      try multiply(operands, right: inputs[1])
    }
    withExtendedLifetime((inputs, outputs)) {}
  }

  /// In the way that suits the sizes; but a right side that stays packed serves as it is.
  private func multiply(_ operands: ProductOperands, right: Operand) throws {
    let product = operands.product
    if DotProduct.suits(product, operands.kernels) { return try DotProduct(operands).run(on: self) }
    let sums = try SharedSums(operands, on: self)
    let isSkinny = SkinnyProduct.suits(product, operands.epilogue)
    let mayKeep = MatrixProduct.keepsRightSide(product)
    if isSkinny && !mayKeep { return SkinnyProduct(operands, sums).run(on: self) }
    let task = MatrixProduct(operands, sums)
    let kept = mayKeep ? try task.keptRightSide(right, on: self) : nil
    if isSkinny && kept == nil {
      SkinnyProduct(operands, sums).run(on: self)
    } else {
      try task.run(on: self, kept: kept)
    }
  }
}
