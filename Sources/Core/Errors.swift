/// Shapes, sizes or element types that do not fit together. The message states the rule, the values received and
/// what would work.
public struct ShapeError: Error, Equatable, CustomStringConvertible {
  public var message: String
  /// The layer that was running, as `layers.3 (Conv2D)`.
  public var layer: String?
  /// Where the operation was called, as `File.swift:12`.
  public var site: String?

  public init(_ message: String, layer: String? = nil, site: String? = nil) {
    self.message = message
    self.layer = layer
    self.site = site
  }

  public var description: String {
    (layer.map { "\($0): " } ?? "") + message + (site.map { " (\($0))" } ?? "")
  }
}

/// A step that does not fit into the memory that it may take, however much is computed again.
public struct MemoryLimitError: Error, Equatable, CustomStringConvertible {
  /// The bytes that would do.
  public var needed: Int
  public var limit: Int

  public init(needed: Int, limit: Int) {
    (self.needed, self.limit) = (needed, limit)
  }

  public var description: String {
    func megabytes(_ bytes: Int) -> String { "\((bytes + 999_999) / 1_000_000) MB" }
    return "a memory limit of \(limit) bytes is too small: the least that works here is \(needed) "
      + "(\(megabytes(needed))); take that, or smaller batches"
  }
}

/// What a device could not do: start, allocate, compute.
public struct DeviceError: Error, Equatable, CustomStringConvertible {
  public var device: String
  public var message: String

  public init(_ message: String, device: String) {
    self.device = device
    self.message = message
  }

  public var description: String { "\(device): \(message)" }
}
