import MartletCore
import MartletTestSupport
import Testing

@testable import MartletCPU

/// What was measured, on disk.
struct ConvolutionTuningTests {
  private func task(_ pass: ConvolutionPass, batch: Int = 2) throws -> ConvolutionTask {
    ConvolutionTask(pass, try Convolution(kernelSize: 3).geometry(input: [batch, 9, 9, 4], filters: 5))
  }

  private func emptyFile() throws -> CacheFile {
    CacheFile(path: try temporaryFolder().appending("not").appending("yet.json").string)
  }

  @Test func choicesAreSavedAndAdded() throws {
    let file = try emptyFile()
    let first = ConvolutionTuning([try task(.forward): .winograd2, try task(.backwardData): .scatter])
    try first.save(for: .avx2, to: file)
    #expect(ConvolutionTuning.saved(for: .avx2, in: file) == first)
    #expect(ConvolutionTuning.saved(for: .base, in: file) == ConvolutionTuning())
    try ConvolutionTuning([try task(.forward): .tiles]).save(for: .base, to: file)
    try ConvolutionTuning([try task(.forward): .winograd4, try task(.forward, batch: 3): .tiles])
      .save(for: .avx2, to: file)
    #expect(
      ConvolutionTuning.saved(for: .avx2, in: file)
        == ConvolutionTuning([
          try task(.forward): .winograd4, try task(.backwardData): .scatter,
          try task(.forward, batch: 3): .tiles,
        ]))
    #expect(ConvolutionTuning.saved(for: .base, in: file)[try task(.forward)] == .tiles)
  }

  /// Every prefix of a file, and a file with any byte changed: what can be understood is taken, and nothing is wrong.
  @Test func whatCannotBeReadIsIgnored() throws {
    let file = try emptyFile()
    let saved = ConvolutionTuning([try task(.forward): .winograd2])
    try saved.save(for: .avx2, to: file)
    let bytes = try #require(file.read())
    for count in 0..<bytes.count - 1 where String(decoding: bytes[count...], as: UTF8.self) != "\n" {
      file.write(Array(bytes[..<count]))
      #expect(ConvolutionTuning.saved(for: .avx2, in: file) == ConvolutionTuning(), "\(count) bytes")
    }
    for place in bytes.indices {
      for byte in [UInt8(0), 0x22, 0x37, 0x5B, 0x7D, 0xFF] {
        var changed = bytes
        changed[place] = byte
        file.write(changed)
        #expect(ConvolutionTuning.saved(for: .avx2, in: file).ways.count <= 1)
      }
    }
    // What is broken is replaced.
    file.write(Array("[{\"format\": \"mart".utf8))
    try saved.save(for: .avx2, to: file)
    #expect(ConvolutionTuning.saved(for: .avx2, in: file) == saved)
  }

  @Test func otherVersionsAndStrangersAreIgnored() throws {
    let file = try emptyFile()
    let saved = ConvolutionTuning([try task(.forward): .winograd2])
    try saved.save(for: .avx2, to: file)
    let text = String(decoding: try #require(file.read()), as: UTF8.self)
    for (old, new) in [
      ("convolutions 1", "convolutions 0"), (Processor.name, "Z80"), ("winograd2", "fft"),
      ("kernel 3x3", "kernel 3"), ("\"way\"", "\"road\""),
    ] {
      let parts = text.split(separator: old, omittingEmptySubsequences: false)
      try #require(parts.count == 2, "\(old)")
      file.write(Array(parts.joined(separator: new).utf8))
      #expect(ConvolutionTuning.saved(for: .avx2, in: file) == ConvolutionTuning(), "\(new)")
    }
  }

  @Test func flatJSONIsReadBack() {
    let rows = [["a": "\"\\/\u{1}\n é", "b": ""], [:]]
    #expect(FlatJSON.rows(Array(FlatJSON.text(rows).utf8)) == rows)
    #expect(FlatJSON.rows(Array(#" [ {"a":"\u00e9\n"} , { } ] "#.utf8)) == [["a": "é\n"], [:]])
    for wrong in ["", "[", "[{]", "[{}", "{}", "[{}] x", #"[{"a"}]"#, #"[{"a":1}]"#, #"[{"a":"\q"}]"#] {
      #expect(FlatJSON.rows(Array(wrong.utf8)) == nil, "\(wrong)")
    }
  }
}
