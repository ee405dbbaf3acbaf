import MartletCPU
import Synchronization

extension Catalog.Entry {
  /// The passes of convolutions in a training step and in an evaluation, each once, in the order in which they come.
  public func convolutions(batchSize: Int, classes: Int, input: Shape) throws -> [ConvolutionTask] {
    let device = ListingDevice(try CPUDevice(threads: 1))
    try withContext(device: device) {
      let model = try build(task.outputs(classes: classes), input)
      try model.build(input: input)
      func zeros(_ sizes: [Int], _ dtype: DType) -> HostArray {
        let shape = Shape([batchSize] + sizes)
        return HostArray(
          shape: shape, dtype: dtype, bytes: [UInt8](repeating: 0, count: shape.count * dtype.byteCount))
      }
      let batch = Batch(
        images: zeros(input.sizes, .uint8), labels: zeros([], .int32),
        masks: task.supervision == .masks ? zeros(input.sizes.dropLast(), .uint8) : nil)
      _ = try task.train(model, on: batch, with: SGD())
      _ = try task.evaluate(model, on: batch)
    }
    return device.convolutions
  }
}

/// A device that notes convolutions and computes nothing: all memory is zero but for what is uploaded.
private final class ListingDevice: Device {
  private let memoryOwner: CPUDevice
  private let noted = Mutex<[ConvolutionTask]>([])

  init(_ memoryOwner: CPUDevice) { self.memoryOwner = memoryOwner }

  var convolutions: [ConvolutionTask] { noted.withLock { $0 } }

  var name: String { memoryOwner.name }
  var summary: String { memoryOwner.summary }
  var memory: MemoryStatistics { memoryOwner.memory }
  var arenas: Arenas { memoryOwner.arenas }

  func allocate(byteCount: Int) throws -> any DeviceBuffer {
    let buffer = try memoryOwner.allocate(byteCount: byteCount)
    try memoryOwner.encode(
      .fill, inputs: [.scalar(Float(0))], outputs: [Operand(buffer, shape: [byteCount / 4])])
    return buffer
  }

  func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws {
    try memoryOwner.upload(bytes, to: buffer, at: byteOffset)
  }

  func download(
    _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws { try memoryOwner.download(buffer, at: byteOffset, into: bytes) }

  func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
    guard case .convolution(let pass, let geometry, _) = primitive else { return }
    let task = ConvolutionTask(pass, geometry)
    noted.withLock { if !$0.contains(task) { $0.append(task) } }
  }

  func synchronize() throws {}
}
