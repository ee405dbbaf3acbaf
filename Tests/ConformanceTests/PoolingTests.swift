import MartletDefinitions
import Testing

@Suite struct PoolingTests {
  @Test(arguments: Trial.pooling)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }
}
