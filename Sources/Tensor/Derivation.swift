import Synchronization

/// What a derivative recorded in a scope, kept for the next scope with the same records before it.
///
/// The rules of derivatives are functions of the operations and shapes that were recorded, and of nothing else. So what
/// they record is the same as the last time wherever those are, and is appended as it stands: a training step derives
/// its backward pass once. Only the layers and lines that errors speak of are taken from the records of this time.
final class Derivation: @unchecked Sendable {
  /// Positions of what is differentiated, of the gradients to begin with, and of what is differentiated by.
  struct Question: Equatable {
    var ys: [Int32]
    var seeds: [Int32]
    var sources: [Int32]
    /// Whether the sources count as independent of each other, so that nothing flows through one to another.
    var isPartial: Bool
    /// What is recorded again where gradients are taken of it.
    var segments: [Segment]
  }

  private let question: Question
  /// All records of the scope up to the end of the derivative, without arrays.
  let list: RecordList
  /// How many of them were there before the derivative.
  private let start: Int
  /// The record from which each record of the derivative has its layer and line.
  private let origins: [Int32]
  /// The answer: the position of each source's gradient, nil where there is none.
  let gradients: [Int32?]

  private init(
    _ question: Question, _ list: RecordList, start: Int, origins: [Int32], gradients: [Int32?]
  ) {
    self.question = question
    self.list = list
    self.start = start
    self.origins = origins
    self.gradients = gradients
  }

  private static let known = Mutex<[UInt64: [Derivation]]>([:])
  private static let capacity = 64

  /// Appends the derivative to a scope where it is known.
  static func known(_ question: Question, in list: inout RecordList) -> Derivation? {
    let candidates = known.withLock { $0[list.structure.value] } ?? []
    let found = candidates.first { candidate in
      candidate.question == question
        && candidate.list.firstDifference(from: list, count: candidate.start) == nil
    }
    if let found { list.append(found, origins: found.origins) }
    return found
  }

  /// Keeps the derivative that a scope has at its end, from the record on for which `before` was the list.
  static func remember(
    _ question: Question, before: RecordList, in list: RecordList, origins: [Int32],
    gradients: [Int32?]
  ) {
    // An array that a rule made is part of its answer, and its value is not kept here.
    guard list.values[before.records.count...].allSatisfy({ $0 == nil }) else { return }
    let derivation = Derivation(
      question, list.withoutValues(), start: before.records.count, origins: origins, gradients: gradients)
    known.withLock { known in
      // Ever new shapes must not fill the memory.
      if known.count >= capacity { known.removeAll() }
      known[before.structure.value, default: []].append(derivation)
    }
  }
}
