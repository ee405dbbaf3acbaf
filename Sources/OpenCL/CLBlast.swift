import COpenCL
import MartletCore

/// The products of CLBlast (Nugteren 2018, *CLBlast: a tuned OpenCL BLAS library*), where its library is installed:
/// measured beside our own, never used by the engine.
public struct CLBlast: Sendable {
  private struct Loaded: @unchecked Sendable {
    var product: CLBlastSgemm?
    var reason = ""
  }
  private static let loaded: Loaded = {
    var reason: UnsafePointer<CChar>?
    let product = clblastLoad(&reason)
    return Loaded(product: product, reason: reason.map { String(cString: $0) } ?? "")
  }()

  /// Why there is no CLBlast here; nil where there is.
  public static var absence: String? { loaded.product == nil ? loaded.reason : nil }

  private let product: CLBlastSgemm
  private let device: OpenCLDevice

  /// Nil where `absence` says why.
  public init?(_ device: OpenCLDevice) {
    guard let product = Self.loaded.product else { return nil }
    self.product = product
    self.device = device
  }

  /// c = op(a) · op(b), for products of one matrix; in order with what the device was given before.
  public func encode(_ g: GEMM, a: Operand, b: Operand, c: Operand) throws {
    precondition(g.batch == 1, "CLBlast is asked for one product at a time")
    func memory(_ operand: Operand) -> (cl_mem, Int) {
      (OpenCLBuffer.of(operand.buffer!).memory, operand.byteOffset / 4)
    }
    let ((a, aStart), (b, bStart), (c, cStart)) = (memory(a), memory(b), memory(c))
    let status = device.queue.withQueue { queue in
      product(
        101, g.transposeA ? 112 : 111, g.transposeB ? 112 : 111, g.m, g.n, g.k, 1, a, aStart,
        g.transposeA ? g.m : g.k, b, bStart, g.transposeB ? g.k : g.n, 0, c, cStart, g.n, queue, nil)
    }
    try OpenCL.check(status, "a product by CLBlast", device: device.name)
  }
}
