import FoundationEssentials
import Martlet

/// One JSON object on a line of standard output, its keys in snake case.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  Terminal.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
}
