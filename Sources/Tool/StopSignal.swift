import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The signals that ask a run to stop: it finishes its step, writes a checkpoint and exits. A second one ends it at once.
enum StopSignal {
  private static let received = Atomic<Int32>(0)

  /// The signal that came, nil where none did.
  static var current: StopSignalKind? { StopSignalKind(rawValue: received.load(ordering: .relaxed)) }

  /// Listens from now on.
  static func listen() {
    // The first use of a global may allocate, which a handler must not do.
    received.store(0, ordering: .relaxed)
    var action = sigaction()
    action.sa_flags = SA_RESTART
    action.__sigaction_handler.sa_handler = { signal in
      if StopSignal.received.exchange(signal, ordering: .relaxed) != 0 { _exit(128 + signal) }
    }
    for signal in [SIGINT, SIGTERM] { sigaction(signal, &action, nil) }
  }
}

/// What a stop was asked with.
enum StopSignalKind: Int32 {
  case interrupt = 2
  case terminate = 15

  var name: String { self == .interrupt ? "SIGINT" : "SIGTERM" }
  /// A run that was told to end has done so; one that a person broke off says so, as shells expect.
  var exitCode: Int32 { self == .interrupt ? 130 : 0 }
}
