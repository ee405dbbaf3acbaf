import Glibc

import struct SystemPackage.Errno

/// The calls of the system by which files are written. What stands in their place in a test's task fails at the call
/// that the test chooses, as a full or a broken disk does.
package struct FileOperations: Sendable {
  package var open: @Sendable (_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 = {
    Glibc.open($0, $1, $2)
  }
  package var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int = {
    Glibc.write($0, $1, $2)
  }
  package var synchronize: @Sendable (_ descriptor: Int32) -> Int32 = { fsync($0) }
  package var close: @Sendable (_ descriptor: Int32) -> Int32 = { Glibc.close($0) }
  package var rename: @Sendable (_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> Int32 = {
    Glibc.rename($0, $1)
  }

  package init() {}

  @TaskLocal package static var current = FileOperations()

  /// Writes all bytes, in as many pieces as the system makes of them.
  ///
  /// - Throws: `Errno`.
  func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
    var rest = bytes
    while let address = rest.baseAddress, !rest.isEmpty {
      // Linux writes at most two gigabytes at once.
      let count = try Self.check(write(descriptor, address, min(rest.count, 1 << 30)))
      // What takes nothing and says nothing will not take more the next time.
      guard count > 0 else { throw Errno.ioError }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// The result of a call; the error that it left where it is negative. A call that a signal interrupted took nothing.
  static func check<Result: FixedWidthInteger>(_ call: @autoclosure () -> Result) throws -> Result {
    while true {
      let result = call()
      if result >= 0 { return result }
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
  }
}
