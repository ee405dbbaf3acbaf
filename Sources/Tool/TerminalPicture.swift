import Martlet

/// A picture in characters: two pixels above each other in each character cell, in 24-bit colours where the terminal
/// has colours, and in characters of growing darkness elsewhere.
struct TerminalPicture {
  private let height: Int
  private let width: Int
  private let pixels: [(r: UInt8, g: UInt8, b: UInt8)]
  private let caption: [String]

  /// Picture `index` of a uint8 or float32 array (N, H, W, C).
  init(image: HostArray, index: Int, caption: [String]) {
    let (rows, columns, channels) = (image.shape[1], image.shape[2], image.shape[3])
    let size = rows * columns * channels
    let levels: [UInt8] =
      image.dtype == .uint8
      ? Array(image.values(as: UInt8.self)[index * size..<(index + 1) * size])
      : image.values(as: Float.self)[index * size..<(index + 1) * size].map {
        UInt8(max(0, min(255, $0 * 255)))
      }
    pixels = (0..<rows * columns).map { pixel in
      let first = pixel * channels
      return channels >= 3
        ? (levels[first], levels[first + 1], levels[first + 2])
        : (levels[first], levels[first], levels[first])
    }
    height = rows
    width = columns
    self.caption = caption
  }

  private var lines: [String] {
    stride(from: 0, to: height, by: 2).map { row in
      (0..<width).map { cell(row, $0) }.joined() + (Terminal.hasColour ? "\u{1B}[0m" : "")
    }
  }

  private func cell(_ row: Int, _ column: Int) -> String {
    let upper = pixels[row * width + column]
    let lower = row + 1 < height ? pixels[(row + 1) * width + column] : (r: 0, g: 0, b: 0)
    if Terminal.hasColour {
      return "\u{1B}[38;2;\(upper.r);\(upper.g);\(upper.b);48;2;\(lower.r);\(lower.g);\(lower.b)m▀"
    }
    let sum = [upper, lower].reduce(0) { $0 + Int($1.r) + Int($1.g) + Int($1.b) }
    let ramp = Array(" .:-=+*#%@")
    return String(ramp[sum * (ramp.count - 1) / (6 * 255)])
  }

  /// As many pictures in a row as the terminal is wide.
  static func sideBySide(_ pictures: [TerminalPicture]) -> String {
    guard let first = pictures.first else { return "" }
    let column = max(first.width, pictures.flatMap(\.caption).map(\.count).max() ?? 0) + 2
    let perRow = max(1, Terminal.width / column)
    var text = "\n"
    for start in stride(from: 0, to: pictures.count, by: perRow) {
      let row = pictures[start..<min(start + perRow, pictures.count)]
      for line in 0..<(first.height + 1) / 2 {
        text += row.map { $0.lines[line] + String(repeating: " ", count: column - $0.width) }.joined() + "\n"
      }
      for line in 0..<(row.map(\.caption.count).max() ?? 0) {
        let cells = row.map { picture in
          let words = line < picture.caption.count ? picture.caption[line] : ""
          return words + String(repeating: " ", count: column - words.count)
        }
        text += cells.joined() + "\n"
      }
    }
    return text
  }
}
