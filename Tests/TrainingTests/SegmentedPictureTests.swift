#if Imaging
  import MartletTestSupport
  import Testing

  struct SegmentedPictureTests {
    private func noise(_ shape: Shape) -> HostArray {
      HostArray((0..<shape.count).map { UInt8($0 * $0 % 251) }, shape: shape)
    }

    /// What the network makes of the picture continued by its edge, cut off again.
    @Test(arguments: [[8, 16, 3], [13, 18, 3], [7, 8, 1], [1, 1, 3]]) func anySizeIsSegmented(sizes: [Int])
      throws
    {
      let model = UNet(classes: 5, widths: [4, 6, 8])
      try withContext(seed: 3) { try model.build(input: [16, 16, 3]) }
      let picture = noise(Shape(sizes))
      let result = try Segmentation().segment(model, picture, channels: 3)
      let (height, width) = (sizes[0], sizes[1])
      let (rows, columns) = ((height + 3) / 4 * 4, (width + 3) / 4 * 4)
      var input: [Float] = []
      for y in 0..<rows {
        for x in 0..<columns {
          for channel in 0..<3 {
            let place =
              (min(y, height - 1) * width + min(x, width - 1)) * sizes[2] + min(channel, sizes[2] - 1)
            input.append(Float(picture.bytes[place]) / 255)
          }
        }
      }
      let logits = model(Tensor(input, shape: [1, rows, columns, 3]))
      let classes = try logits.argmax(axis: -1).elements(as: Int32.self)
      #expect(result.mask.shape == [height, width])
      for y in 0..<height {
        for x in 0..<width {
          #expect(Int(result.mask.bytes[y * width + x]) == Int(classes[y * columns + x]), "\(y), \(x)")
        }
      }
      #expect(abs(result.shares(count: 5).reduce(0, +) - 1) < 1e-12)
      #expect(result.picture.shape[2] == 3)
    }

    @Test func networksThatGiveNoMaskAreErrors() throws {
      let dense = Sequential {
        Flatten()
        Dense(4)
      }
      try dense.build(input: [8, 8, 1])
      func message(_ model: any Layer, _ channels: Int) -> String {
        do {
          _ = try Segmentation().segment(model, noise([8, 8, 1]), channels: channels)
          return ""
        } catch { return "\(error)" }
      }
      #expect(message(dense, 1) == "the network does not give a class for every pixel of a picture of 8x8x1")
      #expect(message(dense, 4) == "pictures have 1 channel or 3; the network takes 4")
      let deep = Sequential { Conv2D(2, kernelSize: 3) }
      try deep.build(input: [8, 8, 3])
      #expect(message(deep, 3) == "the network does not give a class for every pixel of a picture of 8x8x3")
    }

    /// Shares by hand, and what is beside the picture.
    @Test func sharesAndDrawing() {
      let mask = HostArray([0, 0, 0, 1, 1, 2, 0, 0] as [UInt8], shape: [2, 4])
      let segmented = SegmentedPicture(picture: noise([2, 4, 1]), mask: mask)
      let expected: [Double] = [0.625, 0.25, 0.125, 0]
      #expect(segmented.shares(count: 4) == expected)
      let drawing = segmented.drawing(classNames: ["cat", "dog"])
      #expect(drawing.height == 2 * 96 + 24 && drawing.width > 384 + 36)
      // The pixel of class 2 has a line of two pixels around it.
      let (top, left) = (12 + 96, 12 + 96)
      #expect(drawing[top + 1, left + 50] == .ofClass(2) && drawing[top + 50, left + 1] == .ofClass(2))
      let inner = drawing[top + 50, left + 50]
      #expect(
        inner != .ofClass(2)
          && inner == ColorPicture(segmented.picture).overlaid(mask: mask, outline: 0)[1, 1])
      // The ground keeps the picture's own colours.
      #expect(drawing[12 + 5, 12 + 5] == ColorPicture(segmented.picture)[0, 0])
    }
  }
#endif
