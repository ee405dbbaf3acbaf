/// Positions by the identity of objects: a dictionary whose keys are addresses, which need little hashing. Open
/// addressing, at most half full. The objects must live as long as the table.
struct IdentityTable {
  /// An address, 0 where nothing is, and what belongs to it. As many as a power of two.
  private var slots: [(key: UInt, position: Int32)]
  private var count = 0

  init(capacity: Int = 8) {
    var size = 16
    while size < 2 * capacity { size *= 2 }
    slots = [(key: UInt, position: Int32)](repeating: (0, -1), count: size)
  }

  /// The position of an object; -1 where it has none.
  subscript(object: AnyObject) -> Int32 {
    get { slots[place(of: Self.key(object))].position }
    set {
      let key = Self.key(object)
      if slots[place(of: key)].key == 0 {
        count += 1
        if 2 * count > slots.count { grow() }
      }
      slots[place(of: key)] = (key, newValue)
    }
  }

  private static func key(_ object: AnyObject) -> UInt {
    UInt(bitPattern: Unmanaged.passUnretained(object).toOpaque())
  }

  /// Where a key is, or would be.
  private func place(of key: UInt) -> Int {
    let mask = slots.count - 1
    // Fibonacci hashing; the lowest four bits of an address are zero.
    var place = Int(truncatingIfNeeded: (key >> 4) &* 0x9E37_79B9_7F4A_7C15 >> 32) & mask
    while slots[place].key != 0 && slots[place].key != key { place = (place + 1) & mask }
    return place
  }

  private mutating func grow() {
    let old = slots
    slots = [(key: UInt, position: Int32)](repeating: (0, -1), count: 2 * old.count)
    for slot in old where slot.key != 0 { slots[place(of: slot.key)] = slot }
  }
}
