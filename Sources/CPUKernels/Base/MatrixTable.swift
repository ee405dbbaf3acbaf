import MartletKernelTable

func matrixKernels() -> MatrixKernels {
  #if AVX512 || arch(arm64)
    let wide = Tile(rows: 6, width: 4 * lanes, multiply: multiplyFour, outer: outerFour)
    let narrow = Tile(rows: 12, width: 2 * lanes, multiply: multiplyTwo, outer: outerTwo)
  #else
    let wide = Tile(rows: 6, width: 2 * lanes, multiply: multiplyTwo, outer: outerTwo)
    let narrow = wide
  #endif
  return MatrixKernels(
    lanes: lanes, wide: wide, narrow: narrow,
    single: Tile(rows: 12, width: lanes, multiply: multiplyOne, outer: outerOne),
    packRows: packRows, packColumns: packColumns, fillPointers: fillPointers,
    multiplySteps: multiplySteps, dotProducts: dotProducts, combineRows: combineRows,
    multiplyChannels: multiplyChannels,
    addChannelProducts: addChannelProducts,
    spread: spreadChannels,
    scatterRuns: scatterRuns,
    sum: sumTerms, multiplyAddProbe: multiplyAddProbe)
}

/// Twelve independent chains of multiply-adds: as many as any processor needs to keep its units busy.
private func multiplyAddProbe(_ repetitions: Int, _ out: MutableFloats) -> Int {
  let start = load(out)
  var sums: InlineArray<12, V> = [
    start, start, start, start, start, start, start, start, start, start, start, start,
  ]
  let factor = V(repeating: 0.5)
  let term = V(repeating: out[0])
  for _ in 0..<repetitions {
    for i in 0..<12 { sums[unchecked: i] = multiplyAdd(sums[unchecked: i], factor, term) }
  }
  var total = V.zero
  for i in 0..<12 { total += sums[unchecked: i] }
  store(total, out)
  return repetitions &* 24 &* lanes
}
