import Glibc
import MartletCore
import MartletData
import Synchronization
import Testing

/// Batches of one picture whose label is the batch's index; counts what it makes.
private struct Counting: BatchSource {
  struct Failure: Error, Equatable { var index: Int }
  final class Log: Sendable {
    let made = Atomic(0)
    let running = Atomic(0)
    let mostRunning = Atomic(0)
    let last = Atomic(-1)
  }

  var count: Int
  var start = 0
  var failing: Set<Int> = []
  let log = Log()

  func batch(at index: Int) throws -> Batch {
    log.mostRunning.max(log.running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
    defer { log.running.subtract(1, ordering: .relaxed) }
    log.last.max(index, ordering: .relaxed)
    // Later batches are often ready before earlier ones.
    if index % 3 == 0 { usleep(300) }
    if failing.contains(index) { throw Failure(index: index) }
    log.made.add(1, ordering: .relaxed)
    return Batch(
      images: HostArray([UInt8(index & 255)], shape: [1, 1, 1, 1]), labels: HostArray([Int32(index)]))
  }
}

private func labels(_ iterator: some BatchIterator) throws -> [Int32] {
  var iterator = iterator
  var labels: [Int32] = []
  while let batch = try iterator.next() { labels += batch.labels.values() }
  return labels
}

struct PrefetchTests {
  @Test(arguments: [1, 2, 3, 8], [1, 2, 5, 40])
  func theOrderIsThatOfTheSource(workers: Int, depth: Int) throws {
    for _ in 0..<5 {
      let source = Counting(count: 30)
      #expect(try labels(source.prefetched(depth: depth, workers: workers).makeIterator()) == Array(0..<30))
      #expect(source.log.made.load(ordering: .relaxed) == 30)
      #expect(source.log.mostRunning.load(ordering: .relaxed) <= min(depth, workers))
    }
    #expect(try labels(Counting(count: 30).makeIterator()) == Array(0..<30))
  }

  @Test func itBeginsAnywhere() throws {
    for start in [0, 7, 29, 30, 31] {
      let source = Counting(count: 30, start: start).prefetched(depth: 3, workers: 2)
      #expect(try labels(source.makeIterator()) == Array(Int32(start)..<Int32(max(start, 30))))
      // A source can be gone through again.
      #expect(try labels(source.makeIterator()) == Array(Int32(start)..<Int32(max(start, 30))))
    }
    #expect(try labels(Counting(count: 0).prefetched().makeIterator()) == [])
  }

  @Test(arguments: [1, 2, 6]) func noMoreThanTheDepthIsMadeAhead(depth: Int) throws {
    let source = Counting(count: 60)
    let iterator = source.prefetched(depth: depth, workers: 4).makeIterator()
    for index in 0..<20 {
      #expect(try iterator.next()?.labels.values() == [Int32(index)])
      if index % 5 == 0 { usleep(3000) }
      #expect(source.log.last.load(ordering: .relaxed) <= index + depth)
    }
  }

  @Test func anErrorComesInItsPlace() throws {
    for failing: Set<Int> in [[0], [9], [9, 10, 11], [29]] {
      for workers in [1, 2, 5] {
        let source = Counting(count: 30, failing: failing)
        let iterator = source.prefetched(depth: 6, workers: workers).makeIterator()
        let place = failing.min()!
        for index in 0..<place { #expect(try iterator.next()?.labels.values() == [Int32(index)]) }
        #expect(throws: Counting.Failure(index: place)) { try iterator.next() }
        #expect(try iterator.next() == nil)
        #expect(try iterator.next() == nil)
      }
      var sequential = Counting(count: 30, failing: failing).makeIterator()
      for _ in 0..<failing.min()! { _ = try sequential.next() }
      #expect(throws: Counting.Failure(index: failing.min()!)) { try sequential.next() }
      #expect(try sequential.next() == nil)
    }
  }

  /// A dropped iterator ends its threads before it is gone, whatever they do.
  @Test func droppingEndsTheThreads() throws {
    for round in 0..<200 {
      weak var log: Counting.Log?
      var made = 0
      do {
        let source = Counting(count: 1000)
        log = source.log
        do {
          let iterator = source.prefetched(depth: 4, workers: 3).makeIterator()
          for _ in 0..<round % 6 { _ = try iterator.next() }
        }
        #expect(source.log.running.load(ordering: .relaxed) == 0)
        made = source.log.made.load(ordering: .relaxed)
        if round % 50 == 0 { usleep(2000) }
        #expect(source.log.made.load(ordering: .relaxed) == made)
      }
      #expect(made < 20)
      #expect(log == nil)
    }
  }

  @Test func dataSetsGiveTheSameBatches() throws {
    let data = try Shapes.dataset(count: 100, seed: 3).shuffled(seed: 1, epoch: 2).augmented(
      by: Augmentation("flip,shift=2,noise=0.1"), seed: 5, epoch: 2)
    let loader = data.batches(of: 16, startingAt: 2)
    let expected = Array(loader)
    for workers in [1, 2, 4] {
      let iterator = loader.prefetched(depth: 3, workers: workers).makeIterator()
      var batches: [Batch] = []
      while let batch = try iterator.next() { batches.append(batch) }
      #expect(batches == expected)
    }
  }
}
