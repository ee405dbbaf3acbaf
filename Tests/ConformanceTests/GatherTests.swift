import MartletDefinitions
import Testing

@Suite struct GatherTests {
  @Test(arguments: Trial.gather)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }
}
