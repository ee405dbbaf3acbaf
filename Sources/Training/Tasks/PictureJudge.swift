import MartletData
import MartletLayers
import Synchronization

/// Says how pictures look, in 32 numbers: the last hidden layer of a small classifier that has learned to tell the classes
/// of a data set apart. Generated pictures are as good as their numbers are spread like those of real ones.
public struct PictureJudge: Sendable {
  /// Pictures of 0 ... 1 to (N, 32). Nothing changes them after they have learned.
  nonisolated(unsafe) let features: Sequential

  /// Learns for 500 steps of 128 pictures; nil for data of one class, in which there is nothing to tell apart. The
  /// same data gives the same judge, whatever the context's random keys are.
  ///
  /// - Throws: `ShapeError` for data that has no pictures, `DeviceError`.
  public init?(learningFrom data: Dataset) throws {
    guard Self.canLearn(from: data) else { return nil }
    let features = Sequential {
      Conv2D(16, kernelSize: 3, padding: .same, activation: .relu)
      MaxPool2D(2, padding: .same)
      Conv2D(32, kernelSize: 3, padding: .same, activation: .relu)
      MaxPool2D(2, padding: .same)
      Flatten()
      Dense(32, activation: .relu)
    }
    let classifier = Sequential {
      features
      Dense(data.classNames.count)
    }
    try withContext(seed: 0) {
      try classifier.build(input: data.imageShape)
      try classifier.fit(data, epochs: 500, batchSize: 128, steps: 500, optimizer: Adam(learningRate: 1e-3))
    }
    self.features = features
  }

  static func canLearn(from data: Dataset) -> Bool { data.classNames.count > 1 && data.count > 1 }

  /// How many pictures there are, the sum of their features and of the products of these, in one row: what adds up from
  /// batch to batch to what `FrechetDistance` takes.
  func sums(of pictures: Tensor) -> Tensor {
    let x = features(pictures)
    return .concatenated(
      [Tensor([Float(x.shape[0])]), x.sum(axes: 0), x.transposed().matmul(x).reshaped([-1])], axis: 0)
  }
}

/// A judge that learns when it is first asked for, so that training need not wait for it.
final class LatePictureJudge: Sendable {
  private let data: Dataset
  /// Nil before it was asked for.
  private let learned = Mutex<PictureJudge?>(nil)

  /// Nil where the data has nothing to tell apart.
  init?(learningFrom data: Dataset) {
    guard PictureJudge.canLearn(from: data) else { return nil }
    self.data = data
  }

  func judge() throws -> PictureJudge? {
    try learned.withLock { learned in
      if learned == nil { learned = try PictureJudge(learningFrom: data) }
      return learned
    }
  }
}
