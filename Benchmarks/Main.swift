import ArgumentParser
import MartletTool

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet-bench", abstract: "Tables of speed.",
    subcommands: [
      PeakCommand.self, GemmCommand.self, ConvolutionCommand.self, WinogradCommand.self, ElementsCommand.self,
      ScalingCommand.self, DeviceCommand.self, HostCommand.self, MemoryCommand.self, CasesCommand.self,
      ServeCommand.self,
      ProductsCommand.self, ExportCommand.self, ToolCommand.self,
    ] + pictures)

  private static var pictures: [any ParsableCommand.Type] {
    #if Imaging
      [PicturesCommand.self]
    #else
      []
    #endif
  }
}

/// One program for two, where every megabyte is carried to a machine.
struct ToolCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet", abstract: "What the command martlet does.")
  @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

  func run() { MartletCommand.start(arguments) }
}
