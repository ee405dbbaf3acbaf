import MartletLayers

/// The records of epochs as rows of numbers, which is what a checkpoint holds of them: the names of what is measured
/// stand there once, and a long history takes little room while it is written.
struct HistoryTable {
  /// What is measured in an epoch; one serves all epochs that measure the same.
  struct Layout: Codable, Hashable {
    struct Column: Codable, Hashable {
      var name: String
      var formula: Measure.Formula
      var sums: Int
    }
    var training: [Column]
    var validation: [Column]?

    /// How many numbers a row has: its layout, epoch, steps and seconds, then of both parts the sum of losses, the count
    /// and the sums of the measures.
    var width: Int { 4 + Self.width(training) + (validation.map(Self.width) ?? 0) }
    private static func width(_ columns: [Column]) -> Int { columns.reduce(2) { $0 + $1.sums } }

    /// Whether the numbers can be counted. A file may say anything.
    var isPossible: Bool {
      let columns = training + (validation ?? [])
      return columns.count <= 1 << 12 && columns.allSatisfy { (0...1 << 20).contains($0.sums) }
    }
  }

  private(set) var layouts: [Layout] = []
  /// float64 in their 8 bytes, the low one first: (records, 8 * the widest row).
  private(set) var rows: HostArray

  init(_ history: [EpochRecord]) {
    var positions: [Layout: Int] = [:]
    for record in history {
      let layout = Layout(record)
      guard positions[layout] == nil else { continue }
      positions[layout] = layouts.count
      layouts.append(layout)
    }
    let width = layouts.map(\.width).max() ?? 0
    rows = HostArray(shape: [history.count, 8 * width], dtype: .uint8) { bytes in
      for (index, record) in history.enumerated() {
        let numbers = record.numbers(layout: positions[Layout(record)]!)
        for place in 0..<width {
          let number = place < numbers.count ? numbers[place] : 0
          bytes.storeBytes(
            of: number.bitPattern.littleEndian, toByteOffset: 8 * (index * width + place), as: UInt64.self)
        }
      }
    }
  }

  /// The records of a table.
  ///
  /// - Returns: nil for one that is damaged.
  static func history(_ layouts: [Layout], _ rows: HostArray) -> [EpochRecord]? {
    guard rows.shape.rank == 2, rows.dtype == .uint8, rows.shape[1] % 8 == 0,
      layouts.allSatisfy(\.isPossible)
    else { return nil }
    let width = rows.shape[1] / 8
    var history: [EpochRecord] = []
    for index in 0..<rows.shape[0] {
      let numbers = rows.withUnsafeBytes { bytes in
        (0..<width).map { place in
          Double(
            bitPattern: UInt64(
              littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * (index * width + place), as: UInt64.self))
          )
        }
      }
      guard let first = numbers.first, let position = Int(exactly: first), layouts.indices.contains(position),
        layouts[position].width <= width, let record = EpochRecord(numbers, layouts[position])
      else { return nil }
      history.append(record)
    }
    return history
  }
}

extension HistoryTable.Layout {
  fileprivate init(_ record: EpochRecord) {
    training = record.training.columns
    validation = record.validation?.columns
  }
}

extension EpochRecord {
  fileprivate func numbers(layout: Int) -> [Double] {
    [Double(layout), Double(epoch), Double(steps), seconds] + training.numbers + (validation?.numbers ?? [])
  }

  fileprivate init?(_ numbers: [Double], _ layout: HistoryTable.Layout) {
    var rest = numbers[1...]
    guard let epoch = Int(exactly: rest.removeFirst()), let steps = Int(exactly: rest.removeFirst()) else {
      return nil
    }
    self.epoch = epoch
    self.steps = steps
    seconds = rest.removeFirst()
    guard let training = BatchResult(&rest, layout.training) else { return nil }
    self.training = training
    guard let columns = layout.validation else { return }
    guard let validation = BatchResult(&rest, columns) else { return nil }
    self.validation = validation
  }
}

extension BatchResult {
  fileprivate var columns: [HistoryTable.Layout.Column] {
    measures.map { HistoryTable.Layout.Column(name: $0.name, formula: $0.formula, sums: $0.sums.count) }
  }
  fileprivate var numbers: [Double] { [lossSum, Double(count)] + measures.flatMap(\.sums) }

  /// Takes its numbers from the front of a row.
  fileprivate init?(_ rest: inout ArraySlice<Double>, _ columns: [HistoryTable.Layout.Column]) {
    let lossSum = rest.removeFirst()
    guard let count = Int(exactly: rest.removeFirst()) else { return nil }
    self.init(lossSum: lossSum, count: count)
    for column in columns {
      measures.append(Measure(column.name, column.formula, sums: Array(rest.prefix(column.sums))))
      rest.removeFirst(column.sums)
    }
  }
}
