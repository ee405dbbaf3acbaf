import Synchronization

/// The parameters, states and layers of a model with their names, as reflection finds them.
public final class ModelStructure: @unchecked Sendable {
  /// In the order of the stored properties; a parameter that is used in two places stands once, under its first name.
  public let parameters: [Parameter]
  public let states: [State]
  /// The model and the layers in it.
  public var layers: [any Layer] { (model.map { [$0] } ?? []) + innerLayers }
  /// The model itself is not held, so that it can go when nobody else holds it.
  private let innerLayers: [any Layer]
  fileprivate weak var model: (any Layer)?
  /// The path and type of each layer by its identity; the model itself has the empty path.
  private let labels: [ObjectIdentifier: LayerLabel]

  private init(walking model: any Layer) {
    var walk = Walk()
    walk.visit(model, path: "")
    parameters = walk.parameters
    states = walk.states
    innerLayers = Array(walk.layers.dropFirst())
    labels = walk.labels
    self.model = model
    for (parameter, name) in zip(parameters, walk.parameterNames) where parameter.cell == nil {
      parameter.name = name
    }
    for (state, name) in zip(states, walk.stateNames) where state.cell == nil { state.name = name }
    names = walk.parameterNames
    stateNames = walk.stateNames
  }

  /// The names of the parameters and states in this model.
  public let names: [String]
  public let stateNames: [String]

  func label(of layer: any Layer) -> LayerLabel? { labels[ObjectIdentifier(layer)] }

  func contains(_ variable: Variable) -> Bool {
    parameters.contains { $0 === variable } || states.contains { $0 === variable }
  }

  var isBuilt: Bool { parameters.allSatisfy { $0.cell != nil } && states.allSatisfy { $0.cell != nil } }

  /// Runs a closure with this model's names at hand.
  func use<R>(_ body: () throws -> R) rethrows -> R {
    var context = ModelContext.current
    context.structure = self
    return try context.run(body)
  }

  /// Whether the model called a layer that the walk did not find: its properties have changed.
  private let isOutdated = Atomic<Bool>(false)
  func noteStranger() { isOutdated.store(true, ordering: .relaxed) }

  private static let known = Mutex<[ObjectIdentifier: ModelStructure]>([:])

  /// The structure of a model: walked once, and again when it is built anew or has called a layer that is new to it.
  public static func of(_ model: any Layer) -> ModelStructure {
    let key = ObjectIdentifier(model)
    if let structure = known.withLock({ $0[key] }), structure.model === model,
      !structure.isOutdated.load(ordering: .relaxed)
    {
      return structure
    }
    return refresh(model)
  }

  @discardableResult
  static func refresh(_ model: any Layer) -> ModelStructure {
    let structure = ModelStructure(walking: model)
    known.withLock { known in
      known = known.filter { $0.value.model != nil }
      known[ObjectIdentifier(model)] = structure
    }
    return structure
  }
}

/// The walk through stored properties.
private struct Walk {
  var parameters: [Parameter] = []
  var parameterNames: [String] = []
  var states: [State] = []
  var stateNames: [String] = []
  var layers: [any Layer] = []
  var labels: [ObjectIdentifier: LayerLabel] = [:]
  private var seen: Set<ObjectIdentifier> = []

  mutating func visit(_ value: Any, path: String) {
    switch value {
    case let parameter as Parameter:
      if seen.insert(ObjectIdentifier(parameter)).inserted {
        parameters.append(parameter)
        parameterNames.append(path)
      }
    case let state as State:
      if seen.insert(ObjectIdentifier(state)).inserted {
        states.append(state)
        stateNames.append(path)
      }
    case is Tensor, is HostArray: break
    case let layer as any Layer:
      guard seen.insert(ObjectIdentifier(layer)).inserted else { return }
      layers.append(layer)
      labels[ObjectIdentifier(layer)] = LayerLabel(path: path, type: "\(type(of: layer))")
      visitProperties(of: layer, path: path)
    default:
      // Objects may refer to each other in circles.
      if type(of: value) is AnyClass && !seen.insert(ObjectIdentifier(value as AnyObject)).inserted { return }
      visitProperties(of: value, path: path)
    }
  }

  private mutating func visitProperties(of value: Any, path: String) {
    var mirror: Mirror? = Mirror(reflecting: value)
    if mirror?.displayStyle == .dictionary {
      visitDictionary(value, path: path)
      return
    }
    let isOptional = mirror?.displayStyle == .optional
    while let current = mirror {
      for (position, child) in current.children.enumerated() {
        let label = isOptional ? nil : child.label ?? String(position)
        visit(child.value, path: [path, label ?? ""].filter { !$0.isEmpty }.joined(separator: "."))
      }
      mirror = current.superclassMirror
    }
  }

  private mutating func visitDictionary(_ value: Any, path: String) {
    let pairs = Mirror(reflecting: value).children.map { child -> (key: String, value: Any) in
      let pair = Array(Mirror(reflecting: child.value).children)
      return ("\(pair[0].value)", pair[1].value)
    }
    for pair in pairs.sorted(by: { $0.key < $1.key }) {
      visit(pair.value, path: path.isEmpty ? pair.key : "\(path).\(pair.key)")
    }
  }
}

extension Layer {
  /// The parameters with their dotted names.
  public var parameters: [(name: String, parameter: Parameter)] {
    let structure = ModelStructure.of(self)
    return Array(zip(structure.names, structure.parameters)).map { (name: $0, parameter: $1) }
  }

  /// The states with their dotted names.
  public var states: [(name: String, state: State)] {
    let structure = ModelStructure.of(self)
    return Array(zip(structure.stateNames, structure.states)).map { (name: $0, state: $1) }
  }

  /// The number of trained numbers.
  public var parameterCount: Int {
    ModelStructure.of(self).parameters.reduce(0) { $0 + ($1.shape?.count ?? 0) }
  }
}
