import MartletCore

extension CPUDevice {
  /// Rows are sorted by falling value, NaN first, equal values by their place: a short list kept in order while a row
  /// passes, or a sort of the whole row where the list is long.
  func topK(_ k: Int, inputs: [Operand], outputs: [Operand]) throws {
    let x = inputs[0]
    guard x.shape.count > 0, k > 0, let length = x.shape.sizes.last else { return }
    let places = outputs[1].ints
    switch x.dtype {
    case .float32:
      let key = { (value: Float) in value.isNaN ? Float.infinity : value }
      largest(UnsafePointer(x.floats), outputs[0].floats, places, x.shape.count / length, length, k) { a, b in
        a.isNaN ? !b.isNaN : key(a) > key(b) && !b.isNaN
      }
    case .int32: largest(UnsafePointer(x.ints), outputs[0].ints, places, x.shape.count / length, length, k, >)
    case .uint8, .bool:
      largest(
        UnsafePointer(x.raw.assumingMemoryBound(to: UInt8.self)),
        outputs[0].raw.assumingMemoryBound(to: UInt8.self), places, x.shape.count / length, length, k, >)
    }
  }

  private func largest<T>(
    _ x: UnsafePointer<T>, _ values: UnsafeMutablePointer<T>, _ places: UnsafeMutablePointer<Int32>,
    _ rows: Int, _ length: Int, _ k: Int, _ precedes: (T, T) -> Bool
  ) {
    let group = max(1, elementsPerJob / length)
    parallel((rows + group - 1) / group) { job in
      for r in job * group..<min((job + 1) * group, rows) {
        let x = x + r * length
        let (values, places) = (values + r * k, places + r * k)
        if k > 32 {
          let order = (0..<length).sorted {
            precedes(x[$0], x[$1]) || !precedes(x[$1], x[$0]) && $0 < $1
          }
          for i in 0..<k {
            values[i] = x[order[i]]
            places[i] = Int32(order[i])
          }
          continue
        }
        var held = 0
        for i in 0..<length {
          if held == k && !precedes(x[i], values[k - 1]) { continue }
          var place = held < k ? held : k - 1
          while place > 0 && precedes(x[i], values[place - 1]) {
            values[place] = values[place - 1]
            places[place] = places[place - 1]
            place -= 1
          }
          values[place] = x[i]
          places[place] = Int32(i)
          held = min(k, held + 1)
        }
      }
    }
  }
}
