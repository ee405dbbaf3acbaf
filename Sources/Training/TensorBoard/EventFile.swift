import FoundationEssentials
import Glibc
import MartletData
import MartletLayers
import SwiftProtobuf

#if Imaging
  import MartletImaging
#endif

/// A file of numbers, histograms and pictures over the steps of a training run, as TensorBoard reads it: protocol
/// buffers, each in a frame of its length and checksums (TensorFlow's TFRecord). What was written is in the file at
/// once, so that TensorBoard can watch a run.
///
/// ```swift
/// let file = try EventFile(folder: "runs/first/tensorboard/train")
/// try file.write([("loss", .scalar(0.7)), ("kernel", .histogram(Histogram(of: kernel)))], step: 10)
/// ```
public final class EventFile {
  public enum Value: Sendable {
    case scalar(Double)
    case histogram(Histogram)
    #if Imaging
      /// Of a shape that `PNG.encode` takes.
      case picture(HostArray)
    #endif
  }

  public var path: FilePath { file.path }
  private let file: AppendedFile

  /// Creates a file in a folder, which is made where there is none. It is read after those that are there already.
  ///
  /// - Parameter step: what earlier files of the folder have at this step and later ones is void: there a run begins,
  ///   or goes on that was killed.
  /// - Throws: `FileError` where the folder cannot be written.
  public init(folder: FilePath, from step: Int = 0) throws {
    try File.createFolder(folder)
    file = try AppendedFile(creating: folder.appending(Self.name(in: folder)))
    var (version, start) = (WireEvent(), WireEvent())
    version.fileVersion = "brain.Event:2"
    start.step = Int64(step)
    start.sessionLog.status = .start
    try append([version, start])
  }

  /// Appends what is known of a step, all of it or nothing.
  ///
  /// - Throws: `FileError`, as where the disk is full; `FormatError` for arrays that are no pictures.
  public func write(_ values: [(tag: String, value: Value)], step: Int) throws {
    var event = WireEvent()
    event.step = Int64(step)
    event.summary.value = try values.map { try Self.wire($0.value, tag: $0.tag) }
    try append([event])
  }

  /// Removes the event files of a folder, and the folder where nothing else is in it.
  public static func removeAll(in folder: FilePath) throws {
    for name in try names(in: folder) { try File.remove(folder.appending(name)) }
    File.removeIfEmpty(folder)
  }

  private func append(_ events: [WireEvent]) throws {
    var bytes: [UInt8] = []
    for var event in events {
      event.wallTime = Self.secondsSince1970()
      let message: [UInt8]
      do { message = try event.serializedBytes() } catch {
        throw FileError("cannot hold an event of more than two gigabytes", path: path)
      }
      bytes += Self.framed(message)
    }
    try file.append(bytes)
  }

  /// Length, its checksum, the bytes, their checksum; all numbers begin with the low byte.
  static func framed(_ message: [UInt8]) -> [UInt8] {
    func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    let length = bytes(UInt64(message.count))
    return length + bytes(masked(length)) + message + bytes(masked(message))
  }

  /// Turned and shifted, as the format has it: the checksum of what holds its own checksum says nothing.
  private static func masked(_ bytes: [UInt8]) -> UInt32 {
    let checksum = CRC32C.checksum(bytes)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }

  private static func wire(_ value: Value, tag: String) throws -> WireSummary.Value {
    var result = WireSummary.Value()
    result.tag = tag
    switch value {
    case .scalar(let number): result.simpleValue = Float(number)
    case .histogram(let histogram):
      result.histo = .with {
        $0.min = histogram.minimum
        $0.max = histogram.maximum
        $0.num = Double(histogram.count)
        $0.sum = histogram.sum
        $0.sumSquares = histogram.sumOfSquares
        $0.bucketLimit = histogram.limits
        $0.bucket = histogram.counts.map(Double.init)
      }
    #if Imaging
      case .picture(let picture):
        let bytes = try PNG.encode(picture)
        let shape = picture.asOnePicture().shape
        result.image = .with {
          $0.height = Int32(shape[0])
          $0.width = Int32(shape[1])
          $0.colorspace = Int32(shape[2])
          $0.encodedImageString = Data(bytes)
        }
    #endif
    }
    return result
  }

  /// A run's files are read in the order of their names, so a new one gets a time after all of them even where the
  /// clock goes back or two begin in one second.
  private static func name(in folder: FilePath) throws -> String {
    let last = try names(in: folder).compactMap { Int($0.dropFirst(prefix.count).prefix { $0 != "." }) }.max()
    let seconds = max(Int(secondsSince1970()), (last ?? 0) + 1)
    return "\(prefix)\(seconds).\(host).\(getpid()).0"
  }

  private static let prefix = "events.out.tfevents."

  private static func names(in folder: FilePath) throws -> [String] {
    File.exists(folder) ? try File.names(in: folder).filter { $0.hasPrefix(prefix) } : []
  }

  private static let host: String = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(String(decoding: bytes, as: UTF8.self).map { $0 == "/" ? "_" : $0 })
  }()

  private static func secondsSince1970() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
