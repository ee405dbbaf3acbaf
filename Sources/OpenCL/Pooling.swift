import MartletCore

extension Encoder {
  func pooling(
    _ pass: PoolingPass, _ g: PoolingGeometry, inputs: [Operand], outputs: [Operand]
  ) throws {
    let count = outputs[0].shape.count
    guard count > 0 else { return }
    let extents = [g.input, g.output, g.window, g.strides, g.paddingBefore]
    let window = Argument.ints(
      [count, g.channels, g.kind == .averageWithPadding ? 1 : 0]
        + extents.flatMap { [$0.depth, $0.height, $0.width] })
    let name =
      switch (pass, g.kind) {
      case (.forward, .max): "poolMaximum"
      case (.forward, _): "poolAverage"
      case (.backward, .max): "poolMaximumBackward"
      case (.backward, _): "poolAverageBackward"
      case (.pick, _): "poolPick"
      }
    try run(name, of: "pooling", (inputs + outputs).map { .array($0) } + [window], items: count)
  }
}
