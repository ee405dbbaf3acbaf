/// What a model consists of, layer by layer.
public struct ModelSummary: Sendable {
  public struct Row: Sendable {
    /// The layer's path, as in `layers.0`.
    public let path: String
    /// The constructor's text.
    public let layer: String
    /// Without the batch axis.
    public let outputShape: Shape
    /// Trained numbers that no row above has.
    public let parameters: Int
    /// Multiply-accumulates for one sample.
    public let multiplyAccumulates: Int
    /// How many input positions an output position depends on (height, width), nil where it is all of them.
    public let receptiveField: [Int]?
    /// Whether this is a further use of weights that a row above counts.
    public let isShared: Bool
  }
  public let rows: [Row]
  public let inputShape: Shape
  public let outputShape: Shape
  public let parameters: Int
  public let trainableParameters: Int
  public let stateNumbers: Int
  public var multiplyAccumulates: Int { rows.reduce(0) { $0 + $1.multiplyAccumulates } }
}

extension Layer {
  /// The summary of the model for inputs of a shape (without the batch axis), by a dry run: nothing is allocated.
  ///
  /// - Throws: `ShapeError` for the first shape that does not fit.
  public func summary(input: Shape) throws -> ModelSummary {
    let structure = ModelStructure.refresh(self)
    let session = try BuildSession(structure).dryRun(self, inputShape: Shape([1] + input.sizes))
    return session.summary(input: input)
  }
}

extension BuildSession {
  func summary(input: Shape) -> ModelSummary {
    let trace = self.trace!
    let fields = ReceptiveFields(trace)
    var counted: Set<ObjectIdentifier> = []
    var seen: Set<ObjectIdentifier> = []
    var rows: [ModelSummary.Row] = []
    for call in calls {
      let own = directParameters(of: call.layer)
      guard call.innerCalls == 0 || !own.isEmpty else { continue }
      let fresh = own.filter { counted.insert(ObjectIdentifier($0)).inserted }
      rows.append(
        ModelSummary.Row(
          path: call.path, layer: call.layer.description,
          outputShape: call.output.rank > 0 ? call.output.removing(axis: 0) : call.output,
          parameters: fresh.reduce(0) { $0 + shape(of: $1).count },
          multiplyAccumulates: call.innerCalls == 0 ? trace.multiplyAccumulates(call.records) : 0,
          receptiveField: call.outputRecord.flatMap { fields.field(of: $0) },
          isShared: !seen.insert(ObjectIdentifier(call.layer)).inserted && !own.isEmpty))
    }
    return ModelSummary(
      rows: rows, inputShape: input, outputShape: outputShape.removing(axis: 0),
      parameters: structure.parameters.reduce(0) { $0 + shape(of: $1).count },
      trainableParameters: structure.parameters.filter(\.isTrainable).reduce(0) { $0 + shape(of: $1).count },
      stateNumbers: structure.states.reduce(0) { $0 + shape(of: $1).count })
  }

  private func directParameters(of layer: any Layer) -> [Parameter] {
    // A layer's class first, then those that it inherits from.
    sequence(first: Mirror(reflecting: layer), next: \.superclassMirror).flatMap { mirror in
      mirror.children.compactMap { child in
        if let parameter = child.value as? Parameter { return parameter }
        return (child.value as? Parameter?) ?? nil
      }
    }
  }
}

extension Trace {
  fileprivate func multiplyAccumulates(_ range: Range<Int>) -> Int {
    range.reduce(0) { sum, index in
      guard let primitive = records[index].operation.primitive else { return sum }
      switch primitive {
      case .gemm(let gemm, _): return sum + gemm.batch * gemm.m * gemm.n * gemm.k
      case .convolution(_, let geometry, _): return sum + geometry.multiplyAccumulates
      default: return sum
      }
    }
  }
}

/// How far back each result of a dry run sees: sizes and steps follow the windows along the way (Araujo, Norris, Sim
/// 2019, *Computing receptive fields of convolutional neural networks*).
private struct ReceptiveFields {
  /// Along height and width: how many input positions, and how far apart neighbours are.
  private struct Field {
    var size: [Int]
    var jump: [Double]
  }
  private enum Seen {
    case none
    case field(Field)
    case everything
  }
  private var seen: [Seen] = []

  init(_ trace: Trace) {
    for index in 0..<trace.count {
      let operands = trace.operands(of: index).map { seen[Int($0)] }
      seen.append(Self.follow(trace, index, operands))
    }
  }

