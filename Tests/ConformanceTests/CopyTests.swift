import MartletDefinitions
import Testing

@Suite struct CopyTests {
  @Test(arguments: Trial.copy)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }
}
