import ArgumentParser
import Martlet

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "martlet-bench")
}
