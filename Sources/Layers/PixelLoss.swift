/// How far logits (N, H, W, C) are from the classes of pixels (N, H, W): one number for each picture.
///
/// ```swift
/// Segmentation(loss: .pixels(PixelLoss(.both, ignoreClass: 255, classWeights: [0.2, 1, 1])))
/// ```
/// Pixels of the ignored class, and of none of the C classes, count nowhere, neither in sums nor in the numbers that these
/// are divided by.
public struct PixelLoss: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable {
    /// The mean over the pixels of all pictures, each times the weight of its class. As with weights of samples, what it is
    /// divided by is the number of pixels, not the sum of their weights.
    case crossEntropy = "crossentropy"
    /// One minus the overlap of probabilities p and truth t of a class, 2 Σ p t / (Σ p² + Σ t²), its mean over the classes
    /// that the picture has, weighted by class (Milletari, Navab, Ahmadi 2016, *V-Net: fully convolutional neural networks
    /// for volumetric medical image segmentation*).
    case dice
    /// The sum of both.
    case both = "crossentropy+dice"
  }
  public let kind: Kind
  public let ignoreClass: Int?
  /// One number for each class; empty where all weigh 1.
  public let classWeights: [Float]

  public init(_ kind: Kind = .crossEntropy, ignoreClass: Int? = nil, classWeights: [Float] = []) {
    self.kind = kind
    self.ignoreClass = ignoreClass
    self.classWeights = classWeights
  }

  /// (N) for logits (N, ..., C) and class numbers (N, ...).
  func perSample(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    let labels = labels.ignoring(ignoreClass)
    switch kind {
    case .crossEntropy: return crossEntropy(logits, labels)
    case .dice: return dice(logits, labels)
    case .both: return crossEntropy(logits, labels) + dice(logits, labels)
    }
  }

  private func crossEntropy(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    // Cross-entropy is zero where the label is none.
    var losses = logits.softmaxCrossEntropy(labels: labels)
    if !classWeights.isEmpty { losses *= Tensor(classWeights).gathered(labels) }
    let pictures = labels.shape[0]
    let counted = ((labels >= 0) .&& (labels < Tensor(Int32(logits.shape[-1])))).cast(to: .float32).sum()
    // The mean of these over the pictures is the mean over the pixels.
    return losses.reshaped(pictures, -1).sum(axes: 1) * (Float(pictures) / maximum(counted, 1))
  }

  private func dice(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    let (pictures, classes) = (labels.shape[0], logits.shape[-1])
    let truth = labels.oneHot(classes).reshaped(pictures, -1, classes)
    let counted = truth.sum(axes: -1, keepDims: true)
    let guess = logits.softmax().reshaped(pictures, -1, classes) * counted
    let overlap = 2 * (guess * truth).sum(axes: 1) / maximum((guess.squared() + truth).sum(axes: 1), 1e-7)
    var weights = (truth.sum(axes: 1) > 0).cast(to: .float32)
    if !classWeights.isEmpty { weights *= Tensor(classWeights) }
    return (weights * (1 - overlap)).sum(axes: -1) / maximum(weights.sum(axes: -1), 1e-7)
  }

  /// Why it cannot be taken of outputs; nil where it can.
  func refusal(of outputs: Tensor) -> String? {
    guard !isFor(classes: outputs.shape[-1]) else { return nil }
    return "there is one weight for each of \(outputs.shape[-1]) classes; received \(classWeights.count)"
  }

  /// Whether its weights, where it has any, are as many as the classes.
  public func isFor(classes: Int) -> Bool { classWeights.isEmpty || classWeights.count == classes }
}

extension PixelLoss: CustomStringConvertible {
  public var description: String {
    var text = ConstructorText("PixelLoss", ".\(kind)")
    if let ignoreClass { text = text.adding("ignoreClass", ignoreClass) }
    return text.adding("classWeights", classWeights, unless: []).text
  }
}

extension Tensor {
  /// Class numbers, int32, with -1 in the place of one of them.
  package func ignoring(_ ignored: Int?) -> Tensor {
    let labels = cast(to: .int32)
    return ignored.map { Tensor(Int32(-1)).where(labels .== Tensor(Int32($0)), else: labels) } ?? labels
  }
}
