import Glibc
import MartletTestSupport
import Synchronization
import Testing

/// Ten thousand damaged files of each format: every one is read, or refused with an error of ours. None ends the
/// process, none takes memory that its bytes could not fill, none takes seconds.
///
/// Each format has a process of its own, so that a trap is a failed test, and the peak of memory is the format's.
/// MARTLET_MUTATIONS is another number of files, MARTLET_MUTATED the beginnings of the names of the only formats: see
/// `make fuzz`.
struct MutationTests {
  static let count = environmentVariable("MARTLET_MUTATIONS").flatMap { Int($0) } ?? 10_000
  static let names = formats.map(\.name).filter { name in
    environmentVariable("MARTLET_MUTATED").map { wanted in
      wanted.split(separator: ",").contains { name.hasPrefix($0) }
    } ?? true
  }

  @Test(.timeLimit(.minutes(10)), arguments: names) func everyMutationIsReadOrRefused(name: String)
    async throws
  {
    let folder = try temporaryFolder()
    let notes = folder.appending("notes")
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      [name = name as String, notes = notes.string as String] in
      // What stands there last is the mutation that ended the process, and what the process said about it.
      dup2(open(notes, O_WRONLY | O_CREAT | O_APPEND, 0o600), STDERR_FILENO)
      try MutationTests.run(MutationTests.formats.first { $0.name == name }!)
    }
    if let result {
      print(String(decoding: result.standardOutputContent, as: UTF8.self), terminator: "")
    } else {
      let said = String(decoding: try File.read(notes), as: UTF8.self).split(separator: "\n")
      let last = said.lastIndex { Int($0) != nil }
      let format = Self.formats.first { $0.name == name }!
      let bytes = try last.map { try format.prepare().make(Int(said[$0])!) } ?? []
      Issue.record(
        """
        \(name), mutation \(last.map { said[$0] } ?? "none"): \(said[((last ?? -1) + 1)...].joined(separator: " "))
        \(String(decoding: bytes.prefix(2000), as: UTF8.self).debugDescription)
        """)
    }
    _ = system("rm -r '\(folder)'")
  }

  /// FoundationEssentials ends the process at a name in JSON5 that is not UTF-8.
  @Test func settingsThatAreNoTextAreAnError() throws {
    let folder = try temporaryFolder()
    let path = folder.appending("settings.json5")
    Self.put(Array("{bat".utf8) + [0xE3] + Array("hSize: 4}".utf8), path)
    #expect(
      message { _ = try SettingsFile(path) }
        == "\(path): is not text: byte 4 does not belong to UTF-8; save it as UTF-8")
    _ = system("rm -r '\(folder)'")
  }

  /// A format: what makes damaged files of it, and what reads them.
  struct Format: Sendable {
    let name: String
    /// Called in the format's process: the maker and the reader.
    let prepare: @Sendable () throws -> (make: (Int) throws -> [UInt8], read: ([UInt8]) throws -> Void)

    init(
      _ name: String,
      _ prepare:
        @escaping @Sendable () throws -> (
          make: (Int) throws -> [UInt8], read: ([UInt8]) throws -> Void
        )
    ) {
      self.name = name
      self.prepare = prepare
    }

    /// A format whose files are mutated as they are.
    init(
      _ name: String, _ specimens: @autoclosure @escaping @Sendable () throws -> [Specimen],
      read: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
      self.init(name) {
        let mutations = Mutations(try specimens())
        for specimen in mutations.specimens { try read(specimen.bytes) }
        return ({ mutations[$0] }, read)
      }
    }
  }

  /// What may be said about a file.
  private static func isOurs(_ error: any Error) -> Bool {
    error is FormatError || error is FileError || error is ShapeError || error is NameError
      || error is WeightsError || error is OptimizerStateError || error is MissingDatasetError
      || error is SettingsError || error is NonFiniteError
  }

  private static func run(_ format: Format) throws {
    let (make, read) = try format.prepare()
    defer { for folder in folders.withLock({ $0 }) { _ = system("rm -rf '\(folder)'") } }
    let before = peakMemory()
    var accepted = 0
    var slowest = 0
    for index in 0..<count {
      let bytes = try make(index)
      note("\(index)\n")
      let start = clock()
      defer { slowest = max(slowest, clock() - start) }
      do {
        try read(bytes)
        accepted += 1
      } catch {
        guard isOurs(error) else {
          note("\(type(of: error)) \(error)\n")
          exit(2)
        }
        let text = "\(error)"
        guard !text.isEmpty, text.utf8.count < 10_000 else {
          note("a message of \(text.utf8.count) bytes\n")
          exit(3)
        }
      }
    }
    let growth = peakMemory() - before
    // Of processor time, in the system's microseconds.
    print(
      "\(format.name): \(count) mutations, \(accepted) read, \(count - accepted) refused, \(growth >> 20) MiB more, "
        + "the slowest \(slowest / 1000) ms")
    guard slowest < 5_000_000 else {
      note("\(slowest) microseconds for one file\n")
      exit(6)
    }
    guard growth < 256 << 20 else {
      note("\(growth) bytes of memory\n")
      exit(4)
    }
    guard accepted < count else {
      note("nothing was refused\n")
      exit(5)
    }
  }

  private static func note(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// The most memory that the process ever had resident, in bytes.
  private static func peakMemory() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 200)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("VmHWM:") else { continue }
      return Int(text.split(separator: " ", omittingEmptySubsequences: true).dropLast().last ?? "0")! * 1024
    }
    return 0
  }
}

