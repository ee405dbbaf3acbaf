/// Running records one by one: immediate mode, and values that are read while a scope is open.
extension Trace {
  /// Runs a primitive's record now; its operands have values.
  func runNow(_ index: Int) {
    do {
      try run(index)
    } catch {
      fatalError("\(describe(index)): \(error)")
    }
  }

  /// The value of a record. Runs whatever it needs that has not run; all that was run stays until the scope ends.
  func flush(_ index: Int32) throws -> Storage {
    checkOpen(index)
    if let failure { throw failure }
    if isDry { throw ShapeError("a dry run has shapes only; \(describe(Int(index))) has no value") }
    if let value = value(of: Int(index)) { return value }
    var isNeeded = [Bool](repeating: false, count: Int(index) + 1)
    isNeeded[Int(index)] = true
    for position in stride(from: Int(index), through: 0, by: -1)
    where isNeeded[position] && list.values[position] == nil {
      for operand in operands(of: position) { isNeeded[Int(operand)] = true }
    }
    for position in 0...Int(index) where isNeeded[position] && list.values[position] == nil {
      try run(position)
    }
    return value(of: Int(index))!
  }

  private func run(_ index: Int) throws {
    let record = records[index]
    switch record.operation {
    case .leaf, .part: break
    case .number: break
    case .reshape, .stopGradient: break
    case .primitive(let recipe):
      var outputs = [(index, try Storage(on: device, shape: record.shape, dtype: record.dtype))]
      for part in parts(of: index) {
        outputs.append(
          (part, try Storage(on: device, shape: records[part].shape, dtype: records[part].dtype)))
      }
      try device.encode(
        recipe.primitive, inputs: try operands(of: index).map { try operand(Int($0)) },
        outputs: outputs.map { $0.1.operand(shape: records[$0.0].shape, dtype: records[$0.0].dtype) })
      for (position, storage) in outputs { list.setValue(storage, of: position) }
      if isCheckingFinite && nonFinite == nil { try check(outputs) }
    }
  }

  /// The records that are further outputs of a primitive.
  func parts(of index: Int) -> Range<Int> {
    var end = index + 1
    while end < records.count, case .part = records[end].operation { end += 1 }
    return index + 1..<end
  }

  /// The record whose memory a record shares: itself, but for reshapes.
  func root(of index: Int) -> Int {
    var index = index
    while records[index].operation.isAlias { index = Int(operands(of: index).first!) }
    return index
  }

  private func value(of index: Int) -> Storage? {
    let root = root(of: index)
    if records[root].operation.isNumber { return try? fillNumber(root) }
    return list.values[root]
  }

  private func fillNumber(_ index: Int) throws -> Storage {
    let record = records[index]
    let storage = try Storage(on: device, shape: record.shape, dtype: record.dtype)
    try device.encode(
      .fill, inputs: [Operand(scalar: list.words[index], dtype: record.dtype)],
      outputs: [storage.operand(shape: record.shape, dtype: record.dtype)])
    return storage
  }

  private func operand(_ index: Int) throws -> Operand {
    let record = records[index]
    let root = root(of: index)
    if records[root].operation.isNumber { return Operand(scalar: list.words[root], dtype: record.dtype) }
    return list.values[root]!.operand(shape: record.shape, dtype: record.dtype)
  }
}
