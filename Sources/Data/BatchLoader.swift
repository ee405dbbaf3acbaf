/// The batches of a data set in order. The last one is short where the batch size does not divide the count.
///
/// Batch i is a pure function of the data set and i, so a run that was interrupted goes on anywhere:
///
/// ```swift
/// let order = train.shuffled(seed: 7, epoch: 3)
/// for batch in order.batches(of: 64, startingAt: 120) { ... }   // batches 120, 121, ... of epoch 3
/// ```
public struct BatchLoader: Sequence, BatchSource {
  public let dataset: Dataset
  public let batchSize: Int
  /// The index of the batch with which iteration begins.
  public let start: Int

  public init(_ dataset: Dataset, batchSize: Int, startingAt start: Int = 0) {
    precondition(batchSize > 0, "a batch has at least one picture; received the batch size \(batchSize)")
    precondition(start >= 0, "the first batch is batch 0; received \(start)")
    self.dataset = dataset
    self.batchSize = batchSize
    self.start = start
  }

  /// The number of batches of the data set, those before `start` included.
  public var count: Int {
    // No sum that overflows where somebody asks for batches of any size.
    dataset.count / batchSize + (dataset.count.isMultiple(of: batchSize) ? 0 : 1)
  }
  public var underestimatedCount: Int { Swift.max(0, count - start) }

  /// Batch `index` of the data set.
  public subscript(index: Int) -> Batch {
    precondition((0..<count).contains(index), "batch \(index) is outside 0..<\(count)")
    let first = index * batchSize
    return dataset.batch(first..<first + Swift.min(batchSize, dataset.count - first))
  }

  public func batch(at index: Int) -> Batch { self[index] }

  public struct Iterator: IteratorProtocol, BatchIterator {
    let loader: BatchLoader
    var index: Int

    public mutating func next() -> Batch? {
      guard index < loader.count else { return nil }
      index += 1
      return loader[index - 1]
    }
  }

  public func makeIterator() -> Iterator { Iterator(loader: self, index: start) }
}

extension Dataset {
  /// The batches of this data set in its order.
  public func batches(of size: Int, startingAt start: Int = 0) -> BatchLoader {
    BatchLoader(self, batchSize: size, startingAt: start)
  }
}
