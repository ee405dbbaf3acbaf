import Synchronization
import Testing

@testable import MartletCPU

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
  func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }
}

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 5])
  func everyJobRunsOnce(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for jobs in [0, 1, 2, 3, 17, 1000] {
      let counts = UnsafeMutablePointer<Int>.allocate(capacity: jobs + 1)
      counts.initialize(repeating: 0, count: jobs + 1)
      nonisolated(unsafe) let written = counts
      for _ in 0..<50 { pool.parallel(jobs) { written[$0] += 1 } }
      #expect((0..<jobs).allSatisfy { counts[$0] == 50 })
      counts.deallocate()
    }
  }

  @Test func nestedRegionsRunInline() {
    let pool = ThreadPool(threads: 2)
    let total = Counter()
    pool.parallel(4) { _ in pool.parallel(8) { total.add($0) } }
    #expect(total.value.load(ordering: .relaxed) == 4 * 28)
  }

  @Test func concurrentCallersAreServed() async {
    let pool = ThreadPool(threads: 2)
    let total = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<200 { pool.parallel(3) { _ in total.add(1) } } }
      }
    }
    #expect(total.value.load(ordering: .relaxed) == 4 * 200 * 3)
  }
}

@Suite struct BufferPoolTests {
  @Test func freedMemoryIsReused() throws {
    let pool = BufferPool()
    var buffer: CPUBuffer? = try pool.allocate(byteCount: 1000)
    let address = buffer!.pointer
    #expect(UInt(bitPattern: address) % 64 == 0)
    #expect(pool.statistics.inUse >= 1064)
    buffer = nil
    #expect(pool.statistics.inUse == 0)
    #expect(pool.statistics.cached >= 1064)
    buffer = try pool.allocate(byteCount: 990)
    #expect(buffer!.pointer == address)
    #expect(pool.statistics.cached == 0)
  }

  @Test func keepsNoMoreThanTwiceWhatWasEverNeeded() throws {
    let pool = BufferPool()
    for size in stride(from: 1 << 20, through: 40 << 20, by: 1 << 20) {
      _ = try pool.allocate(byteCount: size)
    }
    #expect(pool.statistics.inUse == 0)
    #expect(pool.statistics.cached <= 90 << 20)
    #expect(pool.statistics.peak <= 90 << 20)
  }

  @Test func wastesAtMostAnEighth() {
    for size in [500, 1000, 1 << 20, 12_345_678] {
      let capacity = BufferPool.capacity(for: size)
      #expect(capacity >= size + 64)
      #expect(Double(capacity) <= Double(size + 64) * 1.126 || capacity == 512)
    }
  }
}
