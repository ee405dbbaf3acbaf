import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// What a record does.
package enum Operation: Equatable {
  /// An array from outside the scope.
  case leaf
  /// A number by value.
  case number
  case primitive(Recipe)
  /// Another output of the primitive that is operand 0.
  case part(Int)
  /// The elements of operand 0 under another shape: no work, no memory.
  case reshape
  /// Operand 0, through which no gradient flows: no work, no memory.
  case stopGradient

  var isAlias: Bool {
    switch self {
    case .reshape, .stopGradient: true
    case .leaf, .number, .primitive, .part: false
    }
  }

  var isNumber: Bool { if case .number = self { true } else { false } }
  var stopsGradient: Bool { if case .stopGradient = self { true } else { false } }

  package var primitive: Primitive? {
    if case .primitive(let recipe) = self { recipe.primitive } else { nil }
  }

  var name: String {
    switch self {
    case .leaf: "an array"
    case .number: "a number"
    case .reshape: "reshape"
    case .stopGradient: "stopGradient"
    case .part(let part): "output \(part)"
    case .primitive(let recipe): recipe.primitive.name
    }
  }
}

/// One operation of a scope. Small, because a step makes thousands.
package struct Record {
  package var shape: Shape
  package var operation: Operation
  package var dtype: DType
  /// Positions of its operands in the trace's list.
  var firstOperand: Int32
  var operandCount: Int32
  /// The layer that was running, as a position in the trace's list, or -1.
  package var layer: Int32
  package var site: Site

  var byteCount: Int { shape.count * dtype.byteCount }
  var operandRange: Range<Int> { Int(firstOperand)..<Int(firstOperand + operandCount) }
}

/// A primitive that all records which do the same share: a reference to store, an address to compare.
package final class Recipe: Sendable, Equatable {
  package let primitive: Primitive
  fileprivate let hash: UInt64

  private init(_ primitive: Primitive) {
    self.primitive = primitive
    hash = UInt64(bitPattern: Int64(primitive.hashValue))
  }

  package static func == (a: Recipe, b: Recipe) -> Bool {
    a === b || (a.hash == b.hash && a.primitive == b.primitive)
  }

  /// The recipe of a primitive: mostly one that is known already.
  static func of(_ primitive: Primitive) -> Recipe {
    known.withLock { known in
      if let recipe = known[primitive] { return recipe }
      // Ever new sizes must not fill the memory; what is forgotten here lives on in the plans that need it.
      if known.count >= 4096 { known.removeAll() }
      let recipe = Recipe(primitive)
      known[primitive] = recipe
      return recipe
    }
  }

  /// The recipe of a single operation on elements.
  static func single(_ opcode: ElementwiseOpcode, isInteger: Bool) -> Recipe {
    (isInteger ? integerSingles : singles)[Int(opcode.rawValue)]
  }

  static let fill = Recipe(.fill)
  static let movingAverage = Recipe(.elementwise(.movingAverage))

  private static let known = Mutex<[Primitive: Recipe]>([:])
  private static let singles = ElementwiseOpcode.allCases.map { Recipe(.elementwise(.single($0))) }
  private static let integerSingles = ElementwiseOpcode.allCases.map {
    Recipe(.elementwise(.single($0, isInteger: true)))
  }
}

/// A place in the user's source.
package struct Site: Equatable {
  /// Null-terminated, and never freed.
  private var file: UnsafePointer<UInt8>?
  private var number: Int32

  package init(file: StaticString, line: Int) {
    self.file = file.hasPointerRepresentation && file.utf8CodeUnitCount > 0 ? file.utf8Start : nil
    number = Int32(truncatingIfNeeded: line)
  }

  private init() { number = 0 }

  package static var unknown: Site { Site() }

  /// Nil for places in the library itself, which a user cannot mend.
  package var text: String? {
    guard let file, number != 0 else { return nil }
    let text = "\(String(cString: file)):\(number)"
    return text.hasPrefix("Martlet") && !text.contains("Tests/") ? nil : text
  }
}

/// The records of a scope in program order, with what they refer to.
struct RecordList {
  private(set) var records: [Record] = []
  /// The operands of all records, one list behind the other.
  private(set) var operands: [Int32] = []
  /// The arrays of records that have one already: leaves, and everything that was run early.
  private(set) var values: [Storage?] = []
  /// The bits of numbers, by record.
  private(set) var words: [UInt32] = []
  /// What each record does, to be compared as bytes.
  private var keys: [Key] = []
  /// A running hash of everything a plan depends on.
  private(set) var structure = QuickHash()