// MARK: - The formats

extension MutationTests {
  static let formats: [Format] =
    [
      Format("IDX", try idx()) { _ = try IDX.decode($0) },
      Format("IDX in gzip") {
        let (inner, outer) = (Mutations(try idx()), Mutations(try idx().map { gzip($0.bytes) }))
        return ({ $0 % 2 == 0 ? compressed(inner[$0 / 2]) : outer[$0 / 2] }, { _ = try IDX.decode($0) })
      },
      Format("gzip", [[], Array("martlet, martlet".utf8), Array(GzipTests.noise[..<200])].map(gzip)) {
        _ = try Gzip.expand($0, limit: 1 << 20)
      },
      Format("npy", npy()) { _ = try NumPy.decode($0) },
      Format("npz, stored") { archives(isCompressed: false) },
      Format("npz, deflated") { archives(isCompressed: true) },
      Format("safetensors", try safetensors()) { bytes in
        let file = try SafetensorsFile(bytes: bytes)
        for name in file.names { _ = try file.array(named: name) }
      },
      Format("safetensors, header") {
        let texts = Mutations([Specimen(text: safetensorsHeader)])
        return (
          { index in
            let text = texts[index]
            let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
            return length + text + [UInt8](repeating: 1, count: 28)
          },
          { bytes in
            let file = try SafetensorsFile(bytes: bytes)
            for name in file.names { _ = try file.array(named: name) }
          }
        )
      },
      Format(
        "CSV",
        ["a,b,label\n1,2,0\n255,3.5,1\n", "\"a\",\"b \"\"c\"\"\",\"d\"\r\n1,2,0\r\n\"3\",4,9\r\n"].map {
          Specimen(text: $0)
        }
      ) { _ = try Dataset(csv: $0, imageShape: [1, 2, 1]) },
      Format("CIFAR-10") {
        try cifar(labels: 1, "test_batch.bin") { try CIFAR10.load(.test, directory: $0) }
      },
      Format("CIFAR-100") { try cifar(labels: 2, "test.bin") { try CIFAR100.load(.test, directory: $0) } },
      Format("checkpoint") { try checkpoints() },
      Format("training state and history in a checkpoint") { try trainingStates() },
      Format("config.json") {
        try files("config.json", [runConfiguration]) { try configured(RunFolder($0)) }
      },
      Format("settings in JSON5") {
        try files("settings.json5", [settings, network, runConfiguration]) { folder in
          let settings = try SettingsFile(folder.appending("settings.json5"))
          try settings.layers?.network().build(input: [28, 28, 1])
        }
      },
      Format("index.json") { try files("index.json", [index]) { _ = try ReferenceSet($0) } },
    ] + pictureFormats

