import CZlib
import MartletData
import Testing

/// Compresses bytes as `gzip` does.
func compressed(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
  var state = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  deflateInit2_(&state, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
  defer { deflateEnd(&state) }
  var input = bytes
  return [UInt8](unsafeUninitializedCapacity: bytes.count + 1000) { buffer, initialized in
    input.withUnsafeMutableBufferPointer { input in
      state.next_in = input.baseAddress
      state.avail_in = UInt32(input.count)
      state.next_out = buffer.baseAddress
      state.avail_out = UInt32(buffer.count)
      precondition(deflate(&state, Z_FINISH) == Z_STREAM_END)
    }
    initialized = buffer.count - Int(state.avail_out)
  }
}

struct GzipTests {
  /// Hardly compressible.
  static let noise = (0..<200_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 2_654_435_761) >> 13) }

  @Test(arguments: [0, 1, 4095, 4096, 4097, 200_000]) func expandsWhatWasCompressed(count: Int) throws {
    let bytes = Array(Self.noise[..<count])
    #expect(try Gzip.expand(compressed(bytes)) == bytes)
    let zeros = [UInt8](repeating: 0, count: count)
    #expect(try Gzip.expand(compressed(zeros, level: 9)) == zeros)
  }

  @Test func expandsSeveralMembers() throws {
    let (first, second) = (Array(Self.noise[..<5000]), Array(Self.noise[5000..<9000]))
    #expect(try Gzip.expand(compressed(first) + compressed([]) + compressed(second)) == first + second)
  }

  /// `gzip.compress(b"martlet" * 20, mtime=0)` of Python.
  @Test func readsPythonsBytes() throws {
    let bytes: [UInt8] = [
      31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 77, 44, 42, 201, 73, 45, 201, 29, 12, 20, 0, 60, 231, 239, 153,
      140, 0, 0, 0,
    ]
    #expect(try Gzip.expand(bytes) == Array(String(repeating: "martlet", count: 20).utf8))
  }

  @Test func damageIsAnError() throws {
    let file = compressed(Array(Self.noise[..<300]))
    let original = try Gzip.expand(file)
    try withstandsDamage(file) { damaged in
      let bytes = try Gzip.expand(damaged, limit: 1 << 20)
      // Names and times in the header are not covered by the checksum; the contents are.
      #expect(bytes == original)
    }
  }

  @Test func errorsSayWhatIsWrong() throws {
    let file = compressed(Array(Self.noise[..<1000]))
    #expect(message { _ = try Gzip.expand([1, 2, 3]) } == "is not gzip data: it does not begin with 1F 8B")
    #expect(
      message { _ = try Gzip.expand(Array(file[..<500])) }
        == "gzip data is cut off after 500 bytes; copy or download it again")
    var wrong = file
    wrong[file.count - 8] ^= 1
    #expect(
      message { _ = try Gzip.expand(wrong) }
        == "gzip data is damaged near byte \(file.count - 4): incorrect data check; copy or download it again"
    )
  }

  /// A kilobyte that expands to a megabyte stops at the limit, and a false size makes no room.
  @Test func theLimitHolds() throws {
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let file = compressed(zeros, level: 9)
    #expect(try Gzip.expand(file, limit: 1 << 20) == zeros)
    #expect(
      message { _ = try Gzip.expand(file, limit: 100_000) } == "gzip data expands to more than 100000 bytes")
    var boasting = compressed([1, 2, 3])
    boasting.replaceSubrange((boasting.count - 4)..., with: [255, 255, 255, 255])
    #expect(throws: FormatError.self) { try Gzip.expand(boasting) }
  }
}
