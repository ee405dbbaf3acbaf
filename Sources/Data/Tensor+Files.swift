import MartletTensor

extension Tensor {
  /// The array of a `.npy` file.
  ///
  /// ```swift
  /// let weights = try Tensor(npy: "weights.npy")
  /// ```
  /// - Throws: `FileError`, or `FormatError` where the file is damaged or holds a type that tensors do not have.
  public init(npy path: FilePath) throws { try self.init(NumPy.read(path)) }

  /// Writes a `.npy` file that NumPy reads: all of it, or nothing.
  public func write(npy path: FilePath) throws { try NumPy.write(hostArray(), to: path) }

  /// The arrays of a safetensors file by their names.
  public static func read(safetensors path: FilePath) throws -> [String: Tensor] {
    try Safetensors.read(path).mapValues { try Tensor($0) }
  }

  /// Writes arrays to a safetensors file: all of it, or nothing.
  public static func write(_ tensors: [String: Tensor], safetensors path: FilePath) throws {
    try Safetensors.write(tensors.mapValues { try $0.hostArray() }, to: path)
  }
}