  private static func idx() throws -> [Specimen] {
    try IDXTests.arrays.map { array in
      let sizes = array.shape.sizes.indices.map {
        Specimen.Number(offset: 4 + 4 * $0, size: 4, isBigEndian: true)
      }
      return Specimen(
        try IDX.encode(array), numbers: sizes + [.init(offset: 2, size: 1), .init(offset: 3, size: 1)])
    }
  }

  /// With the fields of its header, and the checksum and the size at its end.
  private static func gzip(_ contents: [UInt8]) -> Specimen {
    let bytes = compressed(contents)
    return Specimen(
      bytes,
      numbers: [
        .init(offset: 2, size: 1), .init(offset: 3, size: 1), .init(offset: 8, size: 1),
        .init(offset: bytes.count - 8, size: 4), .init(offset: bytes.count - 4, size: 4),
      ])
  }

  private static func npy() -> [Specimen] {
    var files = NumPyTests.arrays.map(NumPy.encode)
    files += [("<f8", "(2, 1)"), (">i8", "(1, 2)"), ("|i1", "(16,)"), (">u2", "(2, 2, 2)")].map {
      type, shape in
      let order = shape.count > 6 ? "True" : "False"
      let header = Array("{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n".utf8)
      return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header
        + [UInt8](repeating: 0, count: 16)
    }
    return files.map { file in
      let end = file.firstIndex(of: UInt8(ascii: "}"))! + 1
      return Specimen(
        file, numbers: [.init(offset: 6, size: 1), .init(offset: 8, size: 2), .init(offset: 8, size: 4)],
        text: 10..<end)
    }
  }

  private static func archives(
    isCompressed: Bool
  ) -> (make: (Int) throws -> [UInt8], read: ([UInt8]) throws -> Void) {
    let (first, second) = (NumPy.encode(NumPyTests.arrays[0]), NumPy.encode(NumPyTests.arrays[3]))
    let whole = zipped([("a.npy", first), ("labels.npy", second)], isCompressed: isCompressed)
    let outer = Mutations([whole])
    let inner = Mutations(npy())
    return (
      { index in
        if index % 2 == 0 { return outer[index / 2] }
        return zipped(
          [("a.npy", inner[index / 2]), ("labels.npy", second)], isCompressed: isCompressed
        ).bytes
      },
      { bytes in
        let archive = try NumPyArchive(bytes: bytes)
        for name in archive.names { _ = try archive.array(named: name) }
      }
    )
  }

  private static func safetensors() throws -> [Specimen] {
    try [SafetensorsTests.arrays, ["a": HostArray([1, 2] as [Float]), "b": HostArray([true])]].map {
      let bytes = try Safetensors.encode($0, metadata: ["format": "pt"])
      let end = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
      return Specimen(
        bytes, numbers: [.init(offset: 0, size: 8), .init(offset: 0, size: 4), .init(offset: 0, size: 2)],
        text: 8..<end)
    }
  }

  private static let safetensorsHeader =
    #"{"__metadata__":{"format":"np"},"b":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"#
    + #""a":{"dtype":"I32","shape":[2,1],"data_offsets":[12,20]},"s":{"dtype":"F32","shape":[2,1],"data_offsets":[20,28]}}"#

  /// Files that are read by their path, in memory where the system has a place for such.
  private static func files(
    _ name: String, _ texts: [String], read: @escaping (FilePath) throws -> Void
  ) throws -> (make: (Int) throws -> [UInt8], read: ([UInt8]) throws -> Void) {
    let mutations = Mutations(texts.map { Specimen(text: $0) })
    let folder = try memoryFolder()
    let path = folder.appending(name)
    for text in texts {
      put(Array(text.utf8), path)
      try read(folder)
    }
    return (
      { mutations[$0] },
      {
        put($0, path)
        try read(folder)
      }
    )
  }

  private static func cifar(
    labels: Int, _ name: String, read: @escaping (FilePath) throws -> Dataset
  ) throws -> (make: (Int) throws -> [UInt8], read: ([UInt8]) throws -> Void) {
    let record = [UInt8](repeating: 7, count: labels) + (0..<3072).map { UInt8(truncatingIfNeeded: $0) }
    let mutations = Mutations(
      [record, record + record].map {
        Specimen($0, numbers: [.init(offset: 0, size: 1), .init(offset: labels - 1, size: 1)])
      })
    let folder = try memoryFolder()
    return (
      { mutations[$0] },
      {
        put($0, folder.appending(name))
        _ = try read(folder)
      }
    )
  }

