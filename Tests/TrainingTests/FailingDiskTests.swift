import Glibc
import MartletData
import MartletTestSupport
import Synchronization
import Testing

/// A disk that fails at any one call, or from any call on: the file is as it was, and the error says which and why.
struct FailingDiskTests {
  /// Counts the calls of the system and lets some of them fail.
  private final class Disk: Sendable {
    let calls = Mutex<[String]>([])
    private let first: Int
    private let lasts: Bool
    private let error: Int32
    private let piece: Int

    /// - Parameters:
    ///   - first: the number of the first call that fails, from 0; nil for none.
    ///   - lasts: whether those after it fail too.
    ///   - piece: the most bytes that a call writes.
    init(first: Int?, lasts: Bool = false, error: Int32 = ENOSPC, piece: Int = .max) {
      self.first = first ?? .max
      self.lasts = lasts
      self.error = error
      self.piece = piece
    }

    /// The calls that would have been made with success, and the reason that the others give.
    private func fails(_ name: String) -> Bool {
      let number = calls.withLock {
        $0.append(name)
        return $0.count - 1
      }
      guard number == first || (lasts && number > first && name != "close") else { return false }
      errno = error
      return true
    }

    var operations: FileOperations {
      var result = FileOperations()
      let real = FileOperations()
      result.open = { self.fails("open") ? -1 : real.open($0, $1, $2) }
      result.write = { descriptor, bytes, count in
        if self.fails("write") { return -1 }
        return real.write(descriptor, bytes, min(count, self.piece))
      }
      result.synchronize = { self.fails("fsync") ? -1 : real.synchronize($0) }
      // A descriptor is gone even where closing it says that the disk failed.
      result.close = { descriptor in
        let code = real.close(descriptor)
        return self.fails("close") ? -1 : code
      }
      result.rename = { self.fails("rename") ? -1 : real.rename($0, $1) }
      return result
    }
  }

  private static let reasons: [(error: Int32, text: String)] = [
    (ENOSPC, "No space left on device; make room there, or choose another place"),
    (EIO, "Input/output error; check the disk, or choose another place"),
    (EDQUOT, "Disk quota exceeded; make room there, or choose another place"),
  ]

