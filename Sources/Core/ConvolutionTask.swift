/// What there is a choice of ways for: one pass over one geometry. Its text can be read back:
///
///     forward 8x56x56x64 -> 56x56x64, kernel 3x3, strides 1x1, dilation 1x1, padding 1x1, groups 1
///
/// x and y are those of the convolution in every pass; `padding` is what stands before x.
public struct ConvolutionTask: Hashable, Sendable, LosslessStringConvertible {
  public var pass: ConvolutionPass
  public var geometry: ConvolutionGeometry

  public init(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) {
    self.pass = pass
    self.geometry = geometry
  }

  private static let passNames: KeyValuePairs<ConvolutionPass, String> = [
    .forward: "forward", .backwardData: "backward-data", .backwardKernel: "backward-kernel",
  ]

  public var description: String {
    let g = geometry
    func sizes(_ extent: Extent) -> String {
      (3 - g.spatialRank..<3).map { "\(extent[$0])" }.joined(separator: "x")
    }
    let name = Self.passNames.first { $0.key == pass }?.value ?? ""
    return "\(name) \(g.batch)x\(sizes(g.input))x\(g.inputChannels) -> \(sizes(g.output))x\(g.outputChannels)"
      + ", kernel \(sizes(g.kernel)), strides \(sizes(g.strides)), dilation \(sizes(g.dilation))"
      + ", padding \(sizes(g.paddingBefore)), groups \(g.groups)"
  }

  public init?(_ text: String) {
    guard let pass = Self.passNames.first(where: { text.hasPrefix($0.value + " ") })?.key else { return nil }
    var numbers = text.split { !("0"..."9").contains($0) }.compactMap { Int($0) }[...]
    // Batch, groups, two numbers of channels, and six extents.
    let rank = (numbers.count - 4) / 6
    guard (1...3).contains(rank), numbers.count == 6 * rank + 4 else { return nil }
    func extent(filler: Int) -> Extent {
      defer { numbers = numbers.dropFirst(rank) }
      return Extent(Array(numbers.prefix(rank)), filler: filler)
    }
    let batch = numbers.removeFirst()
    let input = extent(filler: 1)
    let inputChannels = numbers.removeFirst()
    let output = extent(filler: 1)
    let outputChannels = numbers.removeFirst()
    let (kernel, strides, dilation) = (extent(filler: 1), extent(filler: 1), extent(filler: 1))
    self.init(
      pass,
      ConvolutionGeometry(
        spatialRank: rank, batch: batch, input: input, output: output, kernel: kernel, strides: strides,
        dilation: dilation, paddingBefore: extent(filler: 0), inputChannels: inputChannels,
        outputChannels: outputChannels, groups: numbers.removeFirst()))
    guard description == text else { return nil }
  }
}
