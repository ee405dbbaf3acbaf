import MartletCore

/// A valid file, with the places where it says how long, how many or where.
struct Specimen {
  struct Number {
    var offset: Int
    var size: Int
    var isBigEndian = false
  }

  var bytes: [UInt8]
  var numbers: [Number] = []
  /// Words, numbers and marks of the part that is text.
  fileprivate let tokens: [Range<Int>]

  /// - Parameter text: the part whose words may be exchanged; by default none.
  init(_ bytes: [UInt8], numbers: [Number] = [], text: Range<Int> = 0..<0) {
    self.bytes = bytes
    self.numbers = numbers
    tokens = Self.tokens(bytes, text)
  }

  /// A file that is text from its first byte to its last.
  init(text: String) {
    let bytes = Array(text.utf8)
    self.init(bytes, text: bytes.indices)
  }

  private static func tokens(_ bytes: [UInt8], _ text: Range<Int>) -> [Range<Int>] {
    func isWord(_ byte: UInt8) -> Bool {
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        || byte == 46 || byte == 45 || byte == 43 || byte >= 128
    }
    var tokens: [Range<Int>] = []
    var position = text.lowerBound
    while position < text.upperBound {
      let start = position
      position += 1
      if isWord(bytes[start]) {
        while position < text.upperBound, isWord(bytes[position]) { position += 1 }
      }
      tokens.append(start..<position)
    }
    return tokens
  }
}

/// Damaged files without end: mutation `index` of some specimens is a pure function of the index, so that a test that
/// fails names it and anybody can make it again.
///
/// ```swift
/// let mutations = Mutations([Specimen(file, numbers: [.init(offset: 8, size: 4, isBigEndian: true)])])
/// for index in 0..<10_000 { try? decode(mutations[index]) }
/// ```
struct Mutations {
  let specimens: [Specimen]
  var seed: UInt64 = 20

  init(_ specimens: [Specimen], seed: UInt64 = 20) {
    self.specimens = specimens
    self.seed = seed
  }

  subscript(index: Int) -> [UInt8] {
    var random = PhiloxGenerator(seed: seed, stream: UInt64(index))
    let specimen = specimens[index % specimens.count]
    var bytes = specimen.bytes
    // Half of them begin with a change that knows what stands where; places move after the first one.
    var more = random.below(3)
    if random.below(2) == 0 && !(specimen.numbers.isEmpty && specimen.tokens.isEmpty) {
      changeByStructure(&bytes, specimen, &random)
    } else {
      more += 1
    }
    for _ in 0..<more { changeAnywhere(&bytes, &random) }
    return bytes
  }

  // MARK: - Changes anywhere

  private func changeAnywhere(_ bytes: inout [UInt8], _ random: inout PhiloxGenerator) {
    guard !bytes.isEmpty else {
      bytes = random.bytes(1 + random.below(8))
      return
    }
    let place = random.below(bytes.count)
    let range = place..<min(bytes.count, place + 1 + random.below(32))
    switch random.below(10) {
    case 0, 1:
      for _ in 0...random.below(8) { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
    case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][random.below(6)]
    case 3: bytes.removeSubrange(place...)
    case 4: bytes.insert(contentsOf: random.bytes(1 + random.below(32)), at: place)
    case 5:
      let piece = Array(bytes[range])
      for _ in 0...random.below(8) { bytes.insert(contentsOf: piece, at: place) }
    case 6: bytes.removeSubrange(range)
    case 7: bytes.replaceSubrange(range, with: repeatElement([0, 0xFF][random.below(2)], count: range.count))
    case 8:
      let other = specimens[random.below(specimens.count)].bytes
      let start = random.below(other.count)
      let piece = other[start..<min(other.count, start + 1 + random.below(64))]
      let target = random.below(2) == 0 ? place..<place : place..<min(bytes.count, place + piece.count)
      bytes.replaceSubrange(target, with: piece)
    default:
      let other = random.below(bytes.count)
      bytes.swapAt(place, other)
    }
  }

