/// Letters of 3x5 points for captions: capitals, digits and a few signs.
enum Lettering {
  static let width = 3
  static let height = 5

  /// Whether a point of a letter is set. Small letters look like capitals, and what there is no letter for like a box.
  static func isInked(_ letter: Character, row: Int, column: Int) -> Bool {
    guard letter != " " else { return false }
    let rows = letters[letter] ?? letters[Character(letter.uppercased())] ?? 0o77777
    let bits = rows >> UInt16(3 * (height - 1 - row)) & 7
    return bits >> UInt16(width - 1 - column) & 1 == 1
  }

  /// One octal digit for each row from the top, its bits from left to right.
  private static let letters: [Character: UInt16] = [
    "A": 0o25755, "B": 0o65656, "C": 0o34443, "D": 0o65556, "E": 0o74647, "F": 0o74644, "G": 0o34553,
    "H": 0o55755, "I": 0o72227, "J": 0o11152, "K": 0o55655, "L": 0o44447, "M": 0o57755, "N": 0o65555,
    "O": 0o25552, "P": 0o65644, "Q": 0o25573, "R": 0o65655, "S": 0o34216, "T": 0o72222, "U": 0o55557,
    "V": 0o55552, "W": 0o55775, "X": 0o55255, "Y": 0o55222, "Z": 0o71247,
    "0": 0o75557, "1": 0o26227, "2": 0o61247, "3": 0o61216, "4": 0o55711, "5": 0o74616, "6": 0o34652,
    "7": 0o71122, "8": 0o75757, "9": 0o75716,
    "%": 0o51245, "-": 0o00700, "_": 0o00007, ".": 0o00002, ",": 0o00024, ":": 0o02020, "/": 0o11244,
    "+": 0o02720, "?": 0o61202, "!": 0o22202, "'": 0o22000, "(": 0o12221, ")": 0o42224, "&": 0o25253,
    "=": 0o07070, "#": 0o57575, "*": 0o52500, "<": 0o12421, ">": 0o42124,
  ]
}
