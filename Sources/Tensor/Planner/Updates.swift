/// Updates in the middle of a program: a gradient that nobody but its parameter's update needs lies in the arena only
/// until then, instead of beside all others until the program ends.
extension Program {
  struct Update {
    /// The position of the gradient among the results.
    var result: Int
    /// The value of the parameter, which the update overwrites; -1 where no step reads it.
    var parameter: Int
  }

  /// The step after which each update happens: the gradient is made, nobody reads the parameter any more, and what has
  /// to be known before, such as whether the loss is a number, is there.
  func updateSteps() -> [Int] {
    var makers = [Int](repeating: -1, count: values.count)
    var lastReaders = makers
    for (index, step) in steps.enumerated() {
      for output in step!.outputs { makers[output.value] = index }
      for input in step!.inputs { lastReaders[input.value] = index }
    }
    let first = beforeUpdates.map { makers[$0] }.max() ?? -1
    return updates.map { update in
      max(first, makers[results[update.result]], update.parameter < 0 ? -1 : lastReaders[update.parameter])
    }
  }
}
