import COpenCL
import MartletCore

/// Puts primitives into the queue: one family a file. One primitive at a time: kernels keep their arguments until they are
/// launched.
final class Encoder: @unchecked Sendable {
  let queue: Queue
  let pool: MemoryPool
  let shape: TileShape
  let programs: Programs
  private var tables: [AnyHashable: OpenCLBuffer] = [:]
  private var launched: Set<String> = []

  init(_ queue: Queue, _ pool: MemoryPool, _ shape: TileShape, broken: String?) {
    self.queue = queue
    self.pool = pool
    self.shape = shape
    programs = Programs(queue, broken: broken)
  }

  func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
    switch primitive {
    case .elementwise(let program): try elementwise(program, inputs: inputs, outputs: outputs)
    case .reduction(let reduction, let program):
      try self.reduction(reduction, of: program, inputs: inputs, y: outputs[0])
    case .gemm(let product, let epilogue): try gemm(product, epilogue, inputs: inputs, c: outputs[0])
    case .convolution(.backwardKernel, let geometry, let epilogue):
      try kernelGradient(geometry, x: inputs[0], dy: inputs[1], dw: outputs[0])
      if epilogue.hasBias { try biasGradient(dy: inputs[1], db: outputs[1]) }
    case .convolution(.forward, let geometry, let epilogue) where epilogue.hasMaxPool:
      try pooledConvolution(geometry, epilogue, inputs: inputs, outputs: outputs)
    case .convolution(let pass, let geometry, let epilogue):
      try convolution(pass, geometry, epilogue, inputs: inputs, result: outputs[0])
    case .pooling(let pass, let geometry): try pooling(pass, geometry, inputs: inputs, outputs: outputs)
    case .resampling(let pass, let geometry): try resampling(pass, geometry, x: inputs[0], y: outputs[0])
    case .batchNormalization(let epilogue):
      try batchNormalization(epilogue, inputs: inputs, outputs: outputs)
    case .batchNormalizationBackward(let isRectified):
      try batchNormalizationBackward(isRectified: isRectified, inputs: inputs, outputs: outputs)
    case .softmax(let logarithm): try softmax(logarithm: logarithm, x: inputs[0], y: outputs[0])
    case .softmaxCrossEntropy: try crossEntropy(inputs: inputs, losses: outputs[0])
    case .softmaxCrossEntropyBackward: try crossEntropyBackward(inputs: inputs, dx: outputs[0])
    case .gather(let gather): try self.gather(gather, inputs: inputs, y: outputs[0])
    case .scatterAdd(let gather): try scatterAdd(gather, inputs: inputs, x: outputs[0])
    case .copy(let copy): try self.copy(copy, inputs: inputs, y: outputs[0])
    case .topK(let count): try topK(count, x: inputs[0], outputs: outputs)
    case .fill: try fill(number: inputs[0], y: outputs[0])
    case .random(let distribution): try random(distribution, key: inputs, y: outputs[0])
    }
  }

  /// What a kernel takes.
  enum Argument {
    case array(Operand)
    case int(Int)
    case word(UInt32)
    /// A structure of whole numbers.
    case ints([Int])
  }

  /// Runs a kernel over so many items in groups, the last of which may have too many.
  func run(
    _ name: String, of file: String, macros: [String] = [], text: String = "", _ arguments: [Argument],
    items: Int, group: Int = 64
  ) throws {
    try run(
      name, of: file, macros: macros, text: text, arguments, items: [(items + group - 1) / group * group],
      group: [group])
  }

  func run(
    _ name: String, of file: String, macros: [String] = [], text: String = "", _ arguments: [Argument],
    items: [Int], group: [Int]
  ) throws {
    guard items.allSatisfy({ $0 > 0 }) else { return }
    let kernel = try programs.kernel(name, of: file, macros: macros, text: text)
    var index: cl_uint = 0
    func set(_ size: Int, _ value: UnsafeRawPointer) throws {
      let status = queue.functions.clSetKernelArg(kernel, index, size, value)
      try OpenCL.check(status, "argument \(index) of the kernel \(name)", device: queue.name)
      index += 1
    }
    for argument in arguments {
      switch argument {
      case .array(let operand):
        guard let buffer = operand.buffer else { preconditionFailure("a scalar has no memory") }
        var memory: cl_mem? = OpenCLBuffer.of(buffer).memory
        var start = cl_ulong(operand.byteOffset / operand.dtype.byteCount)
        try set(MemoryLayout<cl_mem?>.size, &memory)
        try set(MemoryLayout<cl_ulong>.size, &start)
      case .int(let number):
        var value = Int32(number)
        try set(4, &value)
      case .word(var word): try set(4, &word)
      case .ints(let numbers):
        let values = numbers.map { Int32($0) }
        try values.withUnsafeBytes { try set($0.count, $0.baseAddress!) }
      }
    }
    try queue.launch(kernel, named: name, items: items, group: group)
    launched.insert(name)
  }

  /// The names of the kernels that ran since this was called before.
  func takeLaunched() -> Set<String> {
    defer { launched = [] }
    return launched
  }

  /// Memory for the duration of one primitive: the commands that use it come before those of its next owner.
  func scratch(_ count: Int, _ dtype: DType = .float32) throws -> Operand {
    Operand(try pool.allocate(byteCount: count * dtype.byteCount), shape: [count], dtype: dtype)
  }

  /// Numbers on the device that belong to a geometry, made when it is first met.
  func table<T: Element>(_ key: some Hashable, _ make: () -> [T]) throws -> Operand {
    if let known = tables[AnyHashable(key)] {
      return Operand(known, shape: [known.byteCount / T.dtype.byteCount], dtype: T.dtype)
    }
    let numbers = make()
    let buffer = try pool.allocate(byteCount: numbers.count * T.dtype.byteCount)
    try numbers.withUnsafeBytes { try queue.write($0, to: buffer.memory, at: 0) }
    tables[AnyHashable(key)] = buffer
    return Operand(buffer, shape: [numbers.count], dtype: T.dtype)
  }
}
