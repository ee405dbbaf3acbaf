import MartletCore

extension Dataset {
  /// Which column of a table says what a picture shows.
  public enum LabelColumn: Sendable, Equatable {
    case first
    case last
    /// The column that the header calls so.
    case named(String)
  }

  /// A data set in a table, plain or compressed with gzip: one picture a row, its values in columns in the order of
  /// height, width and channels, and its label in a column before or after them.
  ///
  /// Values become uint8 where all of them are whole numbers in 0...255, and float32 otherwise.
  ///
  /// ```swift
  /// let digits = try Dataset(csv: "mnist_5k.csv.gz", imageShape: [28, 28, 1])
  /// ```
  /// - Parameters:
  ///   - imageShape: height, width and channels.
  ///   - hasHeader: whether the first row has names; nil to see by whether all of its fields are numbers.
  ///   - classNames: by default the numbers up to the largest label.
  /// - Throws: `FileError`, and `FormatError` with line and column where the table is not of this kind.
  public init(
    csv path: FilePath, imageShape: Shape, label: LabelColumn = .last, hasHeader: Bool? = nil,
    classNames: [String]? = nil
  ) throws {
    let bytes = try File.read(path)
    self = try FormatError.naming(path) {
      try Dataset(
        csv: bytes, name: path.stem ?? path.string, imageShape: imageShape, label: label,
        hasHeader: hasHeader,
        classNames: classNames)
    }
  }

  /// The data set in the bytes of a table: see `init(csv:imageShape:label:hasHeader:classNames:)`.
  public init(
    csv bytes: [UInt8], name: String = "table", imageShape: Shape, label: LabelColumn = .last,
    hasHeader: Bool? = nil, classNames: [String]? = nil
  ) throws {
    precondition(imageShape.rank == 3, "pictures have height, width and channels; received \(imageShape)")
    var table = CSVTable(
      columns: imageShape.count + 1, label: label, hasHeader: hasHeader, classes: classNames?.count)
    try table.read(Gzip.isCompressed(bytes) ? Gzip.expand(bytes) : bytes)
    let shape = imageShape.inserting(table.labels.count, at: 0)
    let images =
      table.areBytes
      ? HostArray(shape: shape, dtype: .uint8, bytes: table.values.map { UInt8($0) })
      : HostArray(table.values, shape: shape)
    do {
      try self.init(
        name: name, images: images, labels: HostArray(table.labels),
        classNames: classNames ?? Self.numberedClasses(table.labels))
    } catch let error as ShapeError { throw FormatError(error.message) }
  }
}

/// The values and labels of a table while it is read.
private struct CSVTable {
  /// Those of a row, the label included.
  let columns: Int
  let label: Dataset.LabelColumn
  let hasHeader: Bool?
  let classes: Int?

  private(set) var values: [Float] = []
  private(set) var labels: [Int32] = []
  /// Whether every value fits uint8.
  private(set) var areBytes = true
  private var place = 0

  init(columns: Int, label: Dataset.LabelColumn, hasHeader: Bool?, classes: Int?) {
    self.columns = columns
    self.label = label
    self.hasHeader = hasHeader
    self.classes = classes
  }

  mutating func read(_ bytes: [UInt8]) throws {
    var reader = CSVReader(bytes)
    var isFirst = true
    while let row = try reader.row() {
      guard row.count == columns else {
        throw FormatError(
          "line \(row[0].line) has \(row.count) columns; a picture and its label need \(columns)")
      }
      let isHeader = isFirst && (hasHeader ?? row.contains { $0.number == nil })
      if isFirst { place = try labelPlace(isHeader ? row.map(\.text) : nil) }
      isFirst = false
      if !isHeader { try take(row) }
    }
    guard !labels.isEmpty else {
      throw FormatError("has no rows of numbers; a row holds the values of a picture and its label")
    }
  }

  private func labelPlace(_ header: [String]?) throws -> Int {
    switch label {
    case .first: return 0
    case .last: return columns - 1
    case .named(let name):
      guard let header else { throw FormatError("has no header that could name the column \(name)") }
      guard let place = header.firstIndex(of: name) else {
        throw FormatError(NameError(kind: "column", name: name, known: header).description)
      }
      return place
    }
  }

  private mutating func take(_ row: [CSVReader.Field]) throws {
    for (index, field) in row.enumerated() {
      guard let number = field.number, number.isFinite else {
        throw FormatError(
          "\(field.place): \(Self.shortened(field.text)) is not a number; every field below the header is one"
        )
      }
      guard index == place else {
        areBytes = areBytes && number >= 0 && number <= 255 && number == number.rounded()
        values.append(number)
        continue
      }
      let limit = classes ?? Dataset.mostClasses
      guard number >= 0, number < Float(limit), number == number.rounded() else {
        throw FormatError(
          "\(field.place): the label \(Self.shortened(field.text)) is not a whole number in 0..<\(limit)")
      }
      labels.append(Int32(number))
    }
  }

  /// A field for a message: in quotes, and not longer than a line takes.
  private static func shortened(_ text: String) -> String {
    "\"" + (text.count > 20 ? text.prefix(20) + "..." : text) + "\""
  }
}
