import MartletDefinitions
import Testing

/// What other kernels compute for long rows of one channel and for few rows by a large matrix. A case for each, since
/// simulated ones take their time; the suites of their primitives have more.
@Suite struct NarrowProductTests {
  @Test(arguments: [
    (Trial.convolution, "forward 1x21x70x1 -> 19x68x1, kernel 3x3, "), (Trial.gemm, "2x4200x520"),
  ])
  func matchesTheDefinition(_ trials: [Trial], _ description: String) throws {
    try expectDefined(#require(trials.first { "\($0)".hasPrefix(description) }))
  }
}
