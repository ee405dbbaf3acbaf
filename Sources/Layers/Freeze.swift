extension Layer {
  /// Takes the parameters whose names the closure picks out of training: no gradients are taken of them, and optimizers
  /// leave them and their moments as they are.
  ///
  /// ```swift
  /// model.freeze { $0.hasPrefix("layers.0.") }
  /// ```
  /// - Returns: the names of the parameters that were picked.
  @discardableResult
  public func freeze(where names: (String) -> Bool = { _ in true }) -> [String] {
    setTrainable(false, where: names)
  }

  /// Gives parameters that were frozen back to training.
  @discardableResult
  public func unfreeze(where names: (String) -> Bool = { _ in true }) -> [String] {
    setTrainable(true, where: names)
  }

  private func setTrainable(_ isTrainable: Bool, where names: (String) -> Bool) -> [String] {
    let picked = parameters.filter { names($0.name) }
    for (_, parameter) in picked { parameter.isTrainable = isTrainable }
    return picked.map(\.name)
  }
}
