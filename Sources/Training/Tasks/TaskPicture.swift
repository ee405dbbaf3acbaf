import MartletData
import MartletLayers

/// A picture of what a network makes of data, for people.
public struct TaskPicture: Sendable, Equatable {
  /// The same from epoch to epoch.
  public var name: String
  /// uint8, (H, W, C) with one channel of grey or three of colour.
  public var picture: HostArray

  public init(name: String, picture: HostArray) {
    self.name = name
    self.picture = picture
  }
}

extension TrainingTask {
  public func pictures(
    _ model: any Layer, of batch: Batch, classNames: [String]
  ) throws -> [TaskPicture] { [] }
}
