import MartletCore
import MartletData
import Testing

struct NumPyArchiveTests {
  static let arrays: [String: HostArray] = [
    "images": HostArray((0..<24).map { UInt8($0) }, shape: [2, 3, 4]),
    "labels": HostArray([1, 0] as [Int32]),
    "ünïcode/weights": HostArray([0.5, -1] as [Float], shape: [2, 1]),
    "nothing": HostArray([] as [Float], shape: [0, 4]),
  ]

  @Test(arguments: [false, true]) func roundTrip(isCompressed: Bool) throws {
    let bytes = try NumPyArchive.encode(Self.arrays, isCompressed: isCompressed)
    let archive = try NumPyArchive(bytes: bytes)
    #expect(archive.names == ["images", "labels", "nothing", "ünïcode/weights"])
    #expect(try archive.arrays() == Self.arrays)
    try withFolder { folder in
      let path = folder.appending("arrays.npz")
      try NumPyArchive.write(Self.arrays, to: path, isCompressed: isCompressed)
      #expect(try File.read(path) == bytes)
      #expect(try NumPyArchive(path).arrays() == Self.arrays)
    }
  }

  /// `numpy.savez` of arange(4) as uint8, 1x2x2, and [3] as int64; its entries are stored, with zip64's extra fields.
  static let stored = """
    504b03042d00000000000000210048da766affffffffffffffff0a001400696d616765732e6e70790100100084000000
    000000008400000000000000934e554d5059010076007b276465736372273a20277c7531272c2027666f727472616e5f
    6f72646572273a2046616c73652c20277368617065273a2028312c20322c2032292c207d202020202020202020202020
    202020202020202020202020202020202020202020202020202020202020202020202020202020202020200a00010203
    504b03042d000000000000002100439d311cffffffffffffffff0a0014006c6162656c732e6e70790100100088000000
    000000008800000000000000934e554d5059010076007b276465736372273a20273c6938272c2027666f727472616e5f
    6f72646572273a2046616c73652c20277368617065273a2028312c292c207d2020202020202020202020202020202020
    202020202020202020202020202020202020202020202020202020202020202020202020202020202020200a03000000
    00000000504b01022d032d00000000000000210048da766a84000000840000000a000000000000000000000080010000
    0000696d616765732e6e7079504b01022d032d000000000000002100439d311c88000000880000000a00000000000000
    000000008001c00000006c6162656c732e6e7079504b0506000000000200020070000000840100000000
    """
  /// `numpy.savez_compressed` of zeros as float32, 2x3x4, and [1, 2] as int32.
  static let deflated = """
    504b03042d00000008000000210038ed55cdffffffffffffffff0a001400696d616765732e6e707901001000e0000000
    000000004c000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f5452949817
    9f5f94920a12774bcc294e058a17672416a402f91a463a0ac63a0a269a3a0ab50ae4012e061a0300504b03042d000000
    0800000021000bf9aa2dffffffffffffffff0a0014006c6162656c732e6e70790100100088000000000000004b000000
    000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a2aea3a09e965f54529498179f5f94920a12774b
    cc294e058a17672416a402f91a463a9a3a0ab50a14002e4606060626200600504b01022d032d00000008000000210038
    ed55cd4c000000e00000000a0000000000000000000000800100000000696d616765732e6e7079504b01022d032d0000
    000800000021000bf9aa2d4b000000880000000a00000000000000000000008001880000006c6162656c732e6e707950
    4b05060000000002000200700000000f0100000000
    """

