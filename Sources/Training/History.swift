import MartletCore
import MartletData

/// The records of a run's epochs, in their order.
///
/// They are kept as rows of numbers, and what is measured stands beside them once: a long run takes less than a hundred
/// bytes an epoch, in one piece.
public struct History: RandomAccessCollection, Sendable, Equatable {
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
  /// As many numbers for each epoch as the widest layout has, zeros behind those of a narrower one.
  private var numbers: [Double] = []
  private var width = 0

  public private(set) var count = 0
  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  public init() {}

  public init(_ records: some Sequence<EpochRecord>) {
    for record in records { append(record) }
  }

  public subscript(position: Int) -> EpochRecord {
    precondition(indices.contains(position), "there is no epoch at place \(position) of \(count)")
    let row = numbers[position * width..<(position + 1) * width]
    return EpochRecord(row.dropFirst(), layouts[Int(row.first!)])
  }

  public static func == (a: History, b: History) -> Bool { a.elementsEqual(b) }

  mutating func append(_ record: EpochRecord) {
    let layout = Layout(record)
    let position = layouts.firstIndex(of: layout) ?? layouts.count
    if position == layouts.count {
      layouts.append(layout)
      widen(to: layout.width)
    }
    let row = record.numbers(layout: position)
    numbers += row
    numbers += repeatElement(0, count: width - row.count)
    count += 1
  }

  mutating func removeLast() {
    numbers.removeLast(width)
    count -= 1
  }

  private mutating func widen(to wider: Int) {
    guard wider > width else { return }
    numbers = (0..<count).flatMap { index in
      numbers[index * width..<(index + 1) * width] + repeatElement(0, count: wider - width)
    }
    width = wider
  }
}

// MARK: - In a checkpoint

extension History {
  /// The rows: float64 in their 8 bytes, the low one first, (epochs, 8 * the widest row).
  func stored(name: String) -> StoredArray {
    StoredArray(name: name, shape: [count, 8 * width], dtype: .uint8) { offset, bytes in
      numbers.withUnsafeBytes { bytes.copyMemory(from: .init(rebasing: $0[offset..<offset + bytes.count])) }
    }
  }

  /// - Returns: nil for rows that are damaged.
  init?(_ layouts: [Layout], _ rows: HostArray) {
    guard rows.shape.rank == 2, rows.dtype == .uint8, rows.shape[1] % 8 == 0,
      layouts.allSatisfy(\.isPossible),
      rows.shape[1] / 8 == layouts.map(\.width).max() ?? 0, !layouts.isEmpty || rows.shape[0] == 0
    else { return nil }
    self.layouts = layouts
    width = rows.shape[1] / 8
    count = rows.shape[0]
    numbers = rows.withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
    }
    for start in (0..<count).map({ $0 * width }) {
      guard let layout = Int(exactly: numbers[start]), layouts.indices.contains(layout) else { return nil }
      let counts = [start + 1, start + 2] + layouts[layout].placesOfCounts.map { start + $0 }
      guard counts.allSatisfy({ Int(exactly: numbers[$0]) != nil }) else { return nil }
    }
  }
}

extension History.Layout {
  fileprivate init(_ record: EpochRecord) {
    training = record.training.columns
    validation = record.validation?.columns
  }

  /// Where a row has the numbers of samples.
  fileprivate var placesOfCounts: [Int] {
    [5] + (validation == nil ? [] : [5 + Self.width(training)])
  }
}

extension EpochRecord {
  fileprivate func numbers(layout: Int) -> [Double] {
    [Double(layout), Double(epoch), Double(steps), seconds] + training.numbers + (validation?.numbers ?? [])
  }

  fileprivate init(_ numbers: ArraySlice<Double>, _ layout: History.Layout) {
    var rest = numbers
    epoch = Int(rest.removeFirst())
    steps = Int(rest.removeFirst())
    seconds = rest.removeFirst()
    training = BatchResult(&rest, layout.training)
    validation = layout.validation.map { BatchResult(&rest, $0) }
  }
}

extension BatchResult {
  fileprivate var columns: [History.Layout.Column] {
    measures.map { History.Layout.Column(name: $0.name, formula: $0.formula, sums: $0.sums.count) }
  }
  fileprivate var numbers: [Double] { [lossSum, Double(count)] + measures.flatMap(\.sums) }

  /// Takes its numbers from the front of a row.
  fileprivate init(_ rest: inout ArraySlice<Double>, _ columns: [History.Layout.Column]) {
    self.init(lossSum: rest.removeFirst(), count: Int(rest.removeFirst()))
    for column in columns {
      measures.append(Measure(column.name, column.formula, sums: Array(rest.prefix(column.sums))))
      rest.removeFirst(column.sums)
    }
  }
}
