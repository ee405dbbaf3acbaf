import ArgumentParser

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet-bench", abstract: "Tables of speed.",
    subcommands: [
      PeakCommand.self, GemmCommand.self, ConvolutionCommand.self, WinogradCommand.self, ElementsCommand.self,
      ScalingCommand.self, HostCommand.self, MemoryCommand.self, CasesCommand.self, ServeCommand.self,
      ProductsCommand.self,
    ])
}
