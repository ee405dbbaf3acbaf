import CZlib

/// Compressed bytes as `gzip` writes them, expanded by zlib.
public enum Gzip {
  /// Two gigabytes: more than any data set here, and less than a machine has.
  public static let usualLimit = 1 << 31

  /// Whether bytes begin as a gzip file does.
  public static func isCompressed(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
  }

  /// The expanded bytes of a gzip file, of one or several members.
  ///
  /// - Parameter limit: the most bytes to expand to; a small file may hold gigabytes.
  /// - Throws: `FormatError` where the bytes are damaged, cut off, or expand to more than the limit.
  public static func expand(_ bytes: [UInt8], limit: Int = usualLimit) throws -> [UInt8] {
    let stream = try GzipStream(bytes)
    // The last four bytes claim a size. It sizes the first buffer, and only as far as the compressed bytes could
    // possibly expand; the stream's own end decides.
    var claimed = 0
    if bytes.count >= 18 { claimed = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) } }
    var output = try stream.chunk(of: min(max(claimed, 1 << 12), stream.largestExpansion, limit))
    while !stream.isAtEnd {
      output += try stream.chunk(of: min(max(output.count, 1 << 16), limit - output.count + 1))
      guard output.count <= limit else { throw FormatError("gzip data expands to more than \(limit) bytes") }
    }
    return output
  }
}

/// Expands gzip data step by step, so that a reader can look at a header before it makes room for the rest.
final class GzipStream {
  private let bytes: [UInt8]
  private var position = 0
  /// zlib keeps the address of its state, so it must not move.
  private let state: UnsafeMutablePointer<z_stream>
  private var memberHasEnded = false

  init(_ bytes: [UInt8]) throws {
    guard Gzip.isCompressed(bytes) else {
      throw FormatError("is not gzip data: it does not begin with 1F 8B")
    }
    self.bytes = bytes
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    // 15 bits of window, and 16 for a gzip header and its checksum.
    let code = inflateInit2_(state, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      state.deallocate()
      throw FormatError("zlib cannot start (code \(code))")
    }
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
  }

  /// Whether everything has been expanded and its checksum was right. Known only after a read that came up short or
  /// that asked for one byte too many.
  var isAtEnd: Bool { memberHasEnded && position == bytes.count }

  /// Deflate turns one byte into at most 1032.
  var largestExpansion: Int { bytes.count * 1032 }

  func chunk(of count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = try read(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Throws unless everything has been read: the checksum stands behind the last byte.
  func finish(after expected: Int) throws {
    var extra: UInt8 = 0
    let count = try withUnsafeMutableBytes(of: &extra) { try read(into: $0) }
    guard count == 0 else {
      throw FormatError("has more than the \(expected) bytes that its header announces; \(FormatError.again)")
    }
  }

  /// Fills a buffer as far as the data reaches, and says how far that was.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      if memberHasEnded {
        guard position < bytes.count else { break }
        guard inflateReset(state) == Z_OK else { throw FormatError("zlib cannot go on") }
        memberHasEnded = false
      }
      filled += try step(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
    }
    return filled
  }

  private func step(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let available = min(bytes.count - position, 1 << 30)
    let room = min(buffer.count, 1 << 30)
    let code = bytes.withUnsafeBufferPointer { input in
      state.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + position)
      state.pointee.avail_in = UInt32(available)
      state.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress!
      state.pointee.avail_out = UInt32(room)
      return inflate(state, Z_NO_FLUSH)
    }
    position += available - Int(state.pointee.avail_in)
    switch code {
    case Z_STREAM_END: memberHasEnded = true
    case Z_OK where position < bytes.count || state.pointee.avail_out == 0: break
    case Z_OK, Z_BUF_ERROR:
      throw FormatError("gzip data is cut off after \(bytes.count) bytes; \(FormatError.again)")
    default:
      let reason = state.pointee.msg.map { String(cString: $0) } ?? "code \(code)"
      throw FormatError("gzip data is damaged near byte \(position): \(reason); \(FormatError.again)")
    }
    return room - Int(state.pointee.avail_out)
  }
}
