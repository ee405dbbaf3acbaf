import MartletCore

extension Primitive {
  /// What the primitive means: its results in Double, by loops that follow the definition point by point.
  ///
  /// - Parameters:
  ///   - inputs: the operands that are arrays.
  ///   - numbers: those that are not, which follow.
  public func defined(
    _ inputs: [HostArray], _ numbers: [Number] = [], outputs: [(shape: Shape, dtype: DType)]
  ) -> [[Double]] {
    switch self {
    case .elementwise(let program):
      let results = program.defined(inputs, numbers, shape: outputs[0].shape)
      return zip(results, outputs).map { values, output in
        values.map { stored($0, as: output.dtype) }
      }
    case .reduction(let reduction, let program):
      return [reduction.defined(inputs, numbers, of: program, dtype: outputs[0].dtype)]
    case .gemm(let product, let epilogue):
      var result = product.defined(inputs[0].doubles, inputs[1].doubles)
      epilogue.apply(to: &result, columns: product.n, inputs.dropFirst(2))
      return [result]
    case .convolution(let pass, let geometry, let epilogue):
      return ConvolutionDefinition(geometry).run(pass, epilogue, inputs)
    case .pooling(let pass, let geometry): return geometry.defined(pass, inputs.map(\.doubles))
    case .resampling(let pass, let geometry): return [geometry.defined(pass, inputs[0].doubles)]
    case .batchNormalization(let epilogue):
      let statistics = normalized(inputs, epsilon: numbers[0].double, epilogue)
      return Array(statistics.prefix(outputs.count))
    case .batchNormalizationBackward(let isRectified):
      return normalizedBackward(inputs, epsilon: numbers[0].double, isRectified: isRectified)
    case .softmax(let logarithm): return [softmaxed(inputs[0], logarithm: logarithm)]
    case .softmaxCrossEntropy: return [crossEntropy(inputs[0], labels: inputs[1])]
    case .softmaxCrossEntropyBackward:
      return [crossEntropyBackward(inputs[0], labels: inputs[1], dlosses: inputs[2].doubles)]
    case .gather(let gather): return [gather.taken(inputs[0].doubles, inputs[1].doubles)]
    case .scatterAdd(let gather): return [gather.added(inputs[0].doubles, inputs[1].doubles)]
    case .copy(let copy):
      let background = numbers.last?.double ?? 0
      return [copy.defined(inputs.map(\.doubles), background: background, count: outputs[0].shape.count)]
    case .topK(let k): return largest(k, of: inputs[0])
    case .fill:
      let number = stored(numbers[0].double, as: outputs[0].dtype)
      return [[Double](repeating: number, count: outputs[0].shape.count)]
    case .random(let distribution):
      return [distribution.defined(key: numbers, count: outputs[0].shape.count)]
    }
  }

  /// A number as an array of some type keeps it: whole numbers are cut off and stay in range, NaN becomes 0.
  private func stored(_ value: Double, as dtype: DType) -> Double {
    switch dtype {
    case .float32: value
    case .int32: whole(value)
    case .uint8: min(max(whole(value), 0), 255)
    case .bool: value != 0 ? 1 : 0
    }
  }
}

/// A real number as an Int32: cut off, at the ends of the range where it lies beyond, 0 for NaN.
func whole(_ value: Double) -> Double {
  value.isNaN ? 0 : min(max(value, Double(Int32.min)), Double(Int32.max)).rounded(.towardZero)
}
