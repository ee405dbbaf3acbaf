/// Which activation the last operation of a tensor was, and the layer that it belongs to.
package struct LastActivation {
  package enum Function { case linear, sigmoid, softmax, other }
  package var function: Function
  /// As in `layers.6 (Dense)`; nil outside layers.
  package var layer: String?
}

extension Tensor {
  /// How these values were made, where the open scope knows: nil for arrays from outside it.
  package var lastActivation: LastActivation? {
    guard case .traced(let trace, let index) = payload, index >= 0 else { return nil }
    return trace.lastActivation(of: Int(index))
  }
}

extension Trace {
  fileprivate func lastActivation(of index: Int) -> LastActivation? {
    let record = records[index]
    guard let primitive = record.operation.primitive else {
      // A view is what it is a view of.
      guard record.operation == .reshape, let operand = operands(of: index).first else { return nil }
      return lastActivation(of: Int(operand))
    }
    return LastActivation(function: primitive.activation, layer: layerName(record.layer))
  }
}

extension Primitive {
  fileprivate var activation: LastActivation.Function {
    switch self {
    case .softmax(logarithm: false): .softmax
    case .gemm(_, let epilogue), .convolution(_, _, let epilogue):
      switch epilogue.activation {
      case .linear: .linear
      case .sigmoid: .sigmoid
      case .relu, .tanh: .other
      }
    case .elementwise(let program) where program.singleOpcode == .sigmoid: .sigmoid
    default: .other
    }
  }
}
