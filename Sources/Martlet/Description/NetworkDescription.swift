import MartletLayers

/// A network as a list of layers by Keras's names and keywords, as a file of settings holds it.
///
/// ```
/// [{layer: 'Conv2D', filters: 32, kernelSize: 3, activation: 'relu'}, 'MaxPool2D', 'Flatten', {layer: 'Dense', units: 10}]
/// ```
public struct NetworkDescription: Codable, Sendable, Equatable {
  private let layers: [Entry]

  /// A layer: its name, or an object of its name and its keywords.
  fileprivate struct Entry: Codable, Sendable, Equatable {
    let name: String
    let keywords: [String: OptionValue]
  }

  public init(from decoder: any Decoder) throws {
    layers = try decoder.singleValueContainer().decode([Entry].self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(layers)
  }

  /// The network, which is not built yet.
  ///
  /// - Throws: `ShapeError` that names the layer, for names and keywords that there are not, with the nearest ones, and
  ///   for values that they cannot have.
  public func network() throws -> any Layer {
    guard !layers.isEmpty else { throw ShapeError("a network has at least one layer; the list is empty") }
    return Sequential(
      try layers.enumerated().map { index, entry in
        let keywords = Keywords(of: entry.name, entry.keywords)
        do {
          let layer = try LayersByName.layer(keywords)
          try keywords.checkAllRead()
          return layer
        } catch { throw ShapeError("\(error)", layer: "layers.\(index) (\(entry.name))") }
      })
  }
}

extension NetworkDescription.Entry {
  private static let nameKey = "layer"

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let name = try? container.decode(String.self) {
      self.init(name: name, keywords: [:])
      return
    }
    var keywords = try container.decode([String: OptionValue].self)
    guard case .string(let name) = keywords.removeValue(forKey: Self.nameKey) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "each layer is a name, or an object as {layer: 'Dense', units: 10}")
    }
    self.init(name: name, keywords: keywords)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(keywords.merging([Self.nameKey: .string(name)]) { $1 })
  }
}
