import MartletCore

extension Trial {
  public static var small: [Trial] {
    elementwise + reduction + reductionOfNaN + gemm + convolution + pooling + resampling + batchNormalization
      + softmax + gather + copy + random
  }

  /// One of each kind as large as in networks, which its speed is measured on.
  public static var large: [Trial] {
    largeElementwise + largeReduction + largeGemm + largeConvolution + largePooling + largeResampling
      + largeBatchNormalization + largeSoftmax + largeGather + largeCopy + largeRandom
  }

  /// All of them by the kind of their primitive, in the order of `Primitive`.
  public static var byKind: [(kind: String, trials: [Trial])] {
    var result: [(kind: String, trials: [Trial])] = []
    var places: [String: Int] = [:]
    for trial in small + large {
      let kind = trial.primitive.kind
      if places[kind] == nil {
        places[kind] = result.count
        result.append((kind, []))
      }
      result[places[kind]!].trials.append(trial)
    }
    return result
  }

  /// What a run costs: arithmetic for products and convolutions, else the bytes of its operands.
  public var work: (amount: Double, unit: String) {
    switch primitive {
    case .gemm(let g, _): (2 * Double(g.batch) * Double(g.m) * Double(g.n) * Double(g.k), "GFLOP/s")
    case .convolution(_, let g, _):
      (
        2 * Double(g.batch * g.output.count * g.kernel.count)
          * Double(g.inputChannelsPerGroup * g.outputChannels), "GFLOP/s"
      )
    default:
      (
        Double(
          inputs.reduce(0) { $0 + $1.bytes.count }
            + outputs.reduce(0) { $0 + $1.shape.count * $1.dtype.byteCount }), "GB/s"
      )
    }
  }
}
