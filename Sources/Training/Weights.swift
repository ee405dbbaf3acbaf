import MartletData
import MartletLayers

/// Weights that do not belong to a model: every difference is listed.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
  public var path: String
  public var missing: [String] = []
  public var unexpected: [String] = []
  /// Name, the model's shape, the file's.
  public var misshapen: [String] = []

  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("it lacks \(missing.joined(separator: ", "))") }
    if !unexpected.isEmpty { parts.append("the model has no \(unexpected.joined(separator: ", "))") }
    parts += misshapen
    return "\(path) does not fit the model: \(parts.joined(separator: "; ")). Take the weights of this model"
  }
}

extension Layer {
  /// The parameters and states by their names.
  public func weights() throws -> [String: HostArray] {
    try Dictionary(uniqueKeysWithValues: storedWeights.map { ($0.name, try $0.hostArray()) })
  }

  /// The parameters and states where they lie.
  var storedWeights: [StoredArray] {
    cells.map { StoredArray(name: $0.name, $0.cell.storage, shape: $0.cell.shape, dtype: $0.cell.dtype) }
  }

  /// Writes parameters and states to a safetensors file: all of it, or nothing.
  public func save(to path: FilePath) throws { try Safetensors.write(storedWeights, to: path) }

  /// Reads parameters and states from a safetensors file into a built model: all of them, or those whose names a closure
  /// picks.
  ///
  /// ```swift
  /// try model.load(from: "pretrained.safetensors") { $0.hasPrefix("backbone.") }
  /// ```
  /// - Throws: `WeightsError` that lists all names that are missing, not the model's, or of another shape; nothing is
  ///   assigned then. `FileError` and `FormatError` for files that cannot be read.
  public func load(from path: FilePath, where names: (String) -> Bool = { _ in true }) throws {
    let file = try SafetensorsFile(path)
    let entries = file.entries.filter { names($0.name) }
    let cells = self.cells.filter { names($0.name) }
    try check(
      cells, Dictionary(uniqueKeysWithValues: entries.map { ($0.name, ($0.sizes, $0.typeName, $0.dtype)) }),
      of: path)
    // All of it is read before any of it is assigned.
    let arrays = try cells.map { try file.array(named: $0.name) }
    for ((_, cell), array) in zip(cells, arrays) { try cell.assign(array) }
  }

  /// Assigns parameters and states by their names.
  ///
  /// - Parameter path: where they are from, for the error.
  /// - Throws: `WeightsError`; nothing is assigned then.
  func setWeights(_ arrays: [String: HostArray], from path: FilePath) throws {
    let cells = self.cells
    try check(cells, arrays.mapValues { ($0.shape.sizes, "\($0.dtype)", $0.dtype) }, of: path)
    for (name, cell) in cells { try cell.assign(arrays[name]!) }
  }

  private func check(
    _ cells: [(name: String, cell: Cell)], _ found: [String: (sizes: [Int], typeName: String, dtype: DType?)],
    of path: FilePath
  ) throws {
    let names = Set(cells.map(\.name))
    var error = WeightsError(path: path.string)
    error.missing = names.subtracting(found.keys).sorted()
    error.unexpected = found.keys.filter { !names.contains($0) }.sorted()
    for (name, cell) in cells {
      guard let entry = found[name], entry.sizes != cell.shape.sizes || entry.dtype != cell.dtype else {
        continue
      }
      error.misshapen.append(
        "\(name) is \(entry.sizes) \(entry.typeName) in the file and \(cell.shape.sizes) here")
    }
    guard error.missing.isEmpty && error.unexpected.isEmpty && error.misshapen.isEmpty else { throw error }
  }

  /// SHA-256 of the bytes of all parameters and states in the order of their names.
  public func weightsHash() throws -> String {
    var hash = SHA256()
    for array in storedWeights.sorted(by: { $0.name < $1.name }) {
      try array.forEachPiece { hash.update($0) }
    }
    return hash.hex()
  }

  private var cells: [(name: String, cell: Cell)] {
    parameters.compactMap { name, parameter in parameter.cell.map { (name, $0) } }
      + states.compactMap { name, state in state.cell.map { (name, $0) } }
  }
}

extension Cell {
  fileprivate func assign(_ array: HostArray) throws {
    try array.withUnsafeBytes { try storage.device.upload($0, to: storage.buffer, at: storage.byteOffset) }
  }
}

extension StoredArray {
  /// An array in a device's memory.
  init(name: String, _ storage: Storage, shape: Shape, dtype: DType) {
    self.init(name: name, shape: shape, dtype: dtype) { offset, bytes in
      try storage.device.download(storage.buffer, at: storage.byteOffset + offset, into: bytes)
    }
  }
}