  private static func checkpoints() throws -> (
    make: (Int) throws -> [UInt8], read: ([UInt8]) throws -> Void
  ) {
    let tiny = try TinyRun()
    let bytes = try File.read(tiny.checkpoint)
    let end = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    let mutations = Mutations([
      Specimen(
        bytes, numbers: [.init(offset: 0, size: 8), .init(offset: 0, size: 4), .init(offset: 0, size: 2)],
        text: 8..<end)
    ])
    return ({ mutations[$0] }, tiny.resume)
  }

  /// Checkpoints whose arrays are right and whose hash fits the damaged state, so that nothing but the state's own
  /// sense keeps it out; those that are let in train for another step.
  private static func trainingStates() throws -> (
    make: (Int) throws -> [UInt8], read: ([UInt8]) throws -> Void
  ) {
    let tiny = try TinyRun()
    let file = try SafetensorsFile(tiny.checkpoint)
    let arrays = try file.arrays()
    let mutations = Mutations([Specimen(text: file.metadata["state"]!)])
    let history = arrays["history"]!
    let numbers = Mutations([Specimen(history.bytes)])
    return (
      { index in
        // Words and rows in turn.
        let text =
          index % 2 == 0 ? String(decoding: mutations[index], as: UTF8.self) : file.metadata["state"]!
        var arrays = arrays
        if index % 2 == 1 {
          let width = history.shape[1]
          let bytes = numbers[index]
          arrays["history"] = HostArray(
            shape: [bytes.count / width, width], dtype: .uint8,
            bytes: Array(bytes.prefix(bytes.count / width * width)))
        }
        var hash = SHA256()
        Array(text.utf8).withUnsafeBytes { hash.update($0) }
        for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
          Array(name.utf8).withUnsafeBytes { hash.update($0) }
          array.withUnsafeBytes { hash.update($0) }
        }
        return try Safetensors.encode(
          arrays,
          metadata: ["format": file.metadata["format"]!, "state": text, "sha256": hash.hex()])
      }, tiny.resume
    )
  }

  /// A run of a few steps on a few pixels.
  private struct TinyRun {
    let folder: FilePath
    let data: Dataset
    var checkpoint: FilePath { folder.appending("checkpoint.safetensors") }

    init() throws {
      folder = try memoryFolder()
      data = try Dataset(
        name: "tiny", images: HostArray((0..<20).map { UInt8(12 * $0) }, shape: [5, 2, 2, 1]),
        labels: HostArray([0, 1, 0, 1, 0] as [Int32]), classNames: ["a", "b"])
      let (model, optimizer) = (try model(), Adam())
      try model.fit(
        data, validation: data, epochs: 2, batchSize: 2, steps: 5, optimizer: optimizer,
        callbacks: [CheckpointFile(checkpoint)])
    }

    func model() throws -> Sequential {
      let model = Sequential {
        Flatten()
        Dense(2)
      }
      try withContext(seed: 1) { try model.build(input: [2, 2, 1]) }
      return model
    }

    func resume(_ bytes: [UInt8]) throws {
      put(bytes, checkpoint)
      let found = try Checkpoint(from: checkpoint)
      let (model, optimizer) = (try model(), Adam())
      try found.restore(model, optimizer)
      try model.fit(
        data, validation: data, epochs: found.state.epoch, batchSize: 2, steps: found.state.steps + 1,
        optimizer: optimizer, from: found.state)
      _ = Monitor.validationLoss.best(of: found.state.history)
      for file in RunFolder(folder).historyFiles { try HistoryFile(file).write(found.state.history) }
    }
  }

  /// What a run does with its configuration before it builds the network.
  private static func configured(_ folder: RunFolder) throws {
    let configuration = try folder.configuration()
    var longer = configuration
    longer.epochs = 7
    try longer.checkContinuation(of: configuration)
    _ = try DataSource(name: configuration.data)
    _ = Shape(configuration.input)
    _ = try (configuration.makeOptimizer(), configuration.steering())
    _ = try configuration.entry().task.outputs(classes: configuration.classNames.count)
  }

  private static let runConfiguration = """
    {"batchSize": 8, "classNames": ["circle", "ring"], "data": "shapes", "device": "CPU, 2 threads", "epochs": 5,
     "input": [28, 28, 1], "learningRate": 0.001, "model": "basic-cnn", "optimizer": "adam", "seed": 5, "steps": 9,
     "patience": 2, "dataDirectory": "data", "schedule": "cosine:decaySteps=9", "plateau": "factor=0.5",
     "augment": "flip,shift=2", "validationSplit": 0.25, "workers": 2}
    """
  private static let network = """
    {layers: [{layer: 'Conv2D', filters: 4, kernelSize: [3, 3], activation: 'relu'}, 'MaxPool2D', {layer: 'Reshape',
     targetShape: [-1]}, {layer: 'Dense', units: 10}]}
    """
  private static let settings = """
    // What is asked for.
    {data: 'shapes', batchSize: 4, steps: +9, /* few */ seed: 0x3, learningRate: .5e-3, "model": "basic-cnn",}
    """
  private static let index = """
    {"format": 1, "set": "reference", "cases": [
    {"name": "dense.case", "group": "dense", "op": "Dense", "options": {"units": 4, "axes": [1, [2, null]], "use_bias":
     true, "activation": "relu", "rate": 0.5}, "tensors": {"x": [2, 9], "y": [2, 4]}, "file": "dense.safetensors",
     "tol": 3e-05, "exact": ["y"], "note": "none"}]}
    """

  // MARK: - Files

  /// A folder in memory, or among the other temporary ones.
  private static func memoryFolder() throws -> FilePath {
    var template = Array("/dev/shm/martlet-mutations-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
    guard let made else { return try temporaryFolder() }
    let folder = FilePath(String(cString: made))
    folders.withLock { $0.append(folder) }
    return folder
  }
  private static let folders = Mutex<[FilePath]>([])

  /// Without the way to the disk that `File.write` waits for.
  private static func put(_ bytes: [UInt8], _ path: FilePath) {
    let file = fopen(path.string, "w")!
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  /// A zip file whose entries have the right sizes and checksums whatever they hold, with the numbers of its end and
  /// its directory.
  private static func zipped(
    _ entries: [(name: String, bytes: [UInt8])], isCompressed: Bool
  ) -> Specimen {
    func little(_ value: Int, _ size: Int) -> [UInt8] { (0..<size).map { UInt8(value >> (8 * $0) & 255) } }
    var (body, directory, numbers): ([UInt8], [UInt8], [Specimen.Number]) = ([], [], [])
    var places: [Int] = []
    for (name, bytes) in entries {
      // gzip's last eight bytes are the checksum and the size; its first ten are its header.
      let packed = compressed(bytes)
      let data = isCompressed ? Array(packed[10..<packed.count - 8]) : bytes
      let common =
        little(20, 2) + little(0, 2) + little(isCompressed ? 8 : 0, 2) + little(0, 4)
        + packed[(packed.count - 8)..<packed.count - 4] + little(data.count, 4) + little(bytes.count, 4)
        + little(name.utf8.count, 2) + little(0, 2)
      places.append(directory.count)
      directory += little(0x0201_4B50, 4) + little(20, 2) + common + little(0, 10) + little(body.count, 4)
      directory += Array(name.utf8)
      numbers += [26, 28].map { .init(offset: body.count + $0, size: 2) }
      body += little(0x0403_4B50, 4) + common + Array(name.utf8) + data
    }
    let (start, end) = (body.count, body.count + directory.count)
    for place in places {
      numbers += [(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4)].map {
        .init(offset: start + place + $0.0, size: $0.1)
      }
    }
    numbers += [(4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)].map {
      .init(offset: end + $0.0, size: $0.1)
    }
    let last =
      little(0x0605_4B50, 4) + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
      + little(directory.count, 4) + little(start, 4) + little(0, 2)
    return Specimen(body + directory + last, numbers: numbers)
  }
}
