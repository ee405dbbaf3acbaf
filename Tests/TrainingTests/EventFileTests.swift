import MartletTestSupport
import Testing

@Suite struct EventFileTests {
  #if Imaging
    @Test func everythingIsReadBack() throws {
      let folder = try temporaryFolder().appending("a/b")
      let file = try EventFile(folder: folder)
      let picture = HostArray((0..<6).map { UInt8(40 * $0) }, shape: [2, 3, 1])
      try file.write([("loss", .scalar(0.75)), ("odd", .scalar(.nan))], step: 1)
      try file.write(
        [
          ("spread", .histogram(Histogram(of: HostArray([0, 1, 1, 3] as [Float]), buckets: 3))),
          ("sight", .picture(picture)),
        ], step: 1 << 40)
      let events = try #require(EventReader.events(in: folder).first)
      #expect(events.map(\.step) == [0, 0, 1, 1 << 40])
      #expect(events[0].version == "brain.Event:2" && events[1].sessionStatus == 1)
      #expect(events.allSatisfy { $0.time > 1.7e9 })
      #expect(events[2].scalars["loss"] == 0.75 && events[2].scalars["odd"]?.isNaN == true)
      #expect(
        events[3].histograms["spread"]
          == [1: [0], 2: [3], 3: [4], 4: [5], 5: [11], 6: [1, 2, 3], 7: [1, 2, 1]].filter { $0.value != [0] })
      #expect(events[3].pictures["sight"] == picture)
    }
  #endif

  /// A frame by hand: the length, and the checksums turned by 15 bits and shifted by a constant.
  @Test func framesHaveTheirChecksums() throws {
    let folder = try temporaryFolder()
    let file = try EventFile(folder: folder)
    var bytes = try File.read(file.path)
    #expect(try EventReader.records(bytes).count == 2)
    // The first one: a time of 9 bytes, and field 3 with 13.
    #expect(Array(bytes[..<8]) == [24, 0, 0, 0, 0, 0, 0, 0])
    let crc = CRC32C.checksum(Array(bytes[..<8]))
    let masked = UInt32(truncatingIfNeeded: EventReader.number(bytes[8..<12]))
    #expect(masked == (crc >> 15 | crc << 17) &+ 0xA282_EAD8)
    bytes[14] ^= 1
    #expect(throws: EventReader.Problem.self) { try EventReader.records(bytes) }
  }

  @Test func namesAreInTheOrderOfTheirBeginnings() throws {
    let folder = try temporaryFolder()
    let paths = try (0..<3).map { try EventFile(folder: folder, from: $0).path.lastComponent!.string }
    #expect(paths == paths.sorted() && Set(paths).count == 3)
    #expect(paths.allSatisfy { $0.hasPrefix("events.out.tfevents.") })
    #expect(try EventReader.events(in: folder).map { $0[1].step } == [0, 1, 2])
    try File.write([1], to: folder.appending("notes.txt"))
    try EventFile.removeAll(in: folder)
    #expect(try File.names(in: folder) == ["notes.txt"])
    try EventFile.removeAll(in: folder.appending("missing"))
  }

  @Test func aFolderThatCannotBeMadeIsAnError() throws {
    let path = try temporaryFolder().appending("file")
    try File.write([1], to: path)
    #expect(throws: FileError.self) { try EventFile(folder: path) }
  }
}
