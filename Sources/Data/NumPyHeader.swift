/// The dictionary at the beginning of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NumPyHeader {
  private(set) var description = ""
  private(set) var isColumnMajor = false
  private(set) var sizes: [Int] = []

  private var text: ArraySlice<UInt8>

  init(_ text: ArraySlice<UInt8>) throws {
    self.text = text
    try expect("{")
    var seen: Set<String> = []
    while !take("}") {
      let key = try string()
      guard seen.insert(key).inserted else { throw damaged("the key \(key) stands twice") }
      try expect(":")
      switch key {
      case "descr": description = try string()
      case "fortran_order": isColumnMajor = try truth()
      case "shape": sizes = try tuple()
      default: throw damaged("the key \(key) is unknown")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard self.text.isEmpty else { throw damaged("something follows the closing brace") }
    for key in ["descr", "fortran_order", "shape"] where !seen.contains(key) {
      throw damaged("the key \(key) is missing")
    }
  }

  private func damaged(_ reason: String) -> FormatError {
    FormatError("has a damaged NumPy header: \(reason); write it again with numpy.save")
  }

  private mutating func skipSpace() { text = text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) } }

  private mutating func take(_ word: String) -> Bool {
    skipSpace()
    guard text.starts(with: word.utf8) else { return false }
    text = text.dropFirst(word.utf8.count)
    return true
  }

  private mutating func expect(_ word: String) throws {
    guard take(word) else { throw damaged("\(word) was expected") }
  }

  private mutating func string() throws -> String {
    skipSpace()
    guard let quote = text.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw damaged("a string was expected; types of several fields are not supported")
    }
    let rest = text.dropFirst()
    guard let end = rest.firstIndex(of: quote) else { throw damaged("a string does not end") }
    text = rest[(end + 1)...]
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  private mutating func truth() throws -> Bool {
    if take("True") { return true }
    if take("False") { return false }
    throw damaged("True or False was expected")
  }

  private mutating func tuple() throws -> [Int] {
    try expect("(")
    var numbers: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
        throw damaged("a size was expected")
      }
      numbers.append(number)
      text = text.dropFirst(digits.count)
      // Python 2 wrote long numbers as 3L.
      _ = take("L")
      if !take(",") {
        try expect(")")
        break
      }
    }
    return numbers
  }
}
