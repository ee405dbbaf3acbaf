import MartletData
import MartletModels
import MartletTraining

/// The networks that the command knows by name.
public enum Catalog {
  public struct Entry: Sendable {
    public let name: String
    /// One line for people.
    public let summary: String
    /// Height, width and channels.
    public let input: Shape
    public let build: @Sendable (_ classes: Int) -> any Layer
  }

  public static let entries = [
    Entry(
      name: "basic-cnn", summary: "the lectures' network: two convolutions with pooling, two dense layers",
      input: [28, 28, 1]
    ) { basicCNN(classes: $0) },
    Entry(
      name: "resnet20", summary: "residual network of 20 layers for small pictures (He et al. 2016)",
      input: [32, 32, 3]
    ) { cifarResNet(blocksPerStage: 3, classes: $0) },
  ]

  /// The network of a name.
  ///
  /// - Throws: `NameError` with the nearest name there is.
  public static func entry(_ name: String) throws -> Entry {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    throw NameError(kind: "model", name: name, known: entries.map(\.name))
  }
}
