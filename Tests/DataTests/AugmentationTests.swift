import MartletCore
import MartletData
import Testing

/// The text of augmentations.
struct AugmentationTests {
  @Test(arguments: [
    "", "flip", "shift=2", "shift=0.1", "rotate=15", "rotate=7.5", "zoom=0.1", "crop=28", "crop=24+0",
    "brightness=0.2", "contrast=0.2", "noise=0.05", "erase=0.25", "erase=1",
    "flip,shift=2,rotate=15,zoom=0.1,crop=28,brightness=0.2,contrast=0.2,noise=0.05,erase=0.25",
  ])
  func printsWhatItReads(text: String) throws {
    let augmentation = try Augmentation(text)
    #expect("\(augmentation)" == text)
    #expect(try Augmentation("\(augmentation)") == augmentation)
    #expect(Augmentation(augmentation.steps) == augmentation)
  }

  @Test func readsFreely() throws {
    #expect(try Augmentation(" flip, shift = 2 ,zoom=.10").steps == [.flip, .shift(2), .zoom(0.1)])
    #expect(try Augmentation("crop=32+4").steps == [.crop(32)])
    #expect(try Augmentation("rotate=15").steps == [.rotate(15)])
  }

  @Test func errorsSayTheWayOut() {
    func text(_ text: String) -> String { message { _ = try Augmentation(text) } }
    let names = "flip, shift, rotate, zoom, crop, brightness, contrast, noise, erase"
    #expect(text("flp") == "there is no augmentation called flp; there are \(names). Did you mean flip?")
    #expect(text("flip,,noise=0.1") == "there is no augmentation called ; there are \(names)")
    #expect(
      text("flip,rotat=3")
        == "there is no augmentation called rotat; there are \(names). Did you mean rotate?")
    #expect(text("flip=1") == "augmentation flip has no value; received 1")
    #expect(text("shift") == "augmentation shift needs a number, as in shift=2; received none")
    #expect(text("noise=x") == "augmentation noise needs a number, as in noise=0.1; received x")
    #expect(
      text("shift=1.5")
        == "augmentation shift=1.5: a shift is a whole number of pixels up to 1024, or a share of the sizes between 0 "
        + "and 1")
    #expect(text("shift=-1").hasPrefix("augmentation shift=-1: a shift is a whole number"))
    #expect(text("rotate=181") == "augmentation rotate=181: a rotation has 0 to 180 degrees")
    #expect(text("rotate=nan") == "augmentation rotate=nan: a rotation has 0 to 180 degrees")
    #expect(text("zoom=1") == "augmentation zoom=1: a zoom is a share of 0 to 0.9")
    #expect(text("brightness=2") == "augmentation brightness=2: it is a share of 0 to 1")
    #expect(text("contrast=-0.1") == "augmentation contrast=-0.1: it is a share of 0 to 1")
    #expect(text("noise=inf") == "augmentation noise=inf: noise is a share of 0 to 1 of the largest value")
    #expect(text("erase=1.1") == "augmentation erase=1.1: erasing has a probability of 0 to 1")
    #expect(
      text("crop=0") == "augmentation crop=0: a crop has 1 to 8192 pixels, and a padding of 0 to 1024")
    #expect(
      text("crop=28x28")
        == "augmentation crop needs a size in pixels, as in crop=28, or with a padding, as in crop=28+4; received 28x28"
    )
    #expect(
      text("crop")
        == "augmentation crop needs a size in pixels, as in crop=28, or with a padding, as in crop=28+4; received none"
    )
  }

  @Test func picturesMustFit() throws {
    let floats = try Dataset(
      name: "x", images: HostArray([0, 0] as [Float], shape: [1, 1, 2, 1]), labels: HostArray([0] as [Int32]),
      classNames: ["a"])
    func text(_ data: Dataset, _ steps: String) -> String {
      message { _ = try data.augmented(by: Augmentation(steps), seed: 0) }
    }
    #expect(
      text(floats, "flip") == "pictures are augmented as uint8 with 1 or 3 channels; received 1x2x1 float32")
    let shapes = Shapes.dataset(count: 1, height: 28, width: 30)
    #expect(
      text(shapes, "crop=37")
        == "augmentation crop=37: 37x37 pixels do not fit into 28x30 with 4 around it; crop at most 36, or add padding, "
        + "as in crop=37+5")
    #expect(text(shapes, "crop=36") == "")
  }
}
