import MartletData
import MartletLayers

/// Pictures into a class for each pixel, the ground being class 0 (Long, Shelhamer, Darrell 2015, *Fully convolutional
/// networks for semantic segmentation*): by default the cross-entropy of logits (N, H, W, classes + 1), the share of the
/// pixels that are right, and the mean over the classes of intersection over union.
///
/// ```swift
/// Segmentation(loss: .pixels(PixelLoss(.both, ignoreClass: 255)))
/// ```
public struct Segmentation: SupervisedTask {
  public let loss: Loss
  public let metrics: [Metric]

  /// - Parameter metrics: where nothing is said, the two above, without the class that the loss ignores.
  public init(
    loss: Loss = .sparseCategoricalCrossentropy(fromLogits: true), metrics: [Metric]? = nil
  ) {
    self.loss = loss
    var ignored: Int?
    if case .pixels(let pixels) = loss { ignored = pixels.ignoreClass }
    self.metrics =
      metrics ?? [ignored.map { .accuracy(ignoreClass: $0) } ?? .accuracy, .meanIoU(ignoreClass: ignored)]
  }

  public var supervision: Supervision { .masks }
  /// One more than there are classes, for the ground.
  public func outputs(classes: Int) -> Int { classes + 1 }

  public func targets(of batch: Batch) throws -> HostArray {
    if let masks = batch.masks { return masks }
    throw ShapeError("segmentation learns from a mask for each picture; this data set has none")
  }
}

extension PixelLoss {
  /// A name with options, as in `crossentropy+dice:ignoreClass=255,classWeights=0.2/1/1`.
  ///
  /// - Throws: `NameError` for losses and options that there are not, `OptionTextError` for values.
  public init(_ text: String) throws {
    var options = TextOptions(text)
    guard let kind = Kind(rawValue: options.name) else {
      throw NameError(kind: "loss of pixels", name: options.name, known: Self.names)
    }
    try options.read(["ignoreClass", "classWeights"])
    self.init(
      kind, ignoreClass: options.has("ignoreClass") ? try options.count("ignoreClass", from: 0) : nil,
      classWeights: options.has("classWeights") ? try options.numbers("classWeights") : [])
  }

  public static var names: [String] { Kind.allCases.map(\.rawValue) }
}
