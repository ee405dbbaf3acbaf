import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The operations of one scope in the order in which the program ran them. It belongs to one thread, and what every
/// record touches is free of the checks for overlapping access.
package final class Trace: @unchecked Sendable {
  package let device: any Device
  /// Shapes only: nothing is allocated or run.
  package let isDry: Bool
  let isImmediate: Bool
  /// What the device's buffers may take.
  let memoryLimit = Context.current.memoryLimit
  /// What the planner does to the records.
  let passes = Context.current.passes
  /// Whether every record that runs at once is searched for NaN and infinity.
  let isCheckingFinite: Bool
  /// The first record that had one.
  var nonFinite: NonFiniteError?
  @exclusivity(unchecked) var list = RecordList()
  @exclusivity(unchecked) package private(set) var failure: ShapeError?
  @exclusivity(unchecked) private(set) var isOpen = true
  private var owner = pthread_self()
  /// The layers that were met, and positions of those that are running, outermost first.
  private var layers: [LayerLabel] = []
  @exclusivity(unchecked) private var runningLayers: [Int32] = []
  @exclusivity(unchecked) private var layerPositions = IdentityTable()
  /// Where the next records come from, when it is not their caller: set while a derivative is recorded.
  @exclusivity(unchecked) private var inheritedOrigin: (site: Site, layer: Int32)?
  /// The record that holds a cell's value now, and the cells that were assigned, in order.
  @exclusivity(unchecked) private var cellRecords: IdentityTable
  @exclusivity(unchecked) private(set) var assignments: [(cell: Cell, record: Int32)] = []
  /// What `checkpointed` closures recorded, in order; and whether one is running.
  var segments: [Segment] = []
  var isInSegment = false
  @exclusivity(unchecked) private var assignmentPositions = IdentityTable()
  /// The leaves of arrays from outside by their memory: the same array is the same leaf wherever it is used.
  @exclusivity(unchecked) private var leaves = IdentityTable()

  package init(
    device: any Device, isDry: Bool = false, isImmediate: Bool = false, isCheckingFinite: Bool = false
  ) {
    self.device = device
    self.isDry = isDry
    self.isImmediate = isImmediate
    self.isCheckingFinite = isCheckingFinite
    let expected = Trace.lastSize.load(ordering: .relaxed)
    list.reserve(records: expected, operands: 2 * expected)
    cellRecords = IdentityTable(capacity: expected / 4)
  }

  /// How many records to expect: a step is mostly as long as the one before, with small scopes in between.
  private static let lastSize = Atomic(256)

  package var records: [Record] { list.records }
  package var count: Int { list.records.count }

  package func operands(of index: Int) -> ArraySlice<Int32> {
    list.operands[list.records[index].operandRange]
  }

  package func tensor(_ index: Int) -> Tensor {
    Tensor(.traced(self, Int32(index)), shape: records[index].shape, dtype: records[index].dtype)
  }

  func close() {
    isOpen = false
    let last = Trace.lastSize.load(ordering: .relaxed)
    Trace.lastSize.store(min(max(256, count, last - last / 8), 1 << 16), ordering: .relaxed)
  }
}

/// What a layer is called in a trace: its path in the model, and that with its type, as in `blocks.1.conv (Conv2D)`.
package final class LayerLabel: Sendable {
  package let path: String
  let text: String

  package init(path: String, type: String) {
    self.path = path
    text = path.isEmpty ? type : "\(path) (\(type))"
  }
}

// MARK: - Appending

extension Trace {
  @discardableResult
  func append(
    _ operation: Operation, operands: some Collection<Int32>, shape: Shape, dtype: DType, site: Site,
    value: Storage? = nil, word: UInt32 = 0
  ) -> Int32 {
    checkOwner(site: site)
    return list.append(
      operation, operands: operands, shape: shape, dtype: dtype,
      origin: inheritedOrigin ?? (site: site, layer: runningLayers.last ?? -1), value: value, word: word)
  }

  /// The position of a tensor in this trace; arrays and numbers from outside become leaves.
  func position(of tensor: Tensor, site: Site) -> Int32 {
    switch tensor.payload {
    case .traced(let trace, let index):
      trace.checkOpen(index)
      precondition(trace === self, "a tensor of an enclosing scope cannot be used in another trace")
      return index
    case .stored(let storage):
      precondition(
        storage.device === device,
        "a tensor on \(storage.device.name) met one on \(device.name); move one of them first")
      let known = leaves[storage]
      if known >= 0 { return reshaped(known, to: tensor.shape, site: site) }
      let leaf = append(
        .leaf, operands: EmptyCollection(), shape: tensor.shape, dtype: tensor.dtype, site: site,
        value: storage)
      leaves[storage] = leaf
      return leaf
    case .number(let word):
      return append(
        .number, operands: EmptyCollection(), shape: tensor.shape, dtype: tensor.dtype, site: site, word: word
      )
    }
  }

  private func reshaped(_ leaf: Int32, to shape: Shape, site: Site) -> Int32 {
    if records[Int(leaf)].shape == shape { return leaf }
    return append(
      .reshape, operands: CollectionOfOne(leaf), shape: shape, dtype: records[Int(leaf)].dtype, site: site)
  }