  /// Lets every call of a writer fail, once with those after it and once alone, and asks each time whether the error is
  /// clear and the older file whole.
  private func checkEveryFailure(
    of file: FilePath, _ write: () throws -> Void, isOlder: () throws -> Void
  ) throws {
    let folder = file.removingLastComponent()
    let older = try File.read(file)
    let whole = Disk(first: nil)
    try FileOperations.$current.withValue(whole.operations) { try write() }
    let calls = whole.calls.withLock { $0 }
    #expect(try File.read(file) != older)
    // The file is replaced by the last rename; then the folder is opened and synchronized.
    let replaced = try #require(calls.lastIndex(of: "rename"))
    #expect(Array(calls[(replaced + 1)...]) == ["open", "fsync", "close"])
    try File.write(older, to: file)

    for (error, text) in Self.reasons {
      for lasts in [false, true] {
        for number in 0...replaced {
          let disk = Disk(first: number, lasts: lasts, error: error)
          let thrown = #expect(throws: FileError.self) {
            try FileOperations.$current.withValue(disk.operations) { try write() }
          }
          let call = disk.calls.withLock { $0[number] }
          let what =
            switch call {
            case "open": "cannot create a file beside it"
            case "rename": "cannot replace it"
            default: "cannot write it"
            }
          #expect(thrown?.description == "\(file): \(what): \(text)", "\(call), call \(number)")
          #expect(try File.read(file) == older, "\(call), call \(number)")
          #expect(try entries(of: folder).allSatisfy { !$0.hasSuffix(".partial") }, "\(call), call \(number)")
        }
        try isOlder()
        // What fails after the rename is the folder's way to the disk; the new file stands whole.
        for number in replaced + 1..<calls.count {
          let disk = Disk(first: number, lasts: lasts, error: error)
          try FileOperations.$current.withValue(disk.operations) { try write() }
          #expect(try File.read(file) != older)
          try File.write(older, to: file)
        }
      }
    }
  }

  private func entries(of folder: FilePath) throws -> [String] {
    let stream = try #require(opendir(folder.string))
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names
  }

  private let data = Shapes.dataset(count: 6, height: 12, width: 12, channels: 1, seed: 9)

  private func model() throws -> Sequential {
    let model = Sequential {
      Conv2D(2, kernelSize: 3, activation: .relu)
      BatchNormalization()
      Flatten()
      Dense(10)
    }
    try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
    return model
  }

  @Test func theOlderCheckpointStaysAndRestores() throws {
    let file = try temporaryFolder().appending("checkpoint.safetensors")
    let (model, optimizer) = (try model(), Adam())
    var state = TrainingState()
    func train(_ steps: Int) throws {
      try model.fit(
        data, epochs: 9, batchSize: 3, steps: steps, optimizer: optimizer, from: state,
        callbacks: [Listener { event, training in if case .ended = event { state = training.state } }])
    }
    try train(1)
    try Checkpoint.write(model, optimizer, state, to: file)
    let before = try model.weightsHash()
    try train(3)
    try checkEveryFailure(of: file) {
      try Checkpoint.write(model, optimizer, state, to: file)
    } isOlder: {
      let checkpoint = try Checkpoint(from: file)
      let (restored, other) = (try self.model(), Adam())
      try checkpoint.restore(restored, other)
      #expect(try restored.weightsHash() == before && other.steps == 1 && checkpoint.state.steps == 1)
    }
  }

  @Test func theOlderWeightsStay() throws {
    let file = try temporaryFolder().appending("weights.safetensors")
    let model = try model()
    try model.save(to: file)
    let before = try model.weightsHash()
    try model.fit(data, batchSize: 3, steps: 1, optimizer: Adam())
    try checkEveryFailure(of: file) {
      try model.save(to: file)
    } isOlder: {
      let loaded = try self.model()
      try loaded.load(from: file)
      #expect(try loaded.weightsHash() == before)
    }
  }

  private func settings(seed: UInt64) -> RunConfiguration {
    var configuration = RunConfiguration()
    (configuration.data, configuration.seed) = ("shapes", seed)
    (configuration.input, configuration.classNames) = ([28, 28, 1], ["a", "b"])
    return configuration
  }

  @Test func theOlderHistoryAndConfigurationStay() throws {
    let run = RunFolder(try temporaryFolder())
    let history = try model().fit(data, validation: data, epochs: 2, batchSize: 3, optimizer: Adam())
    for (file, count) in zip(run.historyFiles, [2, 1]) {
      try HistoryFile(file).write(Array(history[..<1]))
      try checkEveryFailure(of: file) {
        try HistoryFile(file).write(history)
      } isOlder: {
        let lines = try File.read(file).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == count)
      }
    }
    try run.write(settings(seed: 1))
    try checkEveryFailure(of: run.configurationFile) {
      try run.write(settings(seed: 2))
    } isOlder: {
      let seed = try run.configuration().seed
      #expect(seed == 1)
    }
  }

  /// A run that would take the place of an older one, and cannot even write its configuration, takes nothing away.
  @Test func anOlderRunStaysWhereANewOneCannotBegin() throws {
    let run = RunFolder(try temporaryFolder())
    let others = [run.checkpointFile, run.bestFile, run.weightsFile] + run.historyFiles
    func make() throws {
      try run.write(settings(seed: 1))
      for file in others { try File.write([1, 2, 3], to: file) }
    }
    try make()
    for call in ["open", "write", "fsync", "close"] {
      let number = try #require(["open", "write", "fsync", "close"].firstIndex(of: call))
      let disk = Disk(first: number, lasts: true)
      #expect(throws: FileError.self) {
        try FileOperations.$current.withValue(disk.operations) { try run.create(settings(seed: 2)) }
      }
      #expect(disk.calls.withLock { $0[number] } == call)
      #expect(try run.configuration().seed == 1)
      for file in others { #expect(try File.read(file) == [1, 2, 3]) }
    }
    try run.create(settings(seed: 2))
    #expect(try run.configuration().seed == 2)
    for file in others { #expect(!File.exists(file)) }
  }

  /// The system may take fewer bytes than it is given, or be interrupted before it takes any.
  @Test func shortWritesAndInterruptionsLoseNothing() throws {
    let file = try temporaryFolder().appending("data")
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for piece in [1, 7, 999, 1000] {
      let disk = Disk(first: nil, piece: piece)
      try FileOperations.$current.withValue(disk.operations) { try File.write(bytes, to: file) }
      #expect(try File.read(file) == bytes)
      #expect(disk.calls.withLock { $0.count { $0 == "write" } } == (bytes.count + piece - 1) / piece)
    }
    for number in 0..<4 {
      let disk = Disk(first: number, error: EINTR, piece: 500)
      try FileOperations.$current.withValue(disk.operations) { try File.write(bytes, to: file) }
      #expect(try File.read(file) == bytes)
    }
    var stuck = FileOperations()
    stuck.write = { _, _, _ in 0 }
    let error = #expect(throws: FileError.self) {
      try FileOperations.$current.withValue(stuck) { try File.write([1], to: file) }
    }
    #expect(
      error?.description
        == "\(file): cannot write it: Input/output error; check the disk, or choose another place")
    #expect(try File.read(file) == bytes)
  }
}
