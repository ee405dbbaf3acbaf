import MartletTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Every layer: prints, builds by a dry run, runs.
struct CatalogTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let make: @Sendable () -> any Layer
    let input: Shape
    let output: Shape
    let parameters: Int
    var testDescription: String { text }
    init(
      _ text: String, _ input: Shape, _ output: Shape, parameters: Int = 0,
      _ make: @escaping @Sendable () -> any Layer
    ) {
      self.text = text
      self.make = make
      self.input = input
      self.output = output
      self.parameters = parameters
    }
  }

  static let cases = [
    Case("Conv2D(8, kernelSize: 3)", [6, 6, 2], [4, 4, 8], parameters: 152) { Conv2D(8, kernelSize: 3) },
    Case(
      "Conv2D(4, kernelSize: [3, 5], strides: 2, padding: .same, groups: 2, activation: .relu, useBias: false, "
        + "kernelInitializer: .heNormal)", [6, 6, 2], [3, 3, 4], parameters: 60
    ) {
      Conv2D(
        4, kernelSize: [3, 5], strides: 2, padding: .same, groups: 2, activation: .relu, useBias: false,
        kernelInitializer: .heNormal)
    },
    Case("Conv2D(1, kernelSize: 2, dilationRate: 3)", [6, 6, 1], [3, 3, 1], parameters: 5) {
      Conv2D(1, kernelSize: 2, dilationRate: 3)
    },
    Case(
      "Conv2DTranspose(3, kernelSize: 4, strides: 2, padding: .same, activation: .tanh)", [4, 4, 2],
      [8, 8, 3],
      parameters: 99
    ) { Conv2DTranspose(3, kernelSize: 4, strides: 2, padding: .same, activation: .tanh) },
    Case(
      "Conv2DTranspose(2, kernelSize: 3, strides: 2, outputPadding: 1)", [2, 2, 1], [6, 6, 2], parameters: 20
    ) {
      Conv2DTranspose(2, kernelSize: 3, strides: 2, outputPadding: 1)
    },
    Case("Dense(5)", [3], [5], parameters: 20) { Dense(5) },
    Case("Dense(5, activation: .softmax, useBias: false)", [2, 3], [2, 5], parameters: 15) {
      Dense(5, activation: .softmax, useBias: false)
    },
    Case("BatchNormalization()", [4, 4, 3], [4, 4, 3], parameters: 6) { BatchNormalization() },
    Case("BatchNormalization(momentum: 0.9, epsilon: 1e-05, center: false, scale: false)", [3], [3]) {
      BatchNormalization(momentum: 0.9, epsilon: 1e-5, center: false, scale: false)
    },
    Case("Lambda(\"square\")", [3], [3]) { Lambda("square") { $0.squared() } },
    Case("Dropout(0.5)", [3], [3]) { Dropout(0.5) },
    Case("SpatialDropout2D(0.25)", [2, 2, 3], [2, 2, 3]) { SpatialDropout2D(0.25) },
    Case("MaxPool2D(2)", [5, 5, 2], [2, 2, 2]) { MaxPool2D(2) },
    Case("MaxPool2D(3, strides: 2, padding: .same)", [5, 5, 2], [3, 3, 2]) {
      MaxPool2D(3, strides: 2, padding: .same)
    },
    Case("AveragePooling2D([2, 1])", [4, 4, 1], [2, 4, 1]) { AveragePooling2D([2, 1]) },
    Case("GlobalAveragePooling2D()", [4, 3, 2], [2]) { GlobalAveragePooling2D() },
    Case("GlobalAveragePooling2D(keepDims: true)", [4, 3, 2], [1, 1, 2]) {
      GlobalAveragePooling2D(keepDims: true)
    },
    Case("GlobalMaxPooling2D()", [4, 3, 2], [2]) { GlobalMaxPooling2D() },
    Case("Flatten()", [2, 3, 4], [24]) { Flatten() },
    Case("Reshape([4, -1])", [2, 3, 4], [4, 6]) { Reshape([4, -1]) },
    Case("Permute([2, 1])", [2, 3], [3, 2]) { Permute([2, 1]) },
    Case("ZeroPadding2D(2)", [2, 3, 1], [6, 7, 1]) { ZeroPadding2D(2) },
    Case("ZeroPadding2D(height: .init(1, 0), width: .init(0, 2))", [2, 3, 1], [3, 5, 1]) {
      ZeroPadding2D(height: .init(1, 0), width: .init(0, 2))
    },
    Case("Cropping2D(height: .init(1, 0), width: .init(0, 2))", [2, 3, 1], [1, 1, 1]) {
      Cropping2D(height: .init(1, 0), width: .init(0, 2))
    },
    Case("UpSampling2D(2)", [2, 3, 1], [4, 6, 1]) { UpSampling2D() },
    Case("UpSampling2D([2, 3], interpolation: .bilinear)", [2, 2, 1], [4, 6, 1]) {
      UpSampling2D([2, 3], interpolation: .bilinear)
    },
    Case("Activation(.gelu())", [3], [3]) { Activation(.gelu()) },
    Case("ReLU()", [3], [3]) { ReLU() },
    Case("ReLU(maxValue: 6.0, negativeSlope: 0.1)", [3], [3]) { ReLU(maxValue: 6, negativeSlope: 0.1) },
    Case("PReLU()", [2, 2, 3], [2, 2, 3], parameters: 12) { PReLU() },
    Case("PReLU(sharedAxes: [1, 2])", [2, 2, 3], [2, 2, 3], parameters: 3) { PReLU(sharedAxes: [1, 2]) },
    Case("Identity()", [3], [3]) { Identity() },
    Case("Add {\n  Identity()\n  Dense(3)\n}", [3], [3], parameters: 12) {
      Add {
        Identity()
        Dense(3)
      }
    },
    Case("Multiply {\n  Identity()\n  Activation(.sigmoid)\n}", [3], [3]) {
      Multiply {
        Identity()
        Activation(.sigmoid)
      }
    },
    Case("Subtract {\n  Identity()\n  ReLU()\n}", [3], [3]) {
      Subtract { [Identity(), ReLU()] as [any Layer] }
    },
    Case("Average {\n  Identity()\n  ReLU()\n}", [3], [3]) {
      Average { [Identity(), ReLU()] as [any Layer] }
    },
    Case("Maximum {\n  Identity()\n  ReLU()\n}", [3], [3]) {
      Maximum { [Identity(), ReLU()] as [any Layer] }
    },
    Case("Minimum {\n  Identity()\n  ReLU()\n}", [3], [3]) {
      Minimum { [Identity(), ReLU()] as [any Layer] }
    },
    Case("Concatenate(axis: 1) {\n  Identity()\n  Identity()\n}", [3, 2], [6, 2]) {
      Concatenate(axis: 1) {
        Identity()
        Identity()
      }
    },
    Case("Sequential {\n  Dense(2)\n  Sequential {\n    ReLU()\n  }\n}", [3], [2], parameters: 8) {
      Sequential {
        Dense(2)
        Sequential { ReLU() }
      }
    },
    Case("Functional {\n  Dense(2)\n  Add()\n}", [3], [2], parameters: 8) {
      let input = Node()
      let y = Dense(2)(input)
      return Functional(from: input, to: Add()(y, y))
    },
  ]

  @Test(arguments: cases) func printsBuildsAndRuns(layer: Case) throws {
    let model = layer.make()
    #expect("\(model)" == layer.text)
    #expect(try model.outputShape(for: layer.input) == layer.output)
    let summary = try model.summary(input: layer.input)
    #expect(summary.parameters == layer.parameters)
    #expect(summary.outputShape == layer.output)
    #expect(model.parameterCount == 0)
    try model.build(input: layer.input)
    #expect(model.parameterCount == layer.parameters)
    let x = samples(Shape([2] + layer.input.sizes), seed: 1)
    let y = model(x)
    #expect(y.shape == Shape([2] + layer.output.sizes))
    #expect([Float](y).allSatisfy { $0.isFinite })
    let training = try compute(phase: .training) { model(x) }
    #expect(training.shape == y.shape)
  }

  /// The classes that the sources define are the classes that the cases make.
  @Test func everyLayerHasACase() throws {
    let folder = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/Sources/Layers"
    let families = [
      ConvolutionTests.cases, PoolingTests.cases, NormalizationTests.cases, ResizingTests.cases,
    ]
    let tested = Set((Self.cases + families.joined()).map { "\(type(of: $0.make()))" })
    // Its output has another batch size, so that it has a test of its own.
    let others: Set = ["AdversarialNetwork"]
    var found: Set<String> = []
    for name in try entries(of: folder) where name.hasSuffix(".swift") {
      for line in try text(of: "\(folder)/\(name)").split(separator: "\n")
      where line.hasPrefix("public final class ") && line.hasSuffix("Layer {") {
        found.insert(String(line.dropFirst("public final class ".count).prefix { $0 != ":" }))
      }
    }
    #expect(found.count > 50)
    #expect(found.subtracting(tested) == others)
  }

  private func entries(of folder: String) throws -> [String] {
    let directory = try #require(opendir(folder))
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }

  private func text(of path: String) throws -> String {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