  /// The memory of a record that is an array from outside, or such a one reshaped. A cell's value is none: updates
  /// write into it.
  func arrayFromOutside(_ index: Int32) -> Storage? {
    guard let storage = list.values[root(of: Int(index))], leaves[storage] >= 0 else { return nil }
    return storage
  }

  /// A leaf without a value: the input of a dry run.
  package func placeholder(shape: Shape, dtype: DType) -> Tensor {
    tensor(Int(append(.leaf, operands: EmptyCollection(), shape: shape, dtype: dtype, site: .unknown)))
  }

  /// Traps where a tensor of a closed scope is used, and says where it came from.
  func checkOpen(_ index: Int32) {
    precondition(
      isOpen,
      "this tensor belongs to a scope that is closed; it was made by \(index < 0 ? "an error" : describe(Int(index))). "
        + "Return it from the scope to keep it")
  }

  private func checkOwner(site: Site) {
    precondition(
      pthread_equal(owner, pthread_self()) != 0,
      "a scope belongs to the thread that opened it; another one appended at \(site.text ?? "an operator"). "
        + "Open a scope of its own in each task")
    precondition(isOpen, "an operation was recorded in a scope that is closed")
  }

  /// Remembers the first shape that did not fit; the scope throws it at its end.
  func fail(_ message: String, site: Site) {
    guard failure == nil else { return }
    let origin = inheritedOrigin ?? (site: site, layer: runningLayers.last ?? -1)
    failure = ShapeError(
      message, layer: layerName(origin.layer), site: origin.site.text)
  }

  /// The same for an error that already knows its place.
  func fail(_ error: ShapeError) { failure = failure ?? error }

  func describe(_ index: Int) -> String {
    let record = records[index]
    let place = [layerName(record.layer), record.site.text].compactMap { $0 }.joined(separator: ", ")
    return place.isEmpty ? "\(record.operation.name)" : "\(record.operation.name) (\(place))"
  }

  /// The names of all layers that were met.
  package var layerNames: [String] { layers.map(\.text) }

  /// The name of the layer at a position, as records hold it.
  func layerName(_ position: Int32) -> String? { position < 0 ? nil : layers[Int(position)].text }

  /// Records what a closure does under the name of a layer.
  package func within<R>(layer: LayerLabel, _ body: () throws -> R) rethrows -> R {
    var position = layerPositions[layer]
    if position < 0 {
      position = Int32(layers.count)
      layers.append(layer)
      layerPositions[layer] = position
    }
    runningLayers.append(position)
    defer { runningLayers.removeLast() }
    return try body()
  }

  /// Records what a closure does under the origin of an earlier record.
  func inheritingOrigin<R>(of index: Int, _ body: () throws -> R) rethrows -> R {
    let previous = inheritedOrigin
    inheritedOrigin = (records[index].site, records[index].layer)
    defer { inheritedOrigin = previous }
    return try body()
  }
}

// MARK: - Cells

extension Trace {
  package func read(_ cell: Cell) -> Tensor {
    let known = cellRecords[cell]
    if known >= 0 { return tensor(Int(known)) }
    let index = append(
      .leaf, operands: EmptyCollection(), shape: cell.shape, dtype: cell.dtype, site: .unknown,
      value: cell.storage)
    cellRecords[cell] = index
    return tensor(Int(index))
  }

  /// The record that holds a cell's value; -1 where there is none.
  func record(of cell: Cell) -> Int32 { cellRecords[cell] }

  /// Whether a cell was assigned in the scope.
  package func hasAssigned(_ cell: Cell) -> Bool { assignmentPositions[cell] >= 0 }

  func assign(_ tensor: Tensor, to cell: Cell) {
    let index = position(of: tensor, site: .unknown)
    cellRecords[cell] = index
    let position = assignmentPositions[cell]
    if position >= 0 {
      assignments[Int(position)].record = index
    } else {
      assignmentPositions[cell] = Int32(assignments.count)
      assignments.append((cell, index))
    }
  }
}

extension Primitive {
  /// The name of the family, for people.
  package var name: String {
    switch self {
    case .elementwise(let program): program.singleOpcode.map { "\($0)" } ?? "elementwise"
    case .reduction(let reduction, _): "\(reduction.kind)"
    case .gemm: "matmul"
    case .convolution(let pass, _, _): "convolution \(pass)"
    case .pooling(let pass, let geometry): "\(geometry.kind) pooling \(pass)"
    case .resampling(let pass, let geometry): "\(geometry.interpolation) resampling \(pass)"
    case .batchNormalization: "batchNormalization"
    case .batchNormalizationBackward: "batchNormalization backward"
    case .softmax(let logarithm): logarithm ? "logSoftmax" : "softmax"
    case .softmaxCrossEntropy: "softmaxCrossEntropy"
    case .softmaxCrossEntropyBackward: "softmaxCrossEntropy backward"
    case .gather: "gather"
    case .scatterAdd: "scatterAdd"
    case .copy: "copy"
    case .topK: "topK"
    case .fill: "fill"
    case .random(let distribution): "random \(distribution)"
    }
  }
}
