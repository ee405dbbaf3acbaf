/// The leaf functions of one instruction set, as C function pointers: what the CPU device calls.
public struct KernelTable: Sendable {
  public init() {}
}
