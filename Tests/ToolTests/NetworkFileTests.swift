import MartletTestSupport
import Testing

/// Networks that a file of settings describes.
@Suite struct NetworkFileTests {
  private func train(_ settings: String, _ arguments: String...) throws -> (command: Command, file: FilePath)
  {
    let file = try temporaryFolder().appending("settings.json5")
    try File.write(Array(settings.utf8), to: file)
    return (try Command(["train", "--config", file.string] + arguments), file)
  }

  @Test func aDescribedNetworkIsThatOfTheCatalog() throws {
    let run = try temporaryFolder().appending("run")
    let (described, _) = try train(
      """
      {
        data: 'shapes', steps: 2, batchSize: 8,
        layers: [  // the lectures' network
          {layer: 'Conv2D', filters: 32, kernelSize: 3, activation: 'relu'}, 'MaxPool2D',
          {layer: 'Conv2D', filters: 64, kernel_size: [3, 3], activation: 'relu'}, {layer: 'MaxPool2D', poolSize: 2},
          'Flatten', {layer: 'Dense', units: 1024, activation: 'relu'}, {layer: 'Dense', units: 10},
        ],
      }
      """, "--output", run.string, "--json")
    let known = try Command("train", "--data", "shapes", "--steps", "2", "--batch-size", "8", "--json")
    func hash(_ command: Command) -> Substring? {
      command.lines.last?.split(separator: "\"weights_sha256\":").last
    }
    #expect(described.status == 0 && hash(described) == hash(known), "\(described.errors)")
    // The folder knows its network.
    #expect(try hash(Command("train", "--resume", run.string, "--json")) == hash(known))
    #expect(try Command("evaluate", "--run", run.string).lines[0].hasPrefix("custom on 2,000 test pictures"))
  }

  @Test(arguments: [
    (
      "[{layer: 'Conv2D', filters: 8, filter_size: 3}]",
      "layers.0 (Conv2D): there is no option of Conv2D called filter_size; it is called kernelSize"
    ),
    (
      "[{layer: 'Conv2D', filters: 8, kernelSize: 3, stride: 2}]",
      "layers.0 (Conv2D): there is no option of Conv2D called stride; there are filters, kernelSize, strides, padding, "
        + "dilationRate, groups, activation, useBias. Did you mean strides?"
    ),
    (
      "['Flatten', {layer: 'Dense', units: 0}]",
      "layers.1 (Dense): units of Dense is a whole number above 0; received 0"
    ),
    (
      "['Flatten', {layer: 'Dense', units: 4}]",
      "the network gives 4 numbers for each picture; the data has 10 classes. End it in {layer: 'Dense', units: 10}"
    ),
    (
      "['Flatten', 'Dense']", "layers.1 (Dense): Dense needs units, a whole number above 0"
    ),
    ("[]", "a network has at least one layer; the list is empty"),
  ])
  func aMistakeNamesTheLayer(_ layers: String, _ message: String) throws {
    let (command, _) = try train("{data: 'shapes', steps: 1, layers: \(layers)}")
    #expect(command.status == 1)
    #expect(command.errors == "martlet: \(message)\n")
  }

  @Test func aListThatIsNoneSaysWhatALayerLooksLike() throws {
    let (command, file) = try train("{data: 'shapes', layers: [3]}")
    #expect(
      command.errors.hasPrefix("martlet: \(file): is not a file of settings: layers.0"), "\(command.errors)")
    let (both, other) = try train("{data: 'shapes', layers: ['Flatten']}", "--model", "unet")
    #expect(both.errors == "martlet: the network is unet or that of the layers in \(other); leave one out\n")
  }
}
