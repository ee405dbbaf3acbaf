#if Imaging
  import MartletData
  import MartletImaging
  import MartletLayers

  /// A picture with the class of each of its pixels.
  public struct SegmentedPicture: Sendable, Equatable {
    /// uint8, (H, W, C)
    public let picture: HostArray
    /// uint8, (H, W): 0 for the ground, 1 + class elsewhere.
    public let mask: HostArray

    public init(picture: HostArray, mask: HostArray) {
      self.picture = picture
      self.mask = mask
    }

    /// How much of the picture each of the first values of the mask takes.
    public func shares(count: Int) -> [Double] {
      var pixels = [Int](repeating: 0, count: 256)
      for value in mask.bytes { pixels[Int(value)] += 1 }
      return pixels.prefix(count).map { Double($0) / Double(mask.shape.count) }
    }

    /// The picture behind the colours of its classes, and beside it the classes that it has with their shares; small
    /// pictures are enlarged.
    ///
    /// - Parameter classNames: of the values from 1 on.
    public func drawing(classNames: [String]) -> ColorPicture {
      let factor = max(1, (Self.leastWidth + picture.shape[1] - 1) / picture.shape[1])
      let large = mask.reshaped(mask.shape.inserting(1, at: 2)).resized(
        height: mask.shape[0] * factor, width: mask.shape[1] * factor, by: .nearest)
      let drawn = ColorPicture(picture).enlarged(toWidth: Self.leastWidth).overlaid(
        mask: large.reshaped(large.shape.removing(axis: 2)), outline: 2)
      let names = ["ground"] + classNames
      let entries = shares(count: 256).enumerated().filter { $0.element > 0 }.map { value, share in
        (
          name: "\(value < names.count ? names[value] : "\(value)") \(percent(share))",
          color: value == 0 ? .white : ColorPicture.Color.ofClass(value)
        )
      }
      return ColorPicture.beside([drawn, .legend(entries)], gap: 12).framed(by: 12)
    }

    private static let leastWidth = 384
  }

  /// As in `7 %`; `<1 %` for less than half of one.
  private func percent(_ share: Double) -> String {
    let rounded = Int((share * 100).rounded())
    return rounded == 0 ? "<1 %" : "\(rounded) %"
  }

  extension Segmentation {
    /// The class of each pixel of a picture that may have another size than those of the training: where the network
    /// cannot take it, the picture is continued to the next size that it can, and the rest is cut off again.
    ///
    /// - Parameters:
    ///   - picture: uint8, (H, W, 1 or 3).
    ///   - channels: of the pictures that the network takes.
    /// - Throws: `ShapeError` for a network that takes no size near that one, or has other channels.
    public func segment(
      _ model: any Layer, _ picture: HostArray, channels: Int
    ) throws -> SegmentedPicture {
      guard channels == 1 || channels == 3 else {
        throw ShapeError("pictures have 1 channel or 3; the network takes \(channels)")
      }
      let seen = channels == 1 ? picture.inGrey() : picture.inColor()
      let (height, width) = (seen.shape[0], seen.shape[1])
      let size = try Self.size(model, for: seen.shape)
      let larger = seen.extended(height: size.height, width: size.width)
      let input = try Tensor(larger.reshaped(larger.shape.inserting(1, at: 0)))
      let mask = try compute(phase: .inference) {
        model(Classification.input(input)).argmax(axis: -1).cast(to: .uint8)
      }.hostArray()
      let cut = mask.reshaped([size.height, size.width, 1]).cropped(
        top: 0, left: 0, height: height, width: width)
      return SegmentedPicture(picture: seen, mask: cut.reshaped([height, width]))
    }

    /// The smallest size above a picture's that a network gives as many pixels for: both sides rounded up to the same
    /// power of two.
    private static func size(_ model: any Layer, for shape: Shape) throws -> PictureSize {
      var failure: (any Error)?
      for step in (0...8).map({ 1 << $0 }) {
        let size = PictureSize(
          height: (shape[0] + step - 1) / step * step, width: (shape[1] + step - 1) / step * step)
        do {
          let found = try model.outputShape(for: [size.height, size.width, shape[2]])
          guard found.rank == 3, found[0] == size.height, found[1] == size.width else {
            throw ShapeError("the network does not give a class for every pixel of a picture of \(shape)")
          }
          guard found[2] <= 256 else {
            throw ShapeError("a mask has at most 256 classes; the network has \(found[2])")
          }
          return size
        } catch { failure = failure ?? error }
      }
      throw failure!
    }
  }
#endif
