import MartletTestSupport
import Testing

/// A heat map is what a classifier says of every window.
struct ConvolutionizedTests {
  /// Without padding, so that a window sees itself alone; steps of 4 and 2 pixels.
  static let classifiers: [(name: String, step: Int, layers: @Sendable () -> [any Layer])] = [
    (
      "dense layers", 4,
      {
        [
          Conv2D(4, kernelSize: 3, activation: .relu), MaxPool2D(2), Conv2D(6, kernelSize: 3), MaxPool2D(2),
          Flatten(), Dropout(0.5), Dense(7, activation: .relu), ReLU(), Dense(3, useBias: false),
        ]
      }
    ),
    ("the mean", 2, { [Conv2D(4, kernelSize: 4, strides: 2), GlobalAveragePooling2D(), Dense(3)] }),
    ("the maximum", 2, { [Conv2D(3, kernelSize: 4, strides: 2), GlobalMaxPooling2D()] }),
  ]

  @Test(arguments: 0..<3) func equalsTheSlidingWindow(index: Int) throws {
    let (name, step, layers) = Self.classifiers[index]
    let classifier = Sequential(layers())
    try withContext(seed: 5) { try classifier.build(input: [14, 18, 2]) }
    let map = try classifier.convolutionized(input: [14, 18, 2])
    let scenes = samples([2, 27, 33, 2], seed: 3)
    let heat = map(scenes)
    let (rows, columns) = ((27 - 14) / step + 1, (33 - 18) / step + 1)
    #expect(heat.shape == [2, rows, columns, 3], "\(name)")
    for row in 0..<rows {
      for column in 0..<columns {
        let (y, x) = (row * step, column * step)
        let window = classifier(scenes[.all, y..<y + 14, x..<x + 18])
        let expected = [Float](window).map(Double.init)
        let found = heat[.all, .at(row), .at(column)]
        #expect(mismatch(found, expected, tolerance: 1e-4) == nil, "\(name) at \(row), \(column)")
      }
    }
    // A window alone is a map of one place.
    #expect(map(scenes[.all, 0..<14, 0..<18]).shape == [2, 1, 1, 3])
  }

  @Test func whatComesBeforeIsSharedAndTheRestCopied() throws {
    let classifier = Sequential(Self.classifiers[0].layers())
    try classifier.build(input: [14, 14, 1])
    let map = try classifier.convolutionized(input: [14, 14, 1])
    #expect(map.layers.prefix(4).elementsEqual(classifier.layers.prefix(4)) { $0 === $1 })
    let before = [Float](classifier(samples([1, 14, 14, 1], seed: 1)))
    let labels = Tensor([Int32](repeating: 1, count: 4), shape: [1, 2, 2])
    try Adam().minimize(map) {
      softmaxCrossEntropy(logits: map(samples([1, 18, 18, 1], seed: 2)), labels: labels)
    }
    #expect([Float](classifier(samples([1, 14, 14, 1], seed: 1))) != before)
    let dense = classifier.layers[6] as? Dense
    #expect(map.parameterCount == classifier.parameterCount)
    #expect(map.parameters.allSatisfy { $0.parameter !== dense?.kernel })
  }

  @Test func saysWhatHasNoSuchForm() throws {
    let needs =
      "a heat map is made of a classifier with Flatten or global pooling that was built: call build(input:)"
    func message(_ model: Sequential, build: Bool = true) -> String {
      do {
        if build { try model.build(input: [8, 8, 1]) }
        _ = try model.convolutionized(input: [8, 8, 1])
        return ""
      } catch { return (error as? ShapeError)?.message ?? "\(error)" }
    }
    #expect(message(Sequential(Self.classifiers[1].layers()), build: false) == needs)
    #expect(message(Sequential { Conv2D(2, kernelSize: 3) }) == needs)
    let reshaped = Sequential {
      Flatten()
      Reshape([8, 8])
    }
    #expect(message(reshaped) == "Reshape([8, 8]) has no convolutional form behind Flatten or global pooling")
  }
}
