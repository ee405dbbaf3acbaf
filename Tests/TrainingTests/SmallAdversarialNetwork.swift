import MartletTestSupport

/// A generator of 12x12x1 and its discriminator, small and built.
func smallAdversarialNetwork() throws -> AdversarialNetwork {
  let network = AdversarialNetwork(
    generator: Sequential {
      Dense(144, activation: .tanh)
      Reshape([12, 12, 1])
    },
    discriminator: Sequential {
      Conv2D(4, kernelSize: 3, strides: 2)
      LeakyReLU()
      Flatten()
      Dense(1)
    }, latentSize: 5)
  try withContext(seed: 2) { try network.build(input: [12, 12, 1]) }
  return network
}
