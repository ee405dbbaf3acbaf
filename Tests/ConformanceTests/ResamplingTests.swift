import MartletCore
import MartletDefinitions
import Testing

@Suite struct ResamplingTests {
  @Test(arguments: Trial.resampling)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

  /// What a pixel does not weigh is not touched: no number next to it stays without effect.
  @Test(arguments: DevicePair.all)
  func sameSizeCopies(pair: DevicePair) throws {
    let x = HostArray([1, .nan, .infinity, 4] as [Float], shape: [1, 2, 2, 1])
    for interpolation in [Interpolation.nearest, .bilinear] {
      let geometry = Resampling(interpolation, input: [1, 2, 2, 1], height: 2, width: 2)
      let y = try pair.run(.resampling(.forward, geometry), [x], output: [1, 2, 2, 1])
      #expect(y[0] == 1 && y[1].isNaN && y[2] == .infinity && y[3] == 4)
    }
  }
}
