import MartletLayers

/// What the library does not offer, so that a case cannot be run.
struct Unsupported: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

/// One case while it is run: hands out its options and tensors and remembers which were asked for, so that nothing of
/// a case is passed over in silence.
final class CaseReader {
  let reference: ReferenceCase
  private let set: ReferenceSet
  let options: Keywords
  private(set) var readTensors: Set<String> = []

  init(_ reference: ReferenceCase, in set: ReferenceSet) {
    self.reference = reference
    self.set = set
    options = Keywords(of: reference.op, reference.options)
  }

  var op: String { reference.op }

  // MARK: - Tensors

  /// A tensor that goes into the operation.
  func tensor(_ name: String) throws -> Tensor {
    readTensors.insert(name)
    return try Tensor(set.array(name, of: reference))
  }

  func has(_ tensor: String) -> Bool { reference.tensors[tensor] != nil }

  /// A tensor that has to come out.
  func expected(_ name: String) throws -> HostArray { try set.array(name, of: reference) }
}

// What only cases have.
extension Keywords {
  /// Sizes above zero of an array that memory holds.
  func shape(_ name: String) throws -> Shape {
    try value(name, "a shape", default: nil) {
      guard let sizes = $0.ints, sizes.count <= Shape.maximumRank,
        sizes.allSatisfy({ (1...1 << 20).contains($0) }), sizes.reduce(1.0, { $0 * Double($1) }) <= 0x1p28
      else { return nil }
      return Shape(sizes)
    }
  }

  func floats(_ name: String) throws -> [Float] {
    try value(name, "a list of numbers", default: nil) {
      guard case .list(let values) = $0 else { return nil }
      let numbers = values.compactMap { value -> Float? in
        if case .number(let number) = value { return Float(number) }
        return nil
      }
      return numbers.count == values.count ? numbers : nil
    }
  }
}