  /// Equal where records do the same with as many operands. The address of a recipe stands for what it does, so that
  /// other records may do the same too, though this is rare.
  private struct Key {
    var shape: Shape
    var operation: UInt64
    var operandCount: Int32
    var dtype: Int16
    /// Whether there is an array already: 1 or 0, because a Bool would leave bytes undefined.
    var hasValue: Int16
  }

  mutating func reserve(records count: Int, operands operandCount: Int) {
    records.reserveCapacity(count)
    values.reserveCapacity(count)
    words.reserveCapacity(count)
    keys.reserveCapacity(count)
    operands.reserveCapacity(operandCount)
  }

  @inline(__always)
  mutating func append(
    _ operation: Operation, operands: some Collection<Int32>, shape: Shape, dtype: DType,
    origin: (site: Site, layer: Int32), value: Storage?, word: UInt32
  ) -> Int32 {
    structure.combine(operation.code ^ UInt64(dtype.rawValue) << 8)
    structure.combine(shape)
    let first = self.operands.count
    for operand in operands {
      structure.combine(UInt64(UInt32(bitPattern: operand)))
      self.operands.append(operand)
    }
    let operandCount = Int32(truncatingIfNeeded: self.operands.count - first)
    records.append(
      Record(
        shape: shape, operation: operation, dtype: dtype, firstOperand: Int32(truncatingIfNeeded: first),
        operandCount: operandCount, layer: origin.layer, site: origin.site))
    keys.append(
      Key(
        shape: shape, operation: operation.identity, operandCount: operandCount,
        dtype: Int16(dtype.rawValue), hasValue: value == nil ? 0 : 1))
    values.append(value)
    words.append(word)
    return Int32(truncatingIfNeeded: records.count - 1)
  }

  /// Gives a record that was run early its array.
  mutating func setValue(_ value: Storage, of index: Int) {
    values[index] = value
    keys[index].hasValue = 1
  }

  /// The same for a plan to keep, without the arrays.
  func withoutValues() -> RecordList {
    var list = self
    list.values = []
    return list
  }

  /// Appends what a derivative has recorded behind the same records.
  mutating func append(_ derivation: Derivation, origins: [Int32]) {
    let start = records.count
    records += derivation.list.records[start...]
    for (index, origin) in zip(start..., origins) {
      records[index].layer = records[Int(origin)].layer
      records[index].site = records[Int(origin)].site
    }
    operands += derivation.list.operands[operands.count...]
    words += derivation.list.words[start...]
    keys += derivation.list.keys[start...]
    values += repeatElement(nil, count: records.count - start)
    structure = derivation.list.structure
  }

  /// The first record in which another list differs from so many of this one's, as plans see it; nil where it does not.
  func firstDifference(from other: RecordList, count: Int) -> Int? {
    let common = min(count, other.records.count)
    let difference = begins(as: other, count: common) ? nil : (0..<common).first { !isSame($0, in: other) }
    return difference ?? (count == other.records.count ? nil : common)
  }

  /// Whether a record is the same in another list, also where equal primitives are different objects.
  private func isSame(_ index: Int, in other: RecordList) -> Bool {
    keys[index].hasValue == other.keys[index].hasValue
      && records[index].hasSameStructure(as: other.records[index])
      && records[index].operandRange.allSatisfy { operands[$0] == other.operands[$0] }
  }

  /// Whether so many first records have the same bytes.
  private func begins(as other: RecordList, count: Int) -> Bool {
    guard count > 0 else { return true }
    let operandCount = records[count - 1].operandRange.upperBound
    return operandCount <= other.operands.count && Self.areEqual(keys, other.keys, count: count)
      && Self.areEqual(operands, other.operands, count: operandCount)
  }

  private static func areEqual<T>(_ a: [T], _ b: [T], count: Int) -> Bool {
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        guard count > 0, let a = a.baseAddress, let b = b.baseAddress else { return count == 0 }
        return memcmp(a, b, count * MemoryLayout<T>.stride) == 0
      }
    }
  }
}

extension Record {
  /// Whether the same is done with as many operands; which operands these are stands in the lists.
  fileprivate func hasSameStructure(as other: Record) -> Bool {
    firstOperand == other.firstOperand && operandCount == other.operandCount && dtype == other.dtype
      && shape == other.shape && operation == other.operation
  }
}

extension Operation {
  /// A number for the hash.
  fileprivate var code: UInt64 {
    if case .primitive(let recipe) = self { recipe.hash } else { identity }
  }

  /// A number that only this operation has, as long as it lives.
  fileprivate var identity: UInt64 {
    switch self {
    case .leaf: 1
    case .number: 2
    case .reshape: 3
    case .stopGradient: 4
    case .part(let part): 5 + UInt64(part)
    case .primitive(let recipe): UInt64(UInt(bitPattern: ObjectIdentifier(recipe)))
    }
  }
}
