/// The sizes of a pooling as its leaf functions read them; they get a pointer to it.
@frozen
public struct PoolingWindow: Sendable {
  public var inputDepth = 1
  public var inputHeight = 1
  public var inputWidth = 1
  public var outputDepth = 1
  public var outputHeight = 1
  public var outputWidth = 1
  public var depth = 1
  public var height = 1
  public var width = 1
  public var depthStride = 1
  public var heightStride = 1
  public var widthStride = 1
  public var depthPadding = 0
  public var heightPadding = 0
  public var widthPadding = 0
  public var channels = 1

  public init() {}
}
