import MartletTestSupport
import Testing

@testable import MartletImaging

/// Text, grids, masks and boxes, looked at pixel by pixel.
struct DrawingTests {
  private typealias Color = ColorPicture.Color

  /// Rows of `#` for what has a colour and `.` for what has not.
  private func drawing(of picture: ColorPicture, _ color: ColorPicture.Color = .black) -> [String] {
    (0..<picture.height).map { y in
      (0..<picture.width).map { picture[y, $0] == color ? "#" : "." }.joined()
    }
  }

  @Test func lettersAreDrawn() {
    var picture = ColorPicture(height: 9, width: 11)
    picture.draw("Ag", top: 0, left: 0, scale: 1)
    #expect(
      drawing(of: picture) == [
        ".###.......", "#...#......", "#...#..####", "#####.#...#", "#...#.#...#", "#...#.#...#",
        "#...#..####", "..........#", ".......###.",
      ])
    var large = ColorPicture(height: 18, width: 22)
    large.draw("Ag", top: 0, left: 0, scale: 2)
    #expect(large == picture.enlarged(by: 2))
  }

  /// Every printable character is told from every other one; what is none looks like a box.
  @Test func lettersDiffer() {
    func points(_ letter: Character) -> [Bool] {
      (0..<45).map { Lettering.isInked(letter, row: $0 / 5, column: $0 % 5) }
    }
    let all = (32...126).map { points(Character(UnicodeScalar(UInt8($0)))) }
    #expect(Set(all).count == 95)
    #expect(all.dropFirst().allSatisfy { $0.contains(true) } && !all[0].contains(true))
    for letter in ["é", "\n", "\u{7F}", "界", "👍"] as [Character] {
      #expect(points(letter) == points("\u{7F}") && points(letter).filter { $0 }.count == 20)
    }
  }

  /// Text beyond the edges is cut, and never a trap.
  @Test func textIsCutAtTheEdges() {
    var picture = ColorPicture(height: 5, width: 5)
    for (top, left) in [(-3, -3), (4, 4), (50, 0), (-50, -50), (0, 50)] {
      picture.draw("M", top: top, left: left, scale: 1)
    }
    #expect(drawing(of: picture) == [".#...", ".#...", ".#...", ".#...", "....#"])
    #expect(ColorPicture.fitted("martlet", width: 41, scale: 1) == "martlet")
    #expect(ColorPicture.fitted("martlet", width: 40, scale: 1) == "mart..")
    #expect(ColorPicture.fitted("martlet", width: 12, scale: 1) == "ma")
    #expect(ColorPicture.fitted("martlet", width: -20, scale: 3) == "")
  }

  @Test func captionsStandBelow() {
    let picture = ColorPicture(height: 3, width: 30, fill: Color(9, 9, 9)).captioned(
      ["L"], color: Color(1, 2, 3), scale: 1)
    #expect(picture.height == 3 + 2 + 11 && picture.width == 30)
    #expect(picture[2, 5] == Color(9, 9, 9) && picture[3, 0] == Color(1, 2, 3))
    #expect(
      drawing(of: picture, .white)[5].hasPrefix("..#...")
        && drawing(of: picture, .white)[11].hasPrefix("..#####."))
  }

  @Test func gridsOfDifferentSizes() {
    let pictures = [(2, 3), (2, 1), (1, 3)].enumerated().map { index, size in
      ColorPicture(height: size.0, width: size.1, fill: Color(repeating: UInt8(index)))
    }
    let grid = ColorPicture.grid(pictures, columns: 2, gap: 1)
    #expect(grid.height == 5 && grid.width == 7)
    #expect(
      drawing(of: grid, Color(repeating: 0)) == ["###....", "###....", ".......", ".......", "......."])
    #expect(drawing(of: grid, Color(repeating: 1)).prefix(2) == [".....#.", ".....#."])
    #expect(drawing(of: grid, Color(repeating: 2))[3] == "###....")
    let labelled = ColorPicture.grid(pictures, columns: 3, labels: ["a", "b", "c"])
    #expect(labelled.height == 2 + 4 + 22 && labelled.width == 3 * 3 + 4)
    let row = ColorPicture.beside(Array(pictures[..<2]), gap: 2)
    #expect(row.height == 2 && row.width == 6 && row[0, 5] == Color(repeating: 1) && row[0, 4] == .white)
  }

  @Test func masksLieOverPictures() {
    let ground = Color(100, 100, 100)
    let mask = HostArray(
      [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 2, 0, 0, 0, 0, 2] as [UInt8], shape: [5, 5])
    let picture = ColorPicture(height: 5, width: 5, fill: ground).overlaid(mask: mask, opacity: 0.25)
    let color = Color.ofClass(1)
    #expect(
      drawing(of: picture, ground) == ["#####", "#...#", "#...#", "#....", "####."])
    #expect(drawing(of: picture, color) == [".....", ".###.", ".#.#.", ".###.", "....."])
    #expect(picture[2, 2] == ground.mixed(with: color, 0.25))
    #expect(ground.mixed(with: color, 0.25) == Color(133, 115, 75))
    let plain = ColorPicture(height: 5, width: 5, fill: ground).overlaid(mask: mask, opacity: 1, outline: 0)
    #expect(drawing(of: plain, .ofClass(2)) == [".....", ".....", ".....", "....#", "....#"])
    #expect(ColorPicture.pictures(ofMasks: mask.reshaped([1, 5, 5]))[0][3, 4] == .ofClass(2))
  }

  @Test func colorsOfClassesDiffer() {
    let colors = (0..<30).map(Color.ofClass)
    for first in colors.indices {
      for second in 0..<first {
        let away = SIMD3<Int>(truncatingIfNeeded: colors[first]) &- SIMD3(truncatingIfNeeded: colors[second])
        #expect(max(abs(away.x), abs(away.y), abs(away.z)) > (first <= 12 ? 40 : 5), "\(first), \(second)")
      }
    }
  }

  /// Boxes reach beyond the picture, have no size, or are no numbers.
  @Test func boxesHaveFramesAndLabels() {
    var picture = ColorPicture(height: 40, width: 60)
    let color = Color(200, 30, 30)
    picture.draw([LabelledBox(top: 20, left: 10, bottom: 30, right: 40, label: "cat", color: color)])
    let rows = drawing(of: picture, color)
    #expect(
      rows[20] == String(repeating: ".", count: 10) + String(repeating: "#", count: 30)
        + String(repeating: ".", count: 20))
    #expect(rows[22] == rows[27] && rows[22].filter { $0 == "#" }.count == 4)
    #expect(rows[30] == String(repeating: ".", count: 60) && rows[8] == rows[30])
    // The label of 17 points with 2 around it, above the box.
    #expect(rows[9].filter { $0 == "#" }.count == 21)
    #expect(drawing(of: picture, .white)[10] != drawing(of: picture, .white)[9])
    let wild: [Float] = [-.infinity, -5, 0, 3, 39.6, 1000, .infinity, .nan]
    for top in wild {
      for bottom in wild {
        picture.draw(
          [
            LabelledBox(
              top: top, left: bottom, bottom: bottom, right: top, label: "a long label that does not fit")
          ],
          scale: 2)
      }
    }
  }
}
