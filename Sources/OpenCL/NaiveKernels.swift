extension OpenCLDevice {
  /// Kernels in which one item does by itself what many could share, and what that is: they are right, and slow on shapes
  /// that give few items much work.
  public static let naiveKernels: [String: String] = [
    "multiplyDirect": "one item a result", "kernelGradientDirect": "one item a weight and chunk",
    "place": "one item a result", "softmax": "one item a row", "crossEntropy": "one item a row",
    "crossEntropyBackward": "one item a row", "topK": "one item a row", "scatterAdd": "one item a column",
  ]
}
