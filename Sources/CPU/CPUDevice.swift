import Glibc
import MartletCore
import MartletKernelTable

/// The device in pure Swift: vector kernels for the instruction set of this processor, and a pool of threads.
///
/// Primitives run while they are encoded, so there is nothing to wait for. How work is split depends on the problem
/// and never on the number of threads: results have the same bits with any number of them.
public final class CPUDevice: Device {
  public let instructionSet: InstructionSet
  /// Threads that work on one primitive, the caller's included.
  public let threads: Int
  public let convolutionChoice: ConvolutionChoice
  /// What `ConvolutionChoice.tuned` takes; empty with the other choices.
  public let tuning: ConvolutionTuning
  /// Whether weights that are read again unchanged stay packed and transformed, beside the originals.
  public let keepsForms: Bool
  public let arenas = Arenas()
  let kernels: KernelTable
  let pool: BufferPool
  let workers: ThreadPool

  /// - Parameters:
  ///   - threads: by default `MARTLET_NUM_THREADS`, else `OMP_NUM_THREADS`, else `SLURM_CPUS_PER_TASK`, else as many
  ///     as there are processors that this process may use.
  ///   - simd: by default `MARTLET_SIMD` (`base`, `avx2` or `avx512`), else the best one of this processor.
  ///   - convolution: `.direct` for strict accuracy; by default `MARTLET_CONVOLUTION` (`auto`, `tuned`, `direct`,
  ///     `winograd2` or `winograd4`), else `.auto`.
  ///   - tuning: what `.tuned` takes; by default what was saved on this machine for the instruction set.
  ///   - keepsForms: false saves up to four times the memory of the weights in inference, and costs time; no bit changes.
  /// - Throws: `DeviceError` where a number or name is wrong, or the processor lacks the instruction set.
  public init(
    threads: Int? = nil, simd: InstructionSet? = nil, convolution: ConvolutionChoice? = nil,
    tuning: ConvolutionTuning? = nil, keepsForms: Bool = true
  ) throws {
    convolutionChoice = try convolution ?? ConvolutionChoice.preferred()
    instructionSet = try simd.map { try InstructionSet.checked($0) } ?? InstructionSet.preferred()
    self.tuning =
      convolutionChoice == .tuned
      ? tuning ?? ConvolutionTuning.saved(for: instructionSet) : ConvolutionTuning()
    self.threads = try threads ?? CPUDevice.defaultThreads()
    guard (1...1024).contains(self.threads) else {
      throw DeviceError("the number of threads must be 1 to 1024; received \(self.threads)", device: "cpu")
    }
    self.keepsForms = keepsForms
    kernels = instructionSet.kernels
    pool = BufferPool()
    workers = ThreadPool(threads: self.threads)
  }

  public var name: String { "cpu" }
  public var summary: String {
    "\(Processor.name), \(instructionSet), \(threads) thread\(threads == 1 ? "" : "s")"
      + (convolutionChoice == .auto ? "" : ", convolutions \(convolutionChoice.rawValue)")
      + (convolutionChoice == .tuned ? " \(tuning.fingerprint)" : "")
  }
  public var memory: MemoryStatistics { pool.statistics }

  public func allocate(byteCount: Int) throws -> any DeviceBuffer { try pool.allocate(byteCount: byteCount) }

  public func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws
  {
    guard let source = bytes.baseAddress else { return }
    precondition(byteOffset + bytes.count <= buffer.byteCount, "an upload reaches beyond its buffer")
    CPUBuffer.of(buffer).pointer.advanced(by: byteOffset).copyMemory(from: source, byteCount: bytes.count)
    Operand(buffer, byteOffset: byteOffset, shape: [bytes.count], dtype: .uint8).contentsHaveChanged()
  }

  public func download(
    _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    guard let target = bytes.baseAddress else { return }
    precondition(byteOffset + bytes.count <= buffer.byteCount, "a download reaches beyond its buffer")
    target.copyMemory(from: CPUBuffer.of(buffer).pointer + byteOffset, byteCount: bytes.count)
  }

