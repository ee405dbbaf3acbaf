import MartletCore
import MartletData
import Testing

struct CSVTests {
  private func read(
    _ text: String, _ shape: Shape = [1, 2, 1], label: Dataset.LabelColumn = .last, hasHeader: Bool? = nil,
    classNames: [String]? = nil
  ) throws -> Dataset {
    try Dataset(
      csv: Array(text.utf8), imageShape: shape, label: label, hasHeader: hasHeader, classNames: classNames)
  }
  private func text(_ text: String, label: Dataset.LabelColumn = .last, hasHeader: Bool? = nil) -> String {
    message { _ = try read(text, label: label, hasHeader: hasHeader) }
  }

  @Test func valuesAndLabelsComeFromTheirColumns() throws {
    let last = try read("0,255,2\n7,8,0\n")
    #expect(last.images == HostArray([0, 255, 7, 8] as [UInt8], shape: [2, 1, 2, 1]))
    #expect(last.labels.values() == [2, 0] as [Int32])
    #expect(last.classNames == ["0", "1", "2"])
    let first = try read("2,0,255\n0,7,8", label: .first)
    #expect(first.images == last.images && first.labels == last.labels)
    let named = try read("left,class,right\r\n0,2,255\r\n7,0,8\r\n", label: .named("class"))
    #expect(named.images == last.images && named.labels == last.labels)
    #expect(try read("1,2,0", classNames: ["x", "y"]).classNames == ["x", "y"])
    let square = try read("1,2,3,4,5,6,7,8,9,10,11,12,1", [2, 2, 3])
    #expect(square.images == HostArray((1...12).map { UInt8($0) }, shape: [1, 2, 2, 3]))
  }

  /// Anything but whole numbers in 0...255 makes all values float32.
  @Test func valuesAreBytesOrFloats() throws {
    #expect(try read("1.0,2e2,0").images == HostArray([1, 200] as [UInt8], shape: [1, 1, 2, 1]))
    #expect(try read("0.5,255,0").images == HostArray([0.5, 255] as [Float], shape: [1, 1, 2, 1]))
    #expect(try read("-1,12345678,0").images == HostArray([-1, 12_345_678] as [Float], shape: [1, 1, 2, 1]))
    #expect(try read("1,256,0").imageType == .float32)
  }

  @Test func quotesHeadersAndLineEnds() throws {
    let expected = HostArray([1, 2] as [UInt8], shape: [1, 1, 2, 1])
    for table in [
      "\"1\",\"2\",\"0\"", "1,2,0\r", "\u{FEFF}1,2,0", "\n\r\n1, 2 ,0\n\n", "a,\"b \"\"x\"\", y\",c\n1,2,0",
      "\"two\nlines\",b,c\n1,2,0",
    ] { #expect(try read(table).images == expected, "\(table)") }
    #expect(try read("5,6,0\n1,2,0", hasHeader: true).images == expected)
    #expect(try Dataset(csv: compressed(Array("1,2,0".utf8)), imageShape: [1, 2, 1]).images == expected)
  }

  @Test func readsFiles() throws {
    try withFolder { folder in
      let path = folder.appending("digits.csv")
      try File.write(Array("1,2,0\n1,x,0".utf8), to: path)
      #expect(
        message { _ = try Dataset(csv: path, imageShape: [1, 2, 1]) }
          == "\(path): line 2, column 2: \"x\" is not a number; every field below the header is one")
      try File.write(Array("1,2,0".utf8), to: path)
      #expect(try Dataset(csv: path, imageShape: [1, 2, 1]).name == "digits")
    }
  }

  @Test func damageIsAnError() throws {
    for table in ["a,b,label\n1,2,0\n255,3.5,1\n", "\"a\",\"b \"\"c\"\"\",\"d\"\r\n1,2,0\r\n\"3\",4,9\r\n"] {
      try withstandsDamage(Array(table.utf8), isText: true) {
        _ = try Dataset(csv: $0, imageShape: [1, 2, 1])
      }
    }
  }

  @Test func errorsNameLineAndColumn() {
    #expect(text("1,2,0\n1,2\n") == "line 2 has 2 columns; a picture and its label need 3")
    #expect(
      text("\"a\n\",b,c\n1,2,0\n1,two,0")
        == "line 4, column 2: \"two\" is not a number; every field below the header is one")
    #expect(
      text("1,2,0\n1,,0") == "line 2, column 2: \"\" is not a number; every field below the header is one")
    #expect(
      text("1,nan,0", hasHeader: false)
        == "line 1, column 2: \"nan\" is not a number; every field below the header is one")
    #expect(
      text("1,2,0\n1,abcdefghijklmnopqrstuvwxyz,0")
        == "line 2, column 2: \"abcdefghijklmnopqrst...\" is not a number; every field below the header is one"
    )
    #expect(text("1,2,0.5") == "line 1, column 3: the label \"0.5\" is not a whole number in 0..<65536")
    #expect(
      text("-1,2,0", label: .first) == "line 1, column 1: the label \"-1\" is not a whole number in 0..<65536"
    )
    #expect(
      text("1,2,0\n\"1,2,0")
        == "line 2, column 1: a quote begins here and does not end; close it, or leave it out")
    #expect(
      text("1,2\"3,0")
        == "line 1, column 2: a quote stands within a field; put the whole field in quotes, and double those in it"
    )
    #expect(
      text("1,\"2\"3,0")
        == "line 1, column 2: after the closing quote comes neither a comma nor the end of the line")
    #expect(text("") == "has no rows of numbers; a row holds the values of a picture and its label")
    #expect(text("a,b,c\n") == "has no rows of numbers; a row holds the values of a picture and its label")
    #expect(
      text("left,right,label\n1,2,0", label: .named("labels"))
        == "there is no column called labels; there are left, right, label. Did you mean label?")
    #expect(text("1,2,0", label: .named("label")) == "has no header that could name the column label")
    #expect(
      message { _ = try read("1,2,2", classNames: ["a", "b"]) }
        == "line 1, column 3: the label \"2\" is not a whole number in 0..<2")
  }
}
