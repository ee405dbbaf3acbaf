import MartletDefinitions
import Testing

/// One of each kind as large as in networks.
@Suite struct LargeTests {
  @Test(arguments: Trial.large)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }
}
