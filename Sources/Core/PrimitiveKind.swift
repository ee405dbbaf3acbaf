extension Primitive {
  /// Its kind in one word, as `martlet doctor` and reports have it: `gemm`, `convolution-backward-data`.
  public var kind: String {
    switch self {
    case .elementwise: "elementwise"
    case .reduction: "reduction"
    case .gemm: "gemm"
    case .convolution(.forward, _, _): "convolution"
    case .convolution(.backwardData, _, _): "convolution-backward-data"
    case .convolution(.backwardKernel, _, _): "convolution-backward-kernel"
    case .pooling(.forward, let geometry): geometry.kind == .max ? "max-pooling" : "average-pooling"
    case .pooling(.backward, let geometry):
      geometry.kind == .max ? "max-pooling-backward" : "average-pooling-backward"
    case .pooling(.pick, _): "max-pooling-pick"
    case .resampling(.forward, _): "resampling"
    case .resampling(.backward, _): "resampling-backward"
    case .batchNormalization: "batch-normalization"
    case .batchNormalizationBackward: "batch-normalization-backward"
    case .softmax: "softmax"
    case .softmaxCrossEntropy: "softmax-cross-entropy"
    case .softmaxCrossEntropyBackward: "softmax-cross-entropy-backward"
    case .gather: "gather"
    case .scatterAdd: "scatter-add"
    case .copy: "copy"
    case .topK: "top-k"
    case .fill: "fill"
    case .random: "random"
    }
  }
}