  func field(of record: Int) -> [Int]? {
    if case .field(let field) = seen[record] { return field.size }
    return nil
  }

  private static func follow(_ trace: Trace, _ index: Int, _ operands: [Seen]) -> Seen {
    let record = trace.records[index]
    switch record.operation {
    case .leaf:
      // The first record is the model's input.
      return index == 0 && record.shape.rank >= 3 ? .field(Field(size: [1, 1], jump: [1, 1])) : .none
    case .number: return .none
    case .part, .stopGradient: return operands[0]
    case .reshape: return record.shape.rank == 4 ? operands[0] : everything(operands)
    case .primitive(let recipe):
      switch recipe.primitive {
      case .convolution(let pass, let geometry, _):
        return windowed(
          operands[0], kernel: geometry.kernel, strides: geometry.strides, dilation: geometry.dilation,
          isForward: pass == .forward)
      case .pooling(let pass, let geometry):
        return windowed(
          operands[0], kernel: geometry.window, strides: geometry.strides, dilation: Extent(repeating: 1),
          isForward: pass == .forward)
      case .elementwise, .batchNormalization: return widest(operands)
      case .copy where record.shape.rank == 4: return widest(operands)
      default: return everything(operands)
      }
    }
  }

  private static func windowed(
    _ input: Seen, kernel: Extent, strides: Extent, dilation: Extent, isForward: Bool
  ) -> Seen {
    guard case .field(var field) = input else { return input }
    for (position, axis) in [1, 2].enumerated() {
      let reach = Double((kernel[axis] - 1) * dilation[axis])
      if isForward {
        field.size[position] += Int((reach * field.jump[position]).rounded(.up))
        field.jump[position] *= Double(strides[axis])
      } else {
        field.jump[position] /= Double(strides[axis])
        field.size[position] += Int((reach * field.jump[position]).rounded(.up))
      }
    }
    return .field(field)
  }

  private static func widest(_ operands: [Seen]) -> Seen {
    operands.reduce(Seen.none) { a, b in
      switch (a, b) {
      case (.everything, _), (_, .everything): .everything
      case (.none, let other), (let other, .none): other
      case (.field(let first), .field(let second)):
        .field(
          Field(
            size: zip(first.size, second.size).map(max), jump: zip(first.jump, second.jump).map(max)))
      }
    }
  }

  private static func everything(_ operands: [Seen]) -> Seen {
    if case .none = widest(operands) { return .none }
    return .everything
  }
}

extension ModelSummary: CustomStringConvertible {
  /// A table for people.
  public var description: String {
    let header = ["layer", "", "output", "parameters", "MACs", "sees"]
    let body = rows.map { row in
      [
        row.path, row.layer + (row.isShared ? "  (shared)" : ""), "\(row.outputShape)",
        row.parameters.grouped, row.multiplyAccumulates.grouped,
        row.receptiveField.map { $0[0] == $0[1] ? "\($0[0])" : "\($0[0])x\($0[1])" } ?? "all",
      ]
    }
    let table = TextTable(header: header, rows: body, rightAligned: [3, 4, 5])
    let rest = parameters - trainableParameters
    var lines = [table.text, ""]
    lines.append("input \(inputShape), output \(outputShape)")
    lines.append(
      "\(parameters.grouped) parameters" + (rest > 0 ? ", \(rest.grouped) of them frozen" : "")
        + (stateNumbers > 0 ? ", \(stateNumbers.grouped) numbers of state" : "")
        + ", \(multiplyAccumulates.grouped) multiply-accumulates a sample")
    return lines.joined(separator: "\n")
  }
}

extension Int {
  /// Digits in groups of three: 1,668,490.
  package var grouped: String {
    var text = ""
    for (position, digit) in String(magnitude).reversed().enumerated() {
      if position > 0 && position % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (self < 0 ? "-" : "") + String(text.reversed())
  }
}

/// Columns of text under a header.
package struct TextTable {
  private let header: [String]
  private let rows: [[String]]
  private let rightAligned: Set<Int>

  package init(header: [String], rows: [[String]], rightAligned: Set<Int> = []) {
    self.header = header
    self.rows = rows
    self.rightAligned = rightAligned
  }

  package var text: String {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      var text = ""
      for (column, cell) in cells.enumerated() {
        let blank = String(repeating: " ", count: widths[column] - cell.count)
        text += (column > 0 ? "  " : "") + (rightAligned.contains(column) ? blank + cell : cell + blank)
      }
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "──")
    return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
  }
}
