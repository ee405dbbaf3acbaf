import MartletData
import MartletLayers

/// An array that can be brought to the host: what `fit`, `evaluate` and `predict` take beside data sets.
public protocol HostArrayConvertible {
  func hostArray() throws -> HostArray
}

extension HostArray: HostArrayConvertible {
  public func hostArray() -> HostArray { self }
}

extension Tensor: HostArrayConvertible {}

extension Layer {
  /// Trains the model on inputs and targets, (N, ...) both: see `fit(_:validation:…)`.
  ///
  /// - Parameter validation: inputs and targets to measure after every epoch.
  @discardableResult
  public func fit(
    _ inputs: any HostArrayConvertible, _ targets: any HostArrayConvertible,
    sampleWeights: [Float]? = nil,
    validation: (inputs: any HostArrayConvertible, targets: any HostArrayConvertible)? = nil,
    validationSplit: Double = 0, epochs: Int = 1, batchSize: Int = 128, optimizer: any Optimizer, loss: Loss,
    metrics: [Metric] = [], classWeights: [Int: Float] = [:], seed: UInt64 = 0, callbacks: [any Callback] = []
  ) throws -> History {
    var data = try Dataset(inputs: inputs.hostArray(), targets: targets.hostArray())
    if let sampleWeights { data = try data.weighted(bySample: sampleWeights) }
    return try fit(
      data, validation: validation.map { try Dataset(inputs: $0.hostArray(), targets: $1.hostArray()) },
      validationSplit: validationSplit, epochs: epochs, batchSize: batchSize, optimizer: optimizer,
      task: Supervised(loss: loss, metrics: metrics), classWeights: classWeights, seed: seed,
      callbacks: callbacks)
  }

  /// The loss and the metrics of inputs and targets, in the inference phase.
  public func evaluate(
    _ inputs: any HostArrayConvertible, _ targets: any HostArrayConvertible, sampleWeights: [Float]? = nil,
    batchSize: Int = 128, loss: Loss, metrics: [Metric] = []
  ) throws -> BatchResult {
    var data = try Dataset(inputs: inputs.hostArray(), targets: targets.hostArray())
    if let sampleWeights { data = try data.weighted(bySample: sampleWeights) }
    return try evaluate(data, batchSize: batchSize, task: Supervised(loss: loss, metrics: metrics))
  }

  /// The outputs for inputs (N, ...) in the inference phase, a batch at a time. uint8 pictures become 0 ... 1, as in
  /// training. Several threads may predict at once with one built model.
  ///
  /// - Throws: `ShapeError` for inputs that do not fit, `DeviceError`.
  public func predict(_ inputs: any HostArrayConvertible, batchSize: Int = 128) throws -> HostArray {
    let inputs = try inputs.hostArray()
    guard inputs.shape.rank > 0 else {
      throw ShapeError("inputs have a first axis of samples; received one number")
    }
    // Nothing is compared with, so anything will do as targets.
    return try predict(
      Dataset(inputs: inputs, targets: HostArray([UInt8](repeating: 0, count: inputs.shape[0]))),
      batchSize: batchSize)
  }

  /// The outputs for the pictures of a data set.
  public func predict(_ data: Dataset, batchSize: Int = 128) throws -> HostArray {
    precondition(batchSize > 0, "a batch has at least one sample; received \(batchSize)")
    var parts: [HostArray] = []
    for batch in data.batches(of: batchSize) {
      let inputs = try Tensor(batch.images)
      parts.append(try compute(phase: .inference) { self(Classification.input(inputs)) }.hostArray())
    }
    guard let first = parts.first else {
      throw ShapeError("there is nothing to predict: the data set has no samples")
    }
    var shape = first.shape
    shape[0] = data.count
    return HostArray(shape: shape, dtype: first.dtype, bytes: parts.flatMap(\.bytes))
  }
}
