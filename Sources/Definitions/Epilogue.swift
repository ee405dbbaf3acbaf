import Glibc
import MartletCore

extension Epilogue {
  /// What it says, in Double.
  public func apply(to values: inout [Double], columns: Int, _ operands: ArraySlice<HostArray>) {
    var rest = operands
    func next(_ isThere: Bool) -> [Double]? { isThere ? rest.removeFirst().doubles : nil }
    let (bias, scale, shift) = (next(hasBias), next(hasScale), next(hasShift))
    let (residual, mask) = (next(hasResidual), next(hasMask))
    for i in values.indices {
      var x = values[i] + (bias?[i % columns] ?? 0)
      x = x * (scale?[i % columns] ?? 1) + (shift?[i % columns] ?? 0) + (residual?[i] ?? 0)
      values[i] =
        switch activation {
        case .linear: x
        case .relu: max(x, 0)
        case .sigmoid: 1 / (1 + exp(-x))
        case .tanh: Glibc.tanh(x)
        }
      if let mask, !(mask[i] > 0) { values[i] = 0 }
    }
  }

  /// Operands for a result of some shape.
  public func operands(of result: Shape) -> [HostArray] {
    let rows = [hasBias, hasScale, hasShift].count { $0 }
    let wholes = [hasResidual, hasMask].count { $0 }
    return (0..<rows).map { noise([result[-1]], seed: UInt64(5 + $0)) }
      + (0..<wholes).map { noise(result, seed: UInt64(8 + $0)) }
  }

  /// One of each kind: with activations, and with what may stand beside them.
  static let trials: [Epilogue] =
    Activation.allCases.map { activation in
      Epilogue(
        hasBias: activation != .relu, hasScale: activation != .tanh, hasShift: activation == .relu,
        hasResidual: true, activation: activation, hasMask: activation == .linear || activation == .relu)
    } + [Epilogue(hasBias: true), Epilogue(hasBias: true, hasMask: true)]
}
