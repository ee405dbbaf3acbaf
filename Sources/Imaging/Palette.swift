import MartletCore

extension ColorPicture.Color {
  public static let black = Self(repeating: 0)
  public static let white = Self(repeating: 255)
  /// Of text, of what frames things, of lines behind them.
  static let ink = Self(32, 34, 40)
  static let frame = Self(120, 124, 132)
  static let rule = Self(226, 228, 232)

  /// The colour of a class: black for the ground, 0; then those that people tell apart best, whatever their eyes (Okabe
  /// and Ito 2008, *Color universal design*) and some more; then hues as far apart as the golden section puts them.
  public static func ofClass(_ index: Int) -> Self {
    guard index > 0 else { return black }
    return index <= palette.count ? palette[index - 1] : hue(Float(index - palette.count) * 0.618034)
  }

  private static let palette: [Self] = [
    Self(230, 159, 0), Self(86, 180, 233), Self(0, 158, 115), Self(240, 228, 66), Self(0, 114, 178),
    Self(213, 94, 0), Self(204, 121, 167), Self(126, 70, 200), Self(150, 210, 60), Self(220, 40, 90),
    Self(140, 100, 60), Self(60, 235, 190),
  ]

  private static func hue(_ turn: Float) -> Self {
    let hue = (turn - turn.rounded(.down)) * 6
    func channel(_ offset: Float) -> UInt8 {
      let place = (offset + hue).truncatingRemainder(dividingBy: 6)
      let share = Swift.max(0, Swift.min(1, place, 4 - place))
      return UInt8(64 + 191 * share)
    }
    return Self(channel(2), channel(0), channel(4))
  }

  /// Black or white, whichever is easier to read on this colour.
  var contrast: Self {
    299 * Int(x) + 587 * Int(y) + 114 * Int(z) > 140_000 ? .ink : .white
  }

  /// So much of the other colour, from 0 to 1, and the rest of this one.
  func mixed(with other: Self, _ share: Float) -> Self {
    let (from, to) = (SIMD3<Float>(self), SIMD3<Float>(other))
    return Self((from + (to - from) * share).rounded(.toNearestOrAwayFromZero))
  }
}
