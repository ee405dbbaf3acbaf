import Glibc
import MartletCore

/// The batches of a source in its order, made ahead of time by threads of their own.
///
/// ```swift
/// let source = train.augmented(by: augmentation, seed: 7, epoch: 3).batches(of: 64)
/// var batches = source.prefetched(depth: 4, workers: 2).makeIterator()
/// while let batch = try batches.next() { ... }    // batches 0, 1, 2 ... whatever the number of workers
/// ```
/// At most `depth` batches are made or ready at a time, besides the one in use. An error comes in the place of the
/// batch that could not be made, after those before it. An iterator that is dropped stops its threads and waits for
/// what they are making.
public struct PrefetchedBatches<Source: BatchSource>: BatchSource {
  public let source: Source
  public let depth: Int
  public let workers: Int

  public var count: Int { source.count }
  public var start: Int { source.start }
  public func batch(at index: Int) throws -> Batch { try source.batch(at: index) }
  public func makeIterator() -> PrefetchIterator { PrefetchIterator(source, depth: depth, workers: workers) }
}

extension BatchSource {
  /// The same batches in the same order, up to `depth` of them made ahead of time by `workers` threads.
  public func prefetched(depth: Int = 4, workers: Int = 1) -> PrefetchedBatches<Self> {
    precondition(
      depth > 0 && workers > 0,
      "prefetching takes a batch and a thread; received depth \(depth), workers \(workers)")
    return PrefetchedBatches(source: self, depth: depth, workers: workers)
  }
}

/// Hands out the batches that its threads make.
public final class PrefetchIterator: BatchIterator {
  private let queue: BatchQueue
  private let threads: [pthread_t]

  fileprivate init(_ source: some BatchSource, depth: Int, workers: Int) {
    let queue = BatchQueue(source, depth: depth)
    self.queue = queue
    let useful = min(workers, depth, max(0, source.count - source.start))
    threads = (0..<useful).compactMap { _ in Self.start(queue) }
  }

  deinit {
    queue.close()
    for thread in threads { pthread_join(thread, nil) }
  }

  public func next() throws -> Batch? {
    // A machine that has no thread left makes each batch here.
    if threads.isEmpty { queue.makeOne() }
    return try queue.next()
  }

  /// A thread that works until the queue is closed or at its end; nil where the machine has none left.
  private static func start(_ queue: BatchQueue) -> pthread_t? {
    var thread = pthread_t()
    // The thread holds the queue and not the iterator, which can therefore go while threads work.
    let argument = Unmanaged.passRetained(queue).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { argument in
        let queue = Unmanaged<BatchQueue>.fromOpaque(argument!).takeRetainedValue()
        while queue.makeOne() {}
        return nil
      }, argument)
    if code == 0 { return thread }
    Unmanaged<BatchQueue>.fromOpaque(argument).release()
    return nil
  }
}

/// What the threads and the iterator share: a ring of places, one for each batch that may be made ahead.
private final class BatchQueue: @unchecked Sendable {
  private let make: @Sendable (Int) throws -> Batch
  private let end: Int

  // Everything below is touched with the mutex locked.
  private var places: [Result<Batch, any Error>?]
  /// The first batch that no thread has taken on.
  private var nextToMake: Int
  /// The batch that `next` hands out. It and the `depth` - 1 after it have places.
  private var nextToDeliver: Int
  private var isClosed = false
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// Signalled when a place was filled.
  private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// Signalled when a place became free, or the queue was closed.
  private let freed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(_ source: some BatchSource, depth: Int) {
    make = { try source.batch(at: $0) }
    end = source.count
    nextToMake = source.start
    nextToDeliver = source.start
    places = Array(repeating: nil, count: depth)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(filled, nil)
    pthread_cond_init(freed, nil)
  }

  deinit {
    pthread_cond_destroy(freed)
    pthread_cond_destroy(filled)
    pthread_mutex_destroy(mutex)
    freed.deallocate()
    filled.deallocate()
    mutex.deallocate()
  }

  /// Makes the next batch that nobody makes, when there is a place for it; false where there is none left to make.
  @discardableResult
  func makeOne() -> Bool {
    guard let index = takeIndex() else { return false }
    let result = Result { try make(index) }
    pthread_mutex_lock(mutex)
    places[index % places.count] = result
    if case .failure = result { isClosed = true }
    pthread_cond_broadcast(filled)
    if isClosed { pthread_cond_broadcast(freed) }
    pthread_mutex_unlock(mutex)
    return true
  }

  private func takeIndex() -> Int? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !isClosed, nextToMake < end, nextToMake >= nextToDeliver + places.count {
      pthread_cond_wait(freed, mutex)
    }
    guard !isClosed, nextToMake < end else { return nil }
    nextToMake += 1
    return nextToMake - 1
  }

  /// Waits for the next batch in order.
  func next() throws -> Batch? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    let place = nextToDeliver % places.count
    // A batch that was taken on gets made, even where a later one has failed.
    while nextToDeliver < end, places[place] == nil, !isClosed || nextToDeliver < nextToMake {
      pthread_cond_wait(filled, mutex)
    }
    guard nextToDeliver < end, let result = places[place] else { return nil }
    places[place] = nil
    nextToDeliver += 1
    pthread_cond_broadcast(freed)
    if case .failure = result { nextToDeliver = end }
    return try result.get()
  }

  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(freed)
    pthread_mutex_unlock(mutex)
  }
}
