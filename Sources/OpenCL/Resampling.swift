import MartletCore

extension Encoder {
  func resampling(_ pass: ResamplingPass, _ geometry: Resampling, x: Operand, y: Operand) throws {
    guard y.shape.count > 0 else { return }
    let isForward = pass == .forward
    let from = isForward ? geometry.input : geometry.output
    let to = isForward ? geometry.output : geometry.input
    var tables: [Operand] = []
    for axis in [1, 2] {
      func taps() -> ResamplingTaps {
        let taps = geometry.taps(axis: axis)
        return isForward ? taps : taps.transposed(count: to[axis])
      }
      let key: [AnyHashable] = [pass, geometry, axis]
      tables.append(try table(key + ["starts"]) { taps().starts })
      tables.append(try table(key + ["places"]) { taps().places })
      tables.append(try table(key + ["weights"]) { taps().weights })
    }
    let strip = Strip(geometry.channels, of: shape)
    let items = y.shape.count / (to.width * geometry.channels) * strip.items(to.width)
    try run(
      "resample", of: "resampling", macros: strip.macros,
      ([x, y] + tables).map { .array($0) } + [
        .ints([items, geometry.channels, from.height, from.width, to.height, to.width])
      ], items: items, group: shape.group)
  }
}
