import MartletCPU
import Synchronization

/// Whether layers behave as in training (dropout drops, batch normalisation uses the batch) or as in inference.
public enum Phase: Sendable { case inference, training }

/// What operations find around them: device, phase, random state, and the scope that is open. Scoped to a task.
public struct Context: Sendable {
  /// The device of leaves; the machine's best one where none was chosen.
  public var device: any Device {
    get { chosenDevice ?? Devices.best }
    set { chosenDevice = newValue }
  }
  private var chosenDevice: (any Device)?
  public var phase = Phase.inference
  public var random: RandomState
  /// Whether scopes run every operation at once instead of planning: for debugging, with the same results.
  public var isImmediate = PassSelection.isImmediate
  /// Whether immediate mode looks for NaN and infinity in every result; see `NonFiniteError`.
  public var isCheckingFinite = false
  /// What the buffers of the device may take, in bytes: scopes that would take more compute values again near their
  /// later use, with the same bits, and throw `MemoryLimitError` where that is not enough.
  public var memoryLimit: Int?
  /// What the planner does to the program of a scope.
  package var passes = PassSelection.standard
  package var trace: Trace?

  public static var current: Context { Shared.current.context }

  /// The trace of the open scope.
  package static var trace: Trace? { Shared.current.context.trace }
  /// What layers behave as in.
  public static var phase: Phase { Shared.current.context.phase }

  /// One reference to look at, instead of a copy of all the above for every operation.
  private final class Shared: Sendable {
    let context: Context
    init(_ context: Context) { self.context = context }

    @TaskLocal static var current = Shared(Context(random: RandomState(seed: 0)))
  }

  private init(random: RandomState) { self.random = random }

  /// Runs a closure in this context.
  package func run<R>(_ body: () throws -> R) rethrows -> R {
    try Shared.$current.withValue(Shared(self), operation: body)
  }
}

/// Runs a closure in a changed context. What is not given stays as it is.
public func withContext<R>(
  device: (any Device)? = nil, phase: Phase? = nil, seed: UInt64? = nil, random: RandomState? = nil,
  immediate: Bool? = nil, checkingFinite: Bool? = nil, memoryLimit: Int? = nil, _ body: () throws -> R
) rethrows -> R {
  var context = Context.current
  if let device { context.device = device }
  if let phase { context.phase = phase }
  if let seed { context.random = RandomState(seed: seed) }
  if let random { context.random = random }
  if let immediate { context.isImmediate = immediate }
  if let checkingFinite { context.isCheckingFinite = checkingFinite }
  if let memoryLimit { context.memoryLimit = memoryLimit }
  return try context.run(body)
}

/// Runs a closure whose scopes are planned with some passes only.
package func withPasses<R>(_ passes: PassSelection, _ body: () throws -> R) rethrows -> R {
  var context = Context.current
  context.passes = passes
  return try context.run(body)
}

/// The source of random keys: the n-th random operation of a context takes the n-th key of its seed.
public final class RandomState: @unchecked Sendable {
  public let seed: UInt64
  private let next = Atomic<UInt64>(0)

  public init(seed: UInt64, counter: UInt64 = 0) {
    self.seed = seed
    next.store(counter, ordering: .relaxed)
  }

  /// How many keys were taken.
  public var counter: UInt64 { next.load(ordering: .relaxed) }

  func takeKey() -> UInt64 {
    let taken = next.wrappingAdd(1, ordering: .relaxed).oldValue
    let block = Philox(key: seed).block(taken)
    return UInt64(block[0]) | UInt64(block[1]) << 32
  }
}