  public func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
    defer { for output in outputs { output.contentsHaveChanged() } }
    switch primitive {
    case .elementwise(let program): try elementwise(program, inputs: inputs, outputs: outputs)
    case .reduction(let reduction, let program):
      try self.reduction(reduction, of: program, inputs: inputs, outputs: outputs)
    case .gemm(let product, let epilogue): try gemm(product, epilogue, inputs: inputs, outputs: outputs)
    case .convolution(let pass, let geometry, let epilogue):
      try convolution(pass, geometry, epilogue, inputs: inputs, outputs: outputs)
    case .pooling(let pass, let geometry): try pooling(pass, geometry, inputs: inputs, outputs: outputs)
    case .resampling(let pass, let geometry):
      try resampling(pass, geometry, inputs: inputs, outputs: outputs)
    case .batchNormalization(let epilogue):
      try batchNormalization(epilogue, inputs: inputs, outputs: outputs)
    case .batchNormalizationBackward(let isRectified):
      try batchNormalizationBackward(isRectified: isRectified, inputs: inputs, outputs: outputs)
    case .softmax(let logarithm): try softmax(logarithm: logarithm, inputs: inputs, outputs: outputs)
    case .softmaxCrossEntropy: try softmaxCrossEntropy(inputs: inputs, outputs: outputs)
    case .softmaxCrossEntropyBackward: try softmaxCrossEntropyBackward(inputs: inputs, outputs: outputs)
    case .gather(let gather): try self.gather(gather, inputs: inputs, outputs: outputs)
    case .scatterAdd(let gather): try scatterAdd(gather, inputs: inputs, outputs: outputs)
    case .copy(let copy): try self.copy(copy, inputs: inputs, outputs: outputs)
    case .topK(let count): try topK(count, inputs: inputs, outputs: outputs)
    case .fill: try fill(inputs: inputs, outputs: outputs)
    case .random(let distribution): try random(distribution, inputs: inputs, outputs: outputs)
    }
  }

  public func synchronize() throws {}

  public func trim() { pool.trim() }

  /// Calls `body` for 0 ..< jobs on the device's threads, and returns when all calls have.
  func parallel(_ jobs: Int, _ body: (Int) -> Void) { workers.parallel(jobs, body) }

  /// The same with the number of the thread, 0 ..< threads, for memory of its own.
  func parallel(_ jobs: Int, _ body: (_ job: Int, _ thread: Int) -> Void) { workers.parallel(jobs, body) }

  /// Memory for the duration of one primitive; it goes back to the pool when the buffer is let go.
  func scratch(floats count: Int) throws -> CPUBuffer {
    try pool.allocate(byteCount: count * MemoryLayout<Float>.stride, isScratch: true)
  }

  private static func defaultThreads() throws -> Int {
    for variable in ["MARTLET_NUM_THREADS", "OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"] {
      guard let value = getenv(variable) else { continue }
      let text = String(cString: value)
      if let number = Int(text), number > 0 { return number }
      if variable == "MARTLET_NUM_THREADS" {
        throw DeviceError(
          "MARTLET_NUM_THREADS must be a positive number; received \"\(text)\"", device: "cpu")
      }
    }
    // A mask in hexadecimal, as in "ff,ffffffff".
    let allowed = Processor.line("Cpus_allowed", of: "/proc/self/status")
    let count = allowed.compactMap(\.hexDigitValue).reduce(0) { $0 + $1.nonzeroBitCount }
    return count > 0 ? count : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }
}

extension Operand {
  /// The operand's first byte. Not for scalars.
  var raw: UnsafeMutableRawPointer {
    guard let buffer else { preconditionFailure("a scalar has no memory") }
    return CPUBuffer.of(buffer).pointer + byteOffset
  }
  var floats: UnsafeMutablePointer<Float> { raw.assumingMemoryBound(to: Float.self) }
  var ints: UnsafeMutablePointer<Int32> { raw.assumingMemoryBound(to: Int32.self) }

  /// Some images of a batch.
  func images(_ range: Range<Int>, of batch: Int) -> Operand {
    var part = self
    let count = shape.count / batch
    part.byteOffset += range.lowerBound * count * dtype.byteCount
    part.shape = [range.count, count]
    return part
  }
}
