import CZlib

/// Bytes compressed by themselves (RFC 1951), as in the entries of a zip file, and the checksum CRC-32.
package enum Deflate {
  /// Deflate turns one byte into at most 1032.
  package static let largestRatio = 1032

  /// Expands bytes that are known to become `count` ones.
  ///
  /// - Throws: `FormatError` where they are damaged, or become more or fewer.
  static func expand(_ bytes: ArraySlice<UInt8>, to count: Int) throws -> [UInt8] {
    guard count <= bytes.count * largestRatio else {
      throw FormatError("announces \(count) bytes, which \(bytes.count) compressed ones cannot hold")
    }
    var state = z_stream()
    // Negative: no header around the compressed bytes.
    let code = inflateInit2_(&state, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw FormatError("zlib cannot start (code \(code))") }
    defer { inflateEnd(&state) }
    // One byte more than expected, so that too many are noticed.
    return try [UInt8](unsafeUninitializedCapacity: count + 1) { output, initialized in
      let code = bytes.withUnsafeBufferPointer { input in
        state.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        state.avail_in = UInt32(input.count)
        state.next_out = output.baseAddress
        state.avail_out = UInt32(count + 1)
        return inflate(&state, Z_FINISH)
      }
      guard code == Z_STREAM_END else {
        let reason = state.msg.map { String(cString: $0) } ?? "it does not end where it should"
        throw FormatError("compressed data is damaged: \(reason)")
      }
      guard Int(state.total_out) == count, state.avail_in == 0 else {
        throw FormatError(
          "compressed data is damaged: \(state.total_out) bytes come out of it, and \(count) are announced")
      }
      initialized = count
    }
  }

  static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var state = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    let code = deflateInit2_(
      &state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    precondition(code == Z_OK, "zlib cannot start (code \(code))")
    defer { deflateEnd(&state) }
    let bound = Int(deflateBound(&state, UInt(bytes.count)))
    return [UInt8](unsafeUninitializedCapacity: bound) { output, initialized in
      let code = bytes.withUnsafeBufferPointer { input in
        state.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        state.avail_in = UInt32(input.count)
        state.next_out = output.baseAddress
        state.avail_out = UInt32(bound)
        return deflate(&state, Z_FINISH)
      }
      precondition(code == Z_STREAM_END, "zlib stops with the code \(code)")
      initialized = Int(state.total_out)
    }
  }

  /// CRC-32 as zip and gzip use it.
  package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBytes { buffer in
      guard let address = buffer.baseAddress else { return 0 }
      return UInt32(crc32_z(0, address.assumingMemoryBound(to: UInt8.self), buffer.count))
    }
  }
}
