import MartletCore

extension Gather {
  /// The row of (outer, axis) that row (o, i) means; nil where the index lies outside.
  private func place(_ row: Int, _ indices: [Double]) -> Int? {
    let index = Int(indices[isBatched ? row : row % count])
    return (0..<axis).contains(index) ? row / count * axis + index : nil
  }

  func taken(_ x: [Double], _ indices: [Double]) -> [Double] {
    (0..<outer * count * inner).map { i in
      place(i / inner, indices).map { x[$0 * inner + i % inner] } ?? 0
    }
  }

  func added(_ y: [Double], _ indices: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: outer * axis * inner)
    for i in y.indices {
      if let target = place(i / inner, indices) { sums[target * inner + i % inner] += y[i] }
    }
    return sums
  }

  /// Indices from -1 to one beyond the axis, many of them more than once.
  fileprivate var indices: HostArray {
    HostArray((0..<count * (isBatched ? outer : 1)).map { Int32($0 * 7 % (axis + 2)) - 1 })
  }
}

/// The k largest of each row and their places: NaN first, equal ones by their place.
func largest(_ k: Int, of x: HostArray) -> [[Double]] {
  let (values, length) = (x.doubles, x.shape[-1])
  var (found, places): ([Double], [Double]) = ([], [])
  for start in stride(from: 0, to: values.count, by: length) {
    let row = values[start..<start + length]
    let order = row.indices.sorted { a, b in
      if row[a].isNaN != row[b].isNaN { return row[a].isNaN }
      return row[a] > row[b] || !(row[b] > row[a]) && a < b
    }
    found += order.prefix(k).map { row[$0] }
    places += order.prefix(k).map { Double($0 - start) }
  }
  return [found, places]
}

extension Trial {
  /// Rows of numbers and of bytes, one list of indices and one for each outer row, none at all.
  public static var gather: [Trial] {
    trials([
      Gather(outer: 1, axis: 10, inner: 7, count: 23), Gather(outer: 3, axis: 5, inner: 1, count: 11),
      Gather(outer: 4, axis: 6, inner: 3, count: 9, isBatched: true),
      Gather(outer: 2, axis: 50, inner: 200, count: 30),
      Gather(outer: 5, axis: 4, inner: 1, count: 2, isBatched: true),
      Gather(outer: 1, axis: 3, inner: 40, count: 100), Gather(outer: 1, axis: 3, inner: 4, count: 0),
    ]) + topK([(1, 1), (1, 10), (3, 10), (10, 10), (5, 1000), (40, 100)], rows: 5)
  }

  static var largeGather: [Trial] {
    trials([Gather(outer: 1, axis: 2000, inner: 128, count: 3000)]) + topK([(5, 1000)], rows: 500)
  }

  private static func trials(_ cases: [Gather]) -> [Trial] {
    cases.flatMap { g -> [Trial] in
      let (from, to): (Shape, Shape) = ([g.outer, g.axis, g.inner], [g.outer, g.count, g.inner])
      let text = "\(from) by \(g.count) indices\(g.isBatched ? " each" : "")"
      return [
        Trial(.gather(g), text, [noise(from, seed: 41), g.indices], outputs: [Output(to)]),
        Trial(
          .gather(g), "bytes, \(text)", [bytes(noise(from, seed: 41)), g.indices],
          outputs: [Output(to, .uint8)]),
        Trial(
          .scatterAdd(g), text, [noise(to, seed: 42), g.indices], outputs: [Output(from, absolute: 1e-5)]),
        Trial(
          .scatterAdd(g), "whole numbers, \(text)", [wholes(noise(to, seed: 42)), g.indices],
          outputs: [Output(from, .int32)]),
      ]
    }
  }

  /// Ties keep the order of their places, NaN comes first, and k may be the whole row.
  private static func topK(_ cases: [(Int, Int)], rows: Int) -> [Trial] {
    cases.map { k, length in
      @Sendable func input() -> HostArray {
        var values: [Float] = noise([rows, length], seed: 43).values().map { ($0 * 8).rounded() }
        if length > 1 {
          values[length + 1] = .nan
          values[2 * length] = -.infinity
          values[3 * length] = .infinity
        }
        return HostArray(values, shape: [rows, length])
      }
      return Trial(
        .topK(k), "\(k) of \(length), \(rows) rows", [input()],
        outputs: [Output([rows, k]), Output([rows, k], .int32)])
    }
  }

  /// Test data as whole numbers in 0 ..< 128.
  static func bytes(_ x: HostArray) -> HostArray {
    HostArray(x.values(as: Float.self).map { UInt8($0 * 64 + 64) }, shape: x.shape)
  }

  private static func wholes(_ x: HostArray) -> HostArray {
    HostArray(x.values(as: Float.self).map { Int32($0 * 64) }, shape: x.shape)
  }
}
