import MartletCore
import Synchronization

/// The order in which kernels read weights: everything that the contents of such a copy depend on, but for the weights.
/// The widths of strips do so too; they belong to the device, as the weights do.
enum WeightForm: Hashable, Sendable {
  /// A convolution's kernel in strips of filters, with the taps of each lattice.
  case strips(taps: [[Int]], isForward: Bool, groups: Int, depth: Int, columns: Int)
  /// U of Winograd's algorithm, whole or cut as its strips need it.
  case winograd(tile: Int, isTurned: Bool, depth: Int, columns: Int, isWhole: Bool)
  /// The right side of a product.
  case product(isTransposed: Bool, depth: Int, columns: Int)
}

/// What was made of the weights in a buffer, kept for the next time that they are read.
///
/// Nothing stale can be found here. The forms belong to the buffer, not to its address: they go when it goes. Memory of
/// this device changes by `encode` and `upload` only, and both drop the forms of the bytes that they have written. A
/// form that was begun before such a write ended is of an older version, and is not taken.
///
/// The first readers of a form make it for themselves. In training, where each step reads a form once (a few times, if it
/// is computed again or shared) and then writes, nothing is kept.
struct KeptForms {
  enum Finding: Sendable {
    case kept(CPUBuffer)
    /// It was asked for often: worth keeping, if the weights still have this version then.
    case wanted(version: Int)
    case unknown
  }
  private struct Key: Hashable {
    var form: WeightForm
    var bytes: Range<Int>
  }
  private struct Entry {
    var made: CPUBuffer?
    var readings = 1
    var lastUse: Int
  }
  private var entries: [Key: Entry] = [:]
  private var version = 0
  private var uses = 0
  private var keptBytes = 0
  /// Whether the pool has been told that there may be something to drop.
  private(set) var isKnownToPool = false
  /// Transformed kernels are four times as large as they were.
  private let mostBytes: Int
  private static let mostEntries = 4096
  /// Readings of the same weights after which the next one keeps what it makes.
  static let readingsBefore = 3

  init(ofBytes byteCount: Int) { mostBytes = 6 * byteCount + 1 << 20 }

  mutating func find(_ form: WeightForm, of bytes: Range<Int>) -> Finding {
    uses += 1
    let key = Key(form: form, bytes: bytes)
    guard let entry = entries[key] else {
      if entries.count >= Self.mostEntries { dropOldest() }
      entries[key] = Entry(lastUse: uses)
      return .unknown
    }
    entries[key]!.lastUse = uses
    if let made = entry.made { return .kept(made) }
    if entry.readings >= Self.readingsBefore { return .wanted(version: version) }
    entries[key]!.readings += 1
    return .unknown
  }

  /// Takes a form that was made from a version of the weights. What has waited longest makes room for it.
  mutating func keep(_ made: CPUBuffer, _ form: WeightForm, of bytes: Range<Int>, version: Int) {
    let key = Key(form: form, bytes: bytes)
    guard version == self.version, made.byteCount <= mostBytes, let entry = entries[key], entry.made == nil
    else { return }
    while keptBytes + made.byteCount > mostBytes { dropOldest(thatIsMade: true) }
    entries[key]!.made = made
    keptBytes += made.byteCount
  }

  /// Drops the forms of bytes that have been written.
  mutating func dropForms(of written: Range<Int>) {
    version += 1
    for key in entries.keys where key.bytes.overlaps(written) { drop(key) }
  }

  /// Forgets everything, also that the pool knows of it.
  mutating func dropAll() {
    entries = [:]
    keptBytes = 0
    isKnownToPool = false
  }

  /// Notes that the pool is told of the buffer; whether it was not before.
  mutating func becomeKnownToPool() -> Bool {
    defer { isKnownToPool = true }
    return !isKnownToPool
  }

  private mutating func dropOldest(thatIsMade: Bool = false) {
    let candidates = entries.filter { !thatIsMade || $0.value.made != nil }
    if let oldest = candidates.min(by: { $0.value.lastUse < $1.value.lastUse }) { drop(oldest.key) }
  }

  private mutating func drop(_ key: Key) {
    keptBytes -= entries.removeValue(forKey: key)?.made?.byteCount ?? 0
  }
}

extension CPUDevice {
  /// Weights in a form that stays for the next call, or nil where it is not yet known that there will be one.
  func kept(
    _ form: WeightForm, of weights: Operand, floats count: Int, make: (UnsafeMutablePointer<Float>) -> Void
  ) throws -> CPUBuffer? {
    guard keepsForms, let buffer = weights.buffer else { return nil }
    let owner = CPUBuffer.of(buffer)
    let bytes = weights.bytes
    let (finding, isNew) = owner.forms.withLock { ($0.find(form, of: bytes), $0.becomeKnownToPool()) }
    // From the first reading on, because making room forgets who has read what, too.
    if isNew {
      pool.formOwners.withLock { $0[ObjectIdentifier(owner)] = BufferPool.FormOwner(buffer: owner) }
    }
    switch finding {
    case .kept(let made): return made
    case .unknown: return nil
    case .wanted(let version):
      let made = try pool.allocate(byteCount: count * MemoryLayout<Float>.stride, isForm: true)
      make(made.floats)
      owner.forms.withLock { $0.keep(made, form, of: bytes, version: version) }
      return made
    }
  }

  /// Weights in a form that is kept, or made for this call.
  func formed(
    _ form: WeightForm, of weights: Operand, floats count: Int, make: (UnsafeMutablePointer<Float>) -> Void
  ) throws -> CPUBuffer {
    if let kept = try kept(form, of: weights, floats: count, make: make) { return kept }
    let made = try scratch(floats: count)
    make(made.floats)
    return made
  }
}

extension Operand {
  /// Where the array lies in its buffer.
  var bytes: Range<Int> { byteOffset..<byteOffset + shape.count * dtype.byteCount }

  /// Has to be said of whatever was written: forms of the earlier contents are worth nothing now.
  func contentsHaveChanged() {
    guard let buffer else { return }
    CPUBuffer.of(buffer).forms.withLock { $0.dropForms(of: bytes) }
  }
}
