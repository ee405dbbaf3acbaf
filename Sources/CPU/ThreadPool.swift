import Glibc
import Synchronization

/// Threads for data-parallel regions. Waiting workers spin for a short while, because the next primitive usually
/// follows within microseconds, and then block.
///
/// Jobs are taken one by one, so a thread that loses its core for a while delays no more than one job. One region runs
/// at a time: a region opened inside another, or by another thread meanwhile, runs on the thread that opened it.
final class ThreadPool: @unchecked Sendable {
  let threads: Int

  /// The low half counts the jobs not yet taken, the high half the regions. A worker takes a job by lowering the
  /// count of the very region it looked at; from then on the region cannot end before the job has.
  private let tickets = Atomic<UInt64>(0)
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
  }

  /// Calls `body` once for each of 0 ..< jobs, in any order, and returns when all calls have returned.
  func parallel(_ jobs: Int, _ body: (Int) -> Void) { parallel(jobs) { job, _ in body(job) } }

  /// The same with the number of the thread, 0 ..< threads: no two calls at a time have the same one.
  func parallel(_ jobs: Int, _ body: (_ job: Int, _ thread: Int) -> Void) {
    guard jobs > 1, threads > 1, jobs <= Int(UInt32.max),
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
    let region = tickets.load(ordering: .relaxed) >> 32 &+ 1
    tickets.store(region << 32 | UInt64(jobs), ordering: .sequentiallyConsistent)
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

  /// Works until every job of the present region is taken.
  private func takeJobs(thread: Int) {
    var ticket = tickets.load(ordering: .acquiring)
    while ticket & 0xFFFF_FFFF > 0 {
      let (taken, now) = tickets.weakCompareExchange(
        expected: ticket, desired: ticket - 1, ordering: .acquiringAndReleasing)
      if taken {
        perform(jobs - Int(ticket & 0xFFFF_FFFF), thread)
        unfinished.subtract(1, ordering: .acquiringAndReleasing)
        ticket = tickets.load(ordering: .acquiring)
      } else {
        ticket = now
      }
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
    while !isClosing.load(ordering: .acquiring) {
      var spins = 0
      while tickets.load(ordering: .acquiring) & 0xFFFF_FFFF == 0 && spins < Self.spins { spins &+= 1 }
      if spins == Self.spins { sleep() }
      takeJobs(thread: thread)
    }
  }

  private func sleep() {
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while tickets.load(ordering: .sequentiallyConsistent) & 0xFFFF_FFFF == 0
      && !isClosing.load(ordering: .sequentiallyConsistent)
    {
      pthread_cond_wait(condition, mutex)
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}
