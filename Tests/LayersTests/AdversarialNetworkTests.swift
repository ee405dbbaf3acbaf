import MartletTestSupport
import Testing

struct AdversarialNetworkTests {
  private func network() throws -> AdversarialNetwork {
    let network = AdversarialNetwork(
      generator: Dense(3, activation: .tanh), discriminator: Dense(1), latentSize: 4)
    try network.build(input: [3])
    return network
  }

  @Test func prints() throws {
    let text = """
      AdversarialNetwork(
        generator: Dense(3, activation: .tanh),
        discriminator: Dense(1),
        latentSize: 4)
      """
    #expect("\(try network())" == text)
    #expect(try network().parameters.map(\.name).sorted().last == "generator.kernel")
    #expect(try network().parameterCount == 4 * 3 + 3 + 3 + 1)
  }

  /// The logits of the pictures, and after them those of as many generated ones.
  @Test func judgesPicturesAndGeneratedOnes() throws {
    let network = try network()
    let x = samples([2, 3], seed: 1)
    let logits = try withContext(seed: 6) { try compute { network(x) } }
    let parts = try withContext(seed: 6) {
      try compute { [network.discriminator(x), network.discriminator(network.generator(network.noise(2)))] }
    }
    #expect(mismatch(logits, parts.flatMap { [Float]($0) }.map(Double.init), shape: [4, 1]) == nil)
  }
}
