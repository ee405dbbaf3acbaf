import MartletCore
import Testing

@Suite struct GatherTests {
  static let cases: [Gather] = [
    Gather(outer: 1, axis: 10, inner: 7, count: 23), Gather(outer: 3, axis: 5, inner: 1, count: 11),
    Gather(outer: 4, axis: 6, inner: 3, count: 9, isBatched: true),
    Gather(outer: 2, axis: 50, inner: 200, count: 30),
    Gather(outer: 5, axis: 4, inner: 1, count: 2, isBatched: true),
    Gather(outer: 1, axis: 3, inner: 40, count: 100), Gather(outer: 1, axis: 3, inner: 4, count: 0),
  ]

  /// Indices from -1 to one beyond the axis, many of them more than once.
  private func indices(_ gather: Gather) -> [Int32] {
    (0..<gather.count * (gather.isBatched ? gather.outer : 1)).map { Int32($0 * 7 % (gather.axis + 2)) - 1 }
  }

  private func place(_ gather: Gather, _ indices: [Int32], _ row: Int) -> Int? {
    let (outer, i) = (row / gather.count, row % gather.count)
    let index = Int(indices[gather.isBatched ? row : i])
    return index < 0 || index >= gather.axis ? nil : outer * gather.axis + index
  }

  @Test(arguments: DevicePair.all, cases)
  func gather(pair: DevicePair, gather: Gather) throws {
    let x = noise([gather.outer, gather.axis, gather.inner], seed: 41)
    let indices = indices(gather)
    let shape: Shape = [gather.outer, gather.count, gather.inner]
    let values: [Float] = x.values()
    let expected = (0..<shape.count).map { i in
      place(gather, indices, i / gather.inner).map { values[$0 * gather.inner + i % gather.inner] } ?? 0
    }
    #expect(try pair.run(.gather(gather), [x, HostArray(indices)], output: shape) == expected)
    let bytes = HostArray(values.map { UInt8($0 * 64 + 64) }, shape: x.shape)
    let taken: [UInt8] = try pair.run(
      .gather(gather), [bytes, HostArray(indices)], outputs: [(shape, .uint8)])[0].values()
    let expectedBytes = (0..<shape.count).map { i in
      place(gather, indices, i / gather.inner).map {
        UInt8(values[$0 * gather.inner + i % gather.inner] * 64 + 64)
      }
        ?? 0
    }
    #expect(taken == expectedBytes)
  }

  @Test(arguments: DevicePair.all, cases)
  func scatterAdd(pair: DevicePair, gather: Gather) throws {
    let y = noise([gather.outer, gather.count, gather.inner], seed: 42)
    let indices = indices(gather)
    let shape: Shape = [gather.outer, gather.axis, gather.inner]
    let values = y.doubles
    var expected = [Double](repeating: 0, count: shape.count)
    for i in values.indices {
      guard let target = place(gather, indices, i / gather.inner) else { continue }
      expected[target * gather.inner + i % gather.inner] += values[i]
    }
    let x = try pair.run(.scatterAdd(gather), [y, HostArray(indices)], output: shape)
    expectClose(x, expected, relative: 0, absolute: 1e-5, "\(gather)")
    let whole = HostArray(values.map { Int32($0 * 64) }, shape: y.shape)
    let sums: [Int32] = try pair.run(
      .scatterAdd(gather), [whole, HostArray(indices)], outputs: [(shape, .int32)])[0].values()
    #expect(sums == expected.map { Int32($0 * 64) })
  }

  /// Ties keep the order of their places, NaN comes first, and k may be the whole row.
  @Test(arguments: DevicePair.all, [(1, 1), (1, 10), (3, 10), (10, 10), (5, 1000), (40, 100)])
  func topK(pair: DevicePair, sizes: (Int, Int)) throws {
    let (k, length) = sizes
    let rows = 5
    var values: [Float] = noise([rows, length], seed: 43).values().map { ($0 * 8).rounded() }
    if length > 1 {
      values[length + 1] = .nan
      values[2 * length] = -.infinity
      values[3 * length] = .infinity
    }
    let x = HostArray(values, shape: [rows, length])
    let results = try pair.run(
      .topK(k), [x], outputs: [([rows, k], .float32), ([rows, k], .int32)])
    let (largest, places) = (results[0].values(as: Float.self), results[1].values(as: Int32.self))
    for r in 0..<rows {
      let row = Array(values[r * length..<(r + 1) * length])
      let order = row.indices.sorted { a, b in
        if row[a].isNaN != row[b].isNaN { return row[a].isNaN }
        return row[a] > row[b] || !(row[b] > row[a]) && a < b
      }
      #expect(Array(places[r * k..<(r + 1) * k]) == order.prefix(k).map { Int32($0) })
      #expect(
        largest[r * k..<(r + 1) * k].map(\.bitPattern) == order.prefix(k).map { row[$0].bitPattern })
    }
  }
}
