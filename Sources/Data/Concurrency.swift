import Glibc
import Synchronization

/// Work on independent items, on as many threads as the machine runs at once.
package enum Concurrency {
  static let threadCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Calls `body` once for each index. Which thread takes which one is left to chance, so nothing may depend on it.
  static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      let work = Work(count: count, body: body)
      var threads: [pthread_t] = []
      for _ in 1..<max(1, min(threadCount, count)) {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(work).toOpaque()
        let code = pthread_create(
          &thread, nil,
          { argument in
            Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().run()
            return nil
          }, argument)
        // A machine that has no thread left does the work on this one.
        guard code == 0 else {
          Unmanaged<Work>.fromOpaque(argument).release()
          break
        }
        threads.append(thread)
      }
      work.run()
      for thread in threads { pthread_join(thread, nil) }
    }
  }

  /// The results of `body` for each index, in order. Throws the error of the first index that has one.
  package static func map<Result: Sendable>(
    _ count: Int, _ body: @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: count))
    forEach(count) { index in
      let result = Swift.Result { try body(index) }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.map { try $0!.get() } }
  }

  private final class Work: Sendable {
    private let next = Atomic(0)
    private let count: Int
    private let body: @Sendable (Int) -> Void

    init(count: Int, body: @escaping @Sendable (Int) -> Void) {
      self.count = count
      self.body = body
    }

    func run() {
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index)
      }
    }
  }
}