  // MARK: - Changes by structure

  private func changeByStructure(
    _ bytes: inout [UInt8], _ specimen: Specimen, _ random: inout PhiloxGenerator
  ) {
    let isNumber = random.below(specimen.numbers.count + (specimen.tokens.isEmpty ? 0 : 4))
    if isNumber < specimen.numbers.count {
      change(specimen.numbers[isNumber], in: &bytes, &random)
    } else {
      change(specimen.tokens[random.below(specimen.tokens.count)], of: specimen, in: &bytes, &random)
    }
  }

  /// Zero, minus one, the largest and least of its size, one more or less, a power of two, another byte order, anything.
  private func change(
    _ number: Specimen.Number, in bytes: inout [UInt8], _ random: inout PhiloxGenerator
  ) {
    let places = Array(number.offset..<number.offset + number.size)
    let ordered = number.isBigEndian ? places.reversed() : places
    let value = ordered.enumerated().reduce(UInt64(0)) { $0 | UInt64(bytes[$1.element]) << (8 * $1.offset) }
    let bits = UInt64(8 * number.size)
    let changed: UInt64 =
      switch random.below(9) {
      case 0: 0
      case 1: .max
      case 2: (1 << (bits - 1)) - 1
      case 3: 1 << (bits - 1)
      case 4: value &+ 1
      case 5: value &- 1
      case 6: 1 << UInt64(random.below(Int(bits)))
      case 7: value.byteSwapped >> (64 - bits)
      default: random.next()
      }
    for (index, place) in ordered.enumerated() {
      bytes[place] = UInt8(truncatingIfNeeded: changed >> (8 * UInt64(index)))
    }
  }

  private static let words: [[UInt8]] =
    [
      "0", "-1", "1", "2", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967296",
      "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1e400",
      "-1e400", "1e-400", "1e18", "0.5", "-0.0", "1e", "0x10", "NaN", "nan", "inf", "Infinity", "-Infinity",
      "null", "true", "false", "True", "{}", "[]", "\"\"", "\"a\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\", "'",
      "\"",
      ",", ":", "#", "//", "/*", "(", ")", "\r\n", "\u{0}", "\u{FEFF}", "e\u{301}", "9L", "<f8", "|O", "F64",
    ].map { Array($0.utf8) } + [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0],
    ]

  /// Another word in a word's place, the words of two places exchanged, words that stand twice, depth.
  private func change(
    _ token: Range<Int>, of specimen: Specimen, in bytes: inout [UInt8], _ random: inout PhiloxGenerator
  ) {
    switch random.below(8) {
    case 0, 1, 2: bytes.replaceSubrange(token, with: Self.words[random.below(Self.words.count)])
    case 3:
      let other = specimen.tokens[random.below(specimen.tokens.count)]
      bytes.replaceSubrange(token, with: specimen.bytes[other])
    case 4:
      // From here on to a later word, once more: keys that stand twice, lists that are too long.
      let last = specimen.tokens[random.below(specimen.tokens.count)]
      let piece = specimen.bytes[token.lowerBound..<max(token.upperBound, last.upperBound)]
      bytes.insert(contentsOf: piece, at: token.lowerBound)
    case 5:
      let depth = [3, 511, 513, 4000][random.below(4)]
      let (open, close) = random.below(2) == 0 ? ("[", "]") : ("{\"a\":", "}")
      var nested = Array(String(repeating: open, count: depth).utf8)
      if random.below(2) == 0 { nested += Array(("1" + String(repeating: close, count: depth)).utf8) }
      bytes.replaceSubrange(token, with: nested)
    case 6:
      let digits = Array(String(repeating: "9", count: [10, 20, 40, 400][random.below(4)]).utf8)
      bytes.replaceSubrange(token, with: digits)
    default: bytes.removeSubrange(token)
    }
  }
}

extension PhiloxGenerator {
  fileprivate mutating func below(_ limit: Int) -> Int { Int(word()) % limit }
  fileprivate mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(word() & 255) } }
}
