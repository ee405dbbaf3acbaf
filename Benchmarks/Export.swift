import ArgumentParser
import Martlet

/// A data set for other frameworks to read.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a data set as train.npz and test.npz: images, labels, and masks where there are any.")
  @Option(help: "The data set, as the command train has it.") var data = "fashion-scenes"
  @Argument(help: "The folder to write to.") var folder: String

  func run() throws {
    let source = try DataSource(name: data)
    try File.createFolder(FilePath(folder))
    for part in DatasetPart.allCases {
      let data = try source.load(part, size: [64, 64, 1])
      let all = data.batch(0..<data.count)
      var arrays = ["images": all.images, "labels": all.labels]
      arrays["masks"] = all.masks
      try NumPyArchive.write(arrays, to: FilePath(folder).appending("\(part).npz"))
    }
  }
}
