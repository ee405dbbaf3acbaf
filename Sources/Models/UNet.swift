import MartletLayers

/// A class for every pixel: down by pooling, up by transposed convolution, and what was seen on the way down beside what
/// comes up (Ronneberger, Fischer, Brox 2015, *U-Net: convolutional networks for biomedical image segmentation*), with
/// padding `.same`, so that the logits are as large as the picture. Height and width must divide by 2 for each step
/// down. 482,084 parameters for 3 channels and 4 classes.
public final class UNet: Layer {
  let down: [Sequential]
  let middle: Sequential
  let up: [Conv2DTranspose]
  let merged: [Sequential]
  let logits: Conv2D
  private let pool = MaxPool2D(2)
  private let concatenate = Concatenate()
  private let widths: [Int]

  /// - Parameter widths: channels at each size of the picture, the last ones at the smallest.
  public init(classes: Int, widths: [Int] = [16, 32, 64, 128]) {
    precondition(widths.count > 1, "a U-Net has at least two sizes; received the widths \(widths)")
    func twice(_ filters: Int) -> Sequential {
      Sequential {
        Conv2D(filters, kernelSize: 3, padding: .same, activation: .relu)
        Conv2D(filters, kernelSize: 3, padding: .same, activation: .relu)
      }
    }
    self.widths = widths
    down = widths.dropLast().map(twice)
    middle = twice(widths.last!)
    up = widths.dropLast().reversed().map { Conv2DTranspose($0, kernelSize: 2, strides: 2) }
    merged = widths.dropLast().reversed().map(twice)
    logits = Conv2D(classes, kernelSize: 1)
  }

  public func forward(_ x: Tensor) -> Tensor {
    if let refusal = refusal(of: x.shape) { return x.failing(refusal, file: #fileID, line: #line) }
    var seen: [Tensor] = []
    var y = x
    for layer in down {
      y = layer(y)
      seen.append(y)
      y = pool(y)
    }
    y = middle(y)
    for (enlarge, merge) in zip(up, merged) { y = merge(concatenate(enlarge(y), seen.removeLast())) }
    return logits(y)
  }

  /// Why pictures do not fit, with the nearest sizes that do.
  private func refusal(of shape: Shape) -> String? {
    let factor = 1 << down.count
    guard shape.rank == 4 else { return "UNet needs an input (N, H, W, C); received \(shape)" }
    let (height, width) = (shape[1], shape[2])
    guard height % factor != 0 || width % factor != 0 else { return nil }
    func size(_ round: (Int) -> Int) -> String { "\(round(height) * factor)x\(round(width) * factor)" }
    let smaller = size { $0 / factor }
    let larger = size { ($0 + factor - 1) / factor }
    let fitting = min(height, width) < factor ? larger : "\(smaller) or \(larger)"
    return
      "a UNet of \(widths.count) sizes takes pictures whose height and width divide by \(factor); received "
      + "\(height)x\(width), and \(fitting) would fit"
  }

  public var description: String { "UNet(classes: \(logits.filters), widths: \(widths))" }
}
