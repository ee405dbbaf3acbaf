import MartletCore
import MartletDefinitions
import Testing

@testable import MartletCPU

/// Weights that stay packed or transformed: never those of before, and never other bits.
@Suite struct KeptFormsTests {
  /// A primitive of each kind of form, with the shapes of its inputs and output.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var algorithm: ConvolutionAlgorithm = .direct
    var primitive: Primitive
    var inputs: [Shape]
    var output: Shape

    init(_ name: String, _ product: GEMM, a: Shape, b: Shape, c: Shape) {
      testDescription = name
      primitive = .gemm(product, .none)
      inputs = [a, b]
      output = c
    }

    init(
      _ algorithm: ConvolutionAlgorithm, _ pass: ConvolutionPass, _ input: Shape, _ filters: Int,
      _ convolution: Convolution
    ) {
      let geometry: ConvolutionGeometry
      do {
        geometry = try convolution.geometry(input: input, filters: filters)
      } catch {
        fatalError("\(error)")
      }
      testDescription = "\(algorithm) \(pass) \(input) -> \(filters)"
      self.algorithm = algorithm
      primitive = .convolution(pass, geometry, .none)
      let isForward = pass == .forward
      inputs = [isForward ? geometry.inputShape : geometry.outputShape, geometry.kernelShape]
      output = isForward ? geometry.outputShape : geometry.inputShape
    }
  }

  static let cases: [Case] =
    [ConvolutionPass.forward, .backwardData].flatMap { pass in
      [
        Case(.direct, pass, [2, 7, 9, 5], 70, Convolution(kernelSize: 3, strides: 2, padding: .same)),
        // A kernel that all jobs share, and one that each has a part of.
        Case(.winograd2, pass, [20, 23, 26, 4], 6, Convolution(kernelSize: 3, padding: .same)),
        Case(.winograd4, pass, [20, 23, 26, 4], 6, Convolution(kernelSize: 3, padding: .same)),
        Case(.winograd2, pass, [1, 7, 7, 150], 70, Convolution(kernelSize: 3, padding: .same)),
        Case(.winograd4, pass, [1, 7, 7, 150], 70, Convolution(kernelSize: 3, padding: .same)),
      ]
    } + [
      Case("product", GEMM(m: 30, n: 70, k: 600), a: [30, 600], b: [600, 70], c: [30, 70]),
      Case(
        "product, b transposed", GEMM(m: 33, n: 70, k: 600, transposeB: true), a: [33, 600], b: [70, 600],
        c: [33, 70]),
      // One that reads b where it stands until it is packed.
      Case(
        "few rows from memory", GEMM(m: 9, n: 1030, k: 2050), a: [9, 2050], b: [2050, 1030], c: [9, 1030]),
    ]

  static let grouped: [Case] =
    [ConvolutionPass.forward, .backwardData].flatMap { pass in
      [
        Case(.direct, pass, [2, 9, 9, 6], 8, Convolution(kernelSize: 3, groups: 2)),
        Case(.direct, pass, [1, 9, 9, 6], 6, Convolution(kernelSize: 3, groups: 6)),
      ]
    }

  private static func device(_ simd: InstructionSet, _ test: Case, keepsForms: Bool = true) throws
    -> CPUDevice
  {
    try CPUDevice(
      threads: 2, simd: simd, convolution: ConvolutionChoice(test.algorithm), keepsForms: keepsForms)
  }

  private func bits(_ device: CPUDevice, _ test: Case, _ inputs: [Operand]) throws -> [UInt32] {
    let device = TestDevice(device: device, testDescription: "")
    let output = try device.upload(
      HostArray([Float](repeating: .nan, count: test.output.count), shape: test.output))
    try device.device.encode(test.primitive, inputs: inputs, outputs: [output])
    return try device.download(output).values(as: Float.self).map(\.bitPattern)
  }

  /// Weights in the middle of a larger buffer change in every way there is; after each, calls that make forms
  /// for themselves, one that makes what stays, and one that finds it have the bits of a device that keeps nothing.
  @Test(arguments: InstructionSet.available, cases + grouped)
  func changedWeightsAreSeen(_ simd: InstructionSet, _ test: Case) throws {
    let device = TestDevice(device: try Self.device(simd, test), testDescription: "")
    let plain = TestDevice(
      device: try Self.device(simd, test, keepsForms: false), testDescription: "")
    let x = noise(test.inputs[0], seed: 1)
    let count = test.inputs[1].count
    let arena = try device.upload(noise([count + 32], seed: 2))
    let weights = Operand(arena.buffer!, byteOffset: 64, shape: test.inputs[1])
    let ones = try device.upload(HostArray([Float](repeating: 1, count: count), shape: test.inputs[1]))
    let input = try device.upload(x)

    func check(_ what: String) throws {
      let expected = try bits(
        plain.device as! CPUDevice, test, [plain.upload(x), plain.upload(device.download(weights))])
      for call in 1...KeptForms.readingsBefore + 2 {
        let actual = try bits(device.device as! CPUDevice, test, [input, weights])
        #expect(actual == expected, "\(what), call \(call)")
      }
    }
    try check("at first")
    try device.device.encode(
      .elementwise(.single(.add)), inputs: [weights, ones], outputs: [weights])
    try check("written in place by a primitive")
    let last = Operand(arena.buffer!, byteOffset: 64 + 4 * (count - 1), shape: [1])
    try device.device.encode(.fill, inputs: [.scalar(7 as Float)], outputs: [last])
    try check("the last element filled")
    try noise([count], seed: 3).withUnsafeBytes { try device.device.upload($0, to: arena.buffer!, at: 64) }
    try check("uploaded")
  }

  /// A buffer that the pool puts in the place of another one.
  @Test func anotherBufferAtTheSameAddress() throws {
    let test = Self.cases[0]
    let device = TestDevice(device: try Self.device(.base, test), testDescription: "")
    let x = try device.upload(noise(test.inputs[0], seed: 1))
    var addresses: Set<UnsafeMutablePointer<Float>> = []
    var seen: Set<[UInt32]> = []
    for seed in 1...3 {
      let weights = try device.upload(noise(test.inputs[1], seed: UInt64(seed)))
      addresses.insert(CPUBuffer.of(weights.buffer!).floats)
      for _ in 0..<KeptForms.readingsBefore + 2 {
        seen.insert(try bits(device.device as! CPUDevice, test, [x, weights]))
      }
    }
    #expect(addresses.count < 3)
    #expect(seen.count == 3)
  }

  /// After some readings the next one keeps a form; a write ends it, and so do the device's wish for memory and the end of the
  /// weights. The pool counts it as memory that can be had.
  @Test(arguments: cases)
  func formsAreCountedAndFreed(_ test: Case) throws {
    let device = TestDevice(device: try Self.device(.base, test), testDescription: "")
    let cpu = device.device as! CPUDevice
    let x = try device.upload(noise(test.inputs[0], seed: 1))
    var weights: Operand? = try device.upload(noise(test.inputs[1], seed: 2))
    let inUse = cpu.memory.inUse
    func readOften() throws {
      for _ in 0..<KeptForms.readingsBefore { _ = try bits(cpu, test, [x, weights!]) }
      #expect(cpu.pool.formBytes == 0)
      _ = try bits(cpu, test, [x, weights!])
      #expect(cpu.pool.formBytes >= weights!.shape.count * 4)
      #expect(cpu.memory.inUse == inUse)
      #expect(cpu.memory.cached >= cpu.pool.formBytes)
    }
    try readOften()
    try cpu.encode(.fill, inputs: [.scalar(1 as Float)], outputs: [weights!])
    #expect(cpu.pool.formBytes == 0)
    try readOften()
    cpu.trim()
    #expect(cpu.memory.cached == 0)
    try readOften()
    weights = nil
    #expect(cpu.pool.formBytes == 0)
    #expect(cpu.pool.formOwners.withLock { $0.isEmpty })
    cpu.trim()
    #expect(cpu.memory.cached == 0)
  }

  /// What is not written keeps its forms, and forms do not outgrow their bound.
  @Test func onlyWhatWasWrittenIsDropped() throws {
    let pool = BufferPool()
    var forms = KeptForms(ofBytes: 1 << 20)
    func form(_ columns: Int) -> WeightForm { .product(isTransposed: false, depth: 1, columns: columns) }
    func keep(_ columns: Int, of bytes: Range<Int>, byteCount: Int = 1 << 20) throws {
      for _ in 0..<KeptForms.readingsBefore { _ = forms.find(form(columns), of: bytes) }
      guard case .wanted(let version) = forms.find(form(columns), of: bytes) else {
        Issue.record("not wanted")
        return
      }
      forms.keep(try pool.allocate(byteCount: byteCount), form(columns), of: bytes, version: version)
    }
    func isKept(_ columns: Int, of bytes: Range<Int>) -> Bool {
      if case .kept = forms.find(form(columns), of: bytes) { true } else { false }
    }
    try keep(1, of: 0..<100)
    try keep(2, of: 100..<200)
    forms.dropForms(of: 0..<100)
    #expect(!isKept(1, of: 0..<100))
    #expect(isKept(2, of: 100..<200))
    for columns in 3...8 { try keep(columns, of: 100..<200) }
    #expect(isKept(2, of: 100..<200))
    try keep(9, of: 100..<200)
    #expect(!isKept(3, of: 100..<200))
    #expect(pool.statistics.inUse <= (7 << 20) + 7 * (1 << 18))

    // Begun before a write and finished after it.
    for _ in 0..<KeptForms.readingsBefore { _ = forms.find(form(1), of: 0..<100) }
    guard case .wanted(let version) = forms.find(form(1), of: 0..<100) else {
      Issue.record("not wanted")
      return
    }
    forms.dropForms(of: 300..<400)
    forms.keep(try pool.allocate(byteCount: 64), form(1), of: 0..<100, version: version)
    #expect(!isKept(1, of: 0..<100))
  }

  /// Several threads that read the same weights for the first times.
  @Test func manyReadersAtOnce() async throws {
    for test in Self.cases {
      let device = TestDevice(
        device: try Self.device(InstructionSet.available.last!, test), testDescription: "")
      let x = try device.upload(noise(test.inputs[0], seed: 1))
      let weights = try device.upload(noise(test.inputs[1], seed: 2))
      let buffers = [x.buffer!, weights.buffer!]
      let cpu = device.device as! CPUDevice
      let results = try await withThrowingTaskGroup(of: Set<[UInt32]>.self) { group in
        for _ in 0..<4 {
          group.addTask {
            let inputs = zip(buffers, test.inputs).map { Operand($0, shape: $1) }
            return Set(try (0..<7).map { _ in try bits(cpu, test, inputs) })
          }
        }
        return try await group.reduce(into: Set()) { $0.formUnion($1) }
      }
      #expect(results.count == 1, "\(test.testDescription)")
    }
  }
}
