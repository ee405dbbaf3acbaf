/// Listens to the outputs of layers by name.
final class Capture: @unchecked Sendable {
  private let wanted: Set<String>
  private(set) var outputs: [String: Tensor] = [:]

  init(_ paths: [String]) { wanted = Set(paths) }

  func note(_ path: String, _ output: Tensor) { if wanted.contains(path) { outputs[path] = output } }
}

/// What inner layers of a model give for an input, by their paths.
///
/// ```swift
/// let features = try outputs(of: model, at: ["layers.3"], for: images)["layers.3"]!
/// ```
/// - Throws: `ShapeError` for a path that no layer has, naming those there are.
public func outputs(
  of model: any Layer, at paths: [String], for x: Tensor
) throws -> [String: Tensor] {
  let structure = ModelStructure.of(model)
  let known = Set(structure.layers.compactMap { structure.label(of: $0)?.path })
  if let stranger = paths.first(where: { !known.contains($0) }) {
    throw ShapeError(
      "no layer is called \(stranger); the model has \(known.filter { !$0.isEmpty }.sorted().joined(separator: ", "))"
    )
  }
  let capture = Capture(paths)
  return try compute {
    var context = ModelContext.current
    context.capture = capture
    _ = context.run { model(x) }
    return capture.outputs
  }
}
