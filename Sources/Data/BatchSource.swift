/// Batches in a fixed order, each a pure function of its index, so that any of them can be made at any time and on any
/// thread.
///
/// ```swift
/// var batches = source.makeIterator()
/// while let batch = try batches.next() { ... }
/// ```
public protocol BatchSource: Sendable {
  associatedtype Iterator: BatchIterator
  /// The number of batches, those before `start` included.
  var count: Int { get }
  /// The index of the batch with which iteration begins.
  var start: Int { get }
  /// Batch `index`, from 0 ..< `count`.
  func batch(at index: Int) throws -> Batch
  func makeIterator() -> Iterator
}

/// Hands out batches one after another.
public protocol BatchIterator {
  /// The next batch, or nil after the last one. After an error there is none.
  mutating func next() throws -> Batch?
}

/// Makes each batch when it is asked for.
public struct SequentialBatches<Source: BatchSource>: BatchIterator {
  private let source: Source
  private var index: Int
  private var end: Int

  public init(_ source: Source) {
    self.source = source
    index = source.start
    end = source.count
  }

  public mutating func next() throws -> Batch? {
    guard index < end else { return nil }
    index += 1
    do { return try source.batch(at: index - 1) } catch {
      end = 0
      throw error
    }
  }
}

extension BatchSource where Iterator == SequentialBatches<Self> {
  public func makeIterator() -> SequentialBatches<Self> { SequentialBatches(self) }
}
