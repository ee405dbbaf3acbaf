import Glibc
import Synchronization

/// Threads for data-parallel regions. Waiting workers spin for a short while, because the next primitive usually
/// follows within microseconds, and then block.
///
/// Every thread has a run of jobs of its own, the same part of the whole in each region, so that it finds in its caches what
/// it left there in the region before; processors may have no cache in common. It takes them one by one, and then the last
/// ones of others, so a thread that loses its core for a while delays no more than one job. One region runs
/// at a time: a region opened inside another, or by another thread meanwhile, runs on the thread that opened it.
final class ThreadPool: @unchecked Sendable {
  let threads: Int

  /// What is left of each thread's run, on a cache line of its own.
  private let runs: UnsafeMutablePointer<Atomic<UInt64>>
  private static let line = 8
  /// Counts the regions.
  private let region = Atomic<UInt64>(0)
  private let unfinished = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let isClosing = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let started = Atomic<Int>(0)
  private var body: ((Int, Int) -> Void)?
  private var jobs = 0

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var handles: [pthread_t] = []
  private static let spins = 20_000

  init(threads: Int) {
    self.threads = threads
    runs = .allocate(capacity: threads * Self.line)
    for index in 0..<threads * Self.line { (runs + index).initialize(to: Atomic(0)) }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    // Workers hold no reference to the pool, so this runs while they wait.
    isClosing.store(true, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
    for handle in handles { pthread_join(handle, nil) }
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
    runs.deinitialize(count: threads * Self.line)
    runs.deallocate()
  }

  /// Calls `body` once for each of 0 ..< jobs, in any order, and returns when all calls have returned.
  func parallel(_ jobs: Int, _ body: (Int) -> Void) { parallel(jobs) { job, _ in body(job) } }

  /// The same with the number of the thread, 0 ..< threads: no two calls at a time have the same one.
  func parallel(_ jobs: Int, _ body: (_ job: Int, _ thread: Int) -> Void) {
    guard jobs > 1, threads > 1, jobs <= Run.limit,
      isBusy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    else {
      for job in 0..<max(0, jobs) { body(job, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      run(jobs, body)
      self.body = nil
    }
    isBusy.store(false, ordering: .releasing)
  }

  private func run(_ jobs: Int, _ body: @escaping (Int, Int) -> Void) {
    if handles.isEmpty { startWorkers() }
    self.body = body
    self.jobs = jobs
    unfinished.store(jobs, ordering: .relaxed)
    let number = region.load(ordering: .relaxed) &+ 1
    for thread in 0..<threads {
      let run = Run(region: number, jobs: start(of: thread + 1) - start(of: thread))
      runs[thread * Self.line].store(run.bits, ordering: .releasing)
    }
    region.store(number, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(mutex)
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    takeJobs(thread: 0)
    var waits = 0
    while unfinished.load(ordering: .acquiring) > 0 {
      waits &+= 1
      if waits & 1023 == 0 { sched_yield() }
    }
  }

  /// The first job of a thread's run.
  private func start(of thread: Int) -> Int { thread * jobs / threads }

  /// The jobs of a thread's run that nobody has taken: the owner takes the first, others the last. A job is taken by changing the
  /// run of the very region that one looked at; from then on the region cannot end before the job has.
  private struct Run {
    var bits: UInt64
    /// Of a region; a thread could have half of them.
    static let limit = 1 << 20

    init(bits: UInt64) { self.bits = bits }
    init(region: UInt64, jobs: Int) { bits = region << 42 | UInt64(jobs) }

    var first: Int { Int(bits >> 21 & 0x1F_FFFF) }
    var end: Int { Int(bits & 0x1F_FFFF) }
    var withoutFirst: Run { Run(bits: bits + (1 << 21)) }
    var withoutLast: Run { Run(bits: bits - 1) }
  }

  /// Works until every job of the present region is taken.
  private func takeJobs(thread: Int) {
    takeJobs(ofRun: thread, thread)
    for other in 1..<threads { takeJobs(ofRun: (thread + other) % threads, thread) }
  }

  private func takeJobs(ofRun owner: Int, _ thread: Int) {
    let place = runs + owner * Self.line
    var run = Run(bits: place.pointee.load(ordering: .acquiring))
    while run.first < run.end {
      let rest = owner == thread ? run.withoutFirst : run.withoutLast
      let (taken, now) = place.pointee.weakCompareExchange(
        expected: run.bits, desired: rest.bits, ordering: .acquiringAndReleasing)
      if taken {
        perform(start(of: owner) + (owner == thread ? run.first : rest.end), thread)
        unfinished.subtract(1, ordering: .acquiringAndReleasing)
      }
      run = Run(bits: taken ? place.pointee.load(ordering: .acquiring) : now)
    }
  }

  /// Never inlined: whatever reference to the closure the call makes is gone before the job counts as finished.
  @inline(never)
  private func perform(_ job: Int, _ thread: Int) { body!(job, thread) }

  private func startWorkers() {
    for _ in 1..<threads {
      var handle = pthread_t()
      let pool = Unmanaged.passUnretained(self).toOpaque()
      let status = pthread_create(
        &handle, nil,
        { pool in
          Unmanaged<ThreadPool>.fromOpaque(pool!)._withUnsafeGuaranteedRef { $0.work() }
          return nil
        }, pool)
      if status == 0 { handles.append(handle) }
    }
  }

  private func work() {
    let thread = started.add(1, ordering: .relaxed).newValue
    var seen: UInt64 = 0
    while !isClosing.load(ordering: .acquiring) {
      var spins = 0
      while region.load(ordering: .acquiring) == seen && spins < Self.spins { spins &+= 1 }
      if spins == Self.spins { sleep(seen) }
      seen = region.load(ordering: .acquiring)
      takeJobs(thread: thread)
    }
  }

  /// Waits for another region than the one seen.
  private func sleep(_ seen: UInt64) {
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while region.load(ordering: .sequentiallyConsistent) == seen
      && !isClosing.load(ordering: .sequentiallyConsistent)
    {
      pthread_cond_wait(condition, mutex)
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}
