import MartletCore

extension Encoder {
  func pooling(
    _ pass: PoolingPass, _ g: PoolingGeometry, inputs: [Operand], outputs: [Operand]
  ) throws {
    guard outputs[0].shape.count > 0 else { return }
    let strip = Strip(g.channels, of: shape)
    let result = pass == .backward ? g.input : g.output
    let rows = outputs[0].shape.count / (result.width * g.channels)
    let items = rows * strip.items(result.width)
    let extents = [g.input, g.output, g.window, g.strides, g.paddingBefore]
    let window = Argument.ints(
      [items, g.channels, g.kind == .averageWithPadding ? 1 : 0]
        + extents.flatMap { [$0.depth, $0.height, $0.width] })
    let name =
      switch (pass, g.kind) {
      case (.forward, .max): "poolMaximum"
      case (.forward, _): "poolAverage"
      case (.backward, .max): "poolMaximumBackward"
      case (.backward, _): "poolAverageBackward"
      case (.pick, _): "poolPick"
      }
    try run(
      name, of: "pooling", macros: strip.macros, (inputs + outputs).map { .array($0) } + [window],
      items: items, group: shape.group)
  }
}
