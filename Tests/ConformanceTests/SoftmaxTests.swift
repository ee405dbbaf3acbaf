import MartletCore
import MartletDefinitions
import Testing

@Suite struct SoftmaxTests {
  @Test(arguments: Trial.softmax)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

  /// What is no number stays so, in its own row only; a row whose label is no class counts as nothing nevertheless.
  @Test(arguments: DevicePair.all, [3, 33])
  func invalidLogits(pair: DevicePair, classes: Int) throws {
    var values = [Float](repeating: 1, count: 5 * classes)
    values[1 * classes] = .nan
    values[2 * classes + 1] = .infinity
    values[3 * classes] = .nan
    let x = HostArray(values, shape: [5, classes])
    let labels = HostArray([0, 1, 1, -1, 2] as [Int32])
    let losses = try pair.run(.softmaxCrossEntropy, [x, labels], output: [5])
    #expect(losses.map(\.isNaN) == [false, true, true, false, false])
    #expect(losses[3] == 0)
    let dlosses = HostArray([1, 1, 1, 1, 1] as [Float])
    let dx = try pair.run(.softmaxCrossEntropyBackward, [x, labels, dlosses], output: x.shape)
    #expect(dx[3 * classes..<4 * classes].allSatisfy { $0 == 0 })
    #expect(dx[(4 * classes)...].allSatisfy { !$0.isNaN })
    let y = try pair.run(.softmax(logarithm: false), [x], output: x.shape)
    #expect(y[classes..<2 * classes].allSatisfy { $0.isNaN } && y[2 * classes + 1].isNaN)
    #expect(y[..<classes].allSatisfy { !$0.isNaN } && y[(4 * classes)...].allSatisfy { !$0.isNaN })
  }
}
