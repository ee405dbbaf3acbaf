import MartletTestSupport
import Testing

@Suite struct MemoryLimitTests {
  @Test func bytesAreWrittenInUnits() throws {
    #expect(
      try ["64000000", "3K", "512M", "2g"].map(ByteCount.parse) == [64_000_000, 3072, 512 << 20, 2 << 30])
    for text in ["", "M", "-1", "0", "1.5G", "12Q", "99999999999999999999", "9999999999G"] {
      let error = #expect(throws: ByteCountError.self) { try ByteCount.parse(text) }
      #expect(
        error?.description == "a number of bytes is written as in 64000000, 512M or 2G; received \(text)")
    }
  }

  private let run = [
    "train", "--model", "basic-cnn", "--data", "shapes", "--batch-size", "64", "--steps", "2", "--json",
  ]

  private func field(_ name: String, _ command: Command) throws -> Substring {
    let last = try #require(command.lines.last, "\(command.errors)")
    let value = try #require(last.split(separator: "\"\(name)\":").last)
    return value.prefix { $0 != "," && $0 != "}" }
  }

  @Test func aRunKeepsToItsLimitAndItsBits() throws {
    let free = try Command(run)
    let limit = try #require(Int(field("peak_memory_bytes", free))) * 8 / 10
    let limited = try Command(run + ["--memory-limit", "\(limit)"])
    #expect(try field("weights_sha256", limited) == field("weights_sha256", free))
    // Kernels' scratch memory comes on top.
    #expect(try #require(Int(field("peak_memory_bytes", limited))) < limit + 5_000_000)
  }

  @Test func aLimitThatCannotBeKeptSaysWhatCould() throws {
    let small = try Command(run + ["--memory-limit", "1M"])
    #expect(small.status == 1)
    #expect(
      small.errors.hasPrefix(
        "martlet: a memory limit of 1048576 bytes is too small: the least that works here is "))
    #expect(try Command(run + ["--memory-limit", "1Q"]).errors.contains("received 1Q"))
  }
}
