/// Random changes of pictures that leave what they show as it is: a list of steps, in the text of the command.
///
/// ```swift
/// let augmentation = try Augmentation("flip,shift=2,rotate=15,noise=0.05")
/// print(augmentation)                              // flip,shift=2,rotate=15,noise=0.05
/// let epoch = try train.augmented(by: augmentation, seed: 7, epoch: 3)
/// ```
/// The geometric steps are carried out first and together, so that a picture is resampled once, then the others in
/// their order. What lies outside a picture is its mirror image, the pixels at the border included: `cba|abc|cba`, as
/// in Keras's `fill_mode="reflect"`.
public struct Augmentation: Sendable, Equatable {
  public enum Step: Sendable, Equatable {
    /// Left and right exchanged, for half of the pictures.
    case flip
    /// Moved by up to so many whole pixels along both axes; below 1, by any part of that share of the sizes.
    case shift(Float)
    /// Turned about the centre by up to so many degrees to either side.
    case rotate(Float)
    /// Enlarged about the centre by a factor in 1 - share ... 1 + share.
    case zoom(Float)
    /// A square of so many pixels, taken anywhere in the picture with so many pixels put around it (He et al. 2016,
    /// *Deep residual learning for image recognition*, with a padding of 4).
    case crop(Int, padding: Int = 4)
    /// Made brighter or darker by up to this share of 255.
    case brightness(Float)
    /// Values drawn from or to the mean of their channel, by a factor in 1 - share ... 1 + share.
    case contrast(Float)
    /// Gaussian noise of this share of 255 as its standard deviation, on each value.
    case noise(Float)
    /// With this probability, random values in a rectangle of 2 to 40 % of the picture, 0.3 to 3.3 times as high as
    /// wide (Zhong, Zheng, Kang, Li, Yang 2020, *Random erasing data augmentation*).
    case erase(Float)
  }

  public let steps: [Step]

  /// The list of steps, which must lie in their ranges; see `init(_:)` for text.
  public init(_ steps: [Step]) {
    for step in steps {
      let problem = step.problem
      precondition(problem == nil, problem ?? "")
    }
    self.steps = steps
  }

  init(checked steps: [Step]) { self.steps = steps }
}

extension Augmentation.Step {
  /// Whether the step moves pixels, and does not change their values.
  var isGeometric: Bool {
    switch self {
    case .flip, .shift, .rotate, .zoom, .crop: true
    case .brightness, .contrast, .noise, .erase: false
    }
  }
}

extension Augmentation: CustomStringConvertible {
  /// The text that `init(_:)` reads.
  public var description: String { steps.map(\.description).joined(separator: ",") }
}

extension Augmentation.Step: CustomStringConvertible {
  public var description: String {
    switch self {
    case .flip: "flip"
    case .shift(let amount): "shift=\(Self.text(amount))"
    case .rotate(let degrees): "rotate=\(Self.text(degrees))"
    case .zoom(let share): "zoom=\(Self.text(share))"
    case .crop(let size, let padding): "crop=\(size)" + (padding == 4 ? "" : "+\(padding)")
    case .brightness(let share): "brightness=\(Self.text(share))"
    case .contrast(let share): "contrast=\(Self.text(share))"
    case .noise(let deviation): "noise=\(Self.text(deviation))"
    case .erase(let probability): "erase=\(Self.text(probability))"
    }
  }

  /// A number without the `.0` of whole ones.
  private static func text(_ number: Float) -> String {
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