  /// The bytes of hexadecimal digits.
  private func bytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  @Test func readsNumPysArchives() throws {
    let plain = try NumPyArchive(bytes: bytes(Self.stored))
    #expect(plain.names == ["images", "labels"])
    #expect(try plain.array(named: "images") == HostArray([0, 1, 2, 3] as [UInt8], shape: [1, 2, 2]))
    #expect(try plain.array(named: "labels") == HostArray([3] as [Int32]))
    let packed = try NumPyArchive(bytes: bytes(Self.deflated))
    #expect(
      try packed.array(named: "images") == HostArray([Float](repeating: 0, count: 24), shape: [2, 3, 4]))
    #expect(try packed.array(named: "labels") == HostArray([1, 2] as [Int32]))
  }

  @Test func damageIsAnError() throws {
    let small = ["a": HostArray([1, 2, 3] as [Int32]), "b": HostArray([true])]
    for file in [
      bytes(Self.stored), bytes(Self.deflated), try NumPyArchive.encode(small, isCompressed: true),
    ] {
      let arrays = try NumPyArchive(bytes: file).arrays()
      try withstandsDamage(file) { damaged in
        let found = try NumPyArchive(bytes: damaged).arrays()
        // Names are not covered by the checksums, contents are.
        for (name, array) in found where arrays[name] != nil { #expect(array == arrays[name]) }
      }
    }
  }

  /// A comment at the end of a zip file is no damage.
  @Test func aCommentMayFollow() throws {
    var file = try NumPyArchive.encode(["a": HostArray([true])])
    file[file.count - 2] = 3
    #expect(try NumPyArchive(bytes: file + Array("PK!".utf8)).names == ["a"])
  }

  @Test func errorsSayWhatIsWrong() throws {
    let good = try NumPyArchive.encode(["a": HostArray([7, 8] as [UInt8])])
    /// The end record is the last 22 bytes, the directory's one entry the 46 + 5 before it.
    let (end, entry) = (good.count - 22, good.count - 22 - 51)
    func text(_ change: (inout [UInt8]) -> Void) -> String {
      var bytes = good
      change(&bytes)
      return message { _ = try NumPyArchive(bytes: bytes).array(named: "a") }
    }
    #expect(text { _ in } == "")
    #expect(
      text { $0 = [1, 2, 3] }
        == "is not a zip archive: it does not begin with PK; numpy.savez writes such files")
    #expect(
      text { $0.removeLast() }
        == "is cut off: the directory at the end of the zip archive is missing; copy or download it again")
    #expect(
      text { $0[end + 16...end + 19] = [255, 255, 255, 255] }
        == "is a zip64 file; archives of 4 GiB or 65535 arrays and more are not supported")
    #expect(
      text { $0[entry + 24...entry + 27] = [255, 255, 255, 255] }
        == "a.npy has zip64 sizes; entries of 4 GiB and more are not supported")
    #expect(text { $0[entry + 8] = 1 } == "a.npy is encrypted")
    #expect(
      text { $0[entry + 10] = 14 }
        == "a.npy is compressed by method 14; supported are 0 (stored) and 8 (deflated)")
    #expect(
      text { $0[entry + 24] &+= 1 }
        == "a.npy is stored in 130 bytes, and announces 131; they must be as many")
    #expect(text { $0[30 + 5 + 129] = 9 }.hasPrefix("a.npy is damaged: its checksum is "))
    #expect(text { $0[entry + 42] = 5 } == "has no entry at byte 5, where a.npy should be")
    #expect(
      message { _ = try NumPyArchive(bytes: good).array(named: "b") } == "has no array b; it has a")
    #expect(
      message { _ = try NumPyArchive(bytes: NumPyArchive.encode([:])).array(named: "b") }
        == "has no array b; it has none at all")
  }

  /// Entries that lie over one another could expand to any size; a false size makes no room.
  @Test func hostileSizesMakeNoRoom() throws {
    let zeros = HostArray([UInt8](repeating: 0, count: 1 << 16))
    var file = try NumPyArchive.encode(["a": zeros], isCompressed: true)
    let entry = file.count - 22 - 51
    #expect(file.count < 1000)
    file[entry + 27] = 0x70
    #expect(message { _ = try NumPyArchive(bytes: file).arrays() }.contains("which"))
    var two = try NumPyArchive.encode(["a": zeros, "b": zeros])
    let second = two.count - 22 - 51
    two[second + 42...second + 45] = [0, 0, 0, 0]
    #expect(try NumPyArchive(bytes: two).names == ["a", "b"])
    two[second + 22] = 0x7F
    #expect(throws: FormatError.self) { try NumPyArchive(bytes: two) }
  }
}
