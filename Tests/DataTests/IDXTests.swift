import MartletCore
import MartletData
import Testing

struct IDXTests {
  static let arrays: [HostArray] = [
    HostArray([1, 2, 3, 250, 251, 252] as [UInt8], shape: [1, 2, 3]),
    HostArray([1, -2, .max, .min] as [Int32], shape: [2, 2]),
    HostArray([0.5, -1, .pi] as [Float]),
    HostArray([] as [UInt8], shape: [0, 28, 28]),
  ]

  @Test(arguments: arrays) func roundTrip(array: HostArray) throws {
    let bytes = try IDX.encode(array)
    #expect(try IDX.decode(bytes) == array)
    #expect(try IDX.decode(compressed(bytes)) == array)
  }

  /// The format's own definition, byte by byte.
  @Test func readsTheDefinition() throws {
    let bytes: [UInt8] = [0, 0, 0x0C, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 0, 255, 255, 255, 254]
    let array = try IDX.decode(bytes)
    #expect(array.shape == [1, 2])
    #expect(array.values(as: Int32.self) == [256, -2])
    #expect(try IDX.encode(array) == bytes)
  }

  @Test(arguments: 0..<3) func damageIsAnError(index: Int) throws {
    let array = Self.arrays[index]
    let bytes = try IDX.encode(array)
    try withstandsDamage(bytes) { _ = try IDX.decode($0) }
    try withstandsDamage(compressed(bytes)) { _ = try IDX.decode($0) }
  }

  @Test func errorsSayWhatIsWrong() throws {
    let good = try IDX.encode(HostArray([1, 2, 3, 4] as [UInt8], shape: [2, 2]))
    func text(_ change: (inout [UInt8]) -> Void) -> String {
      var bytes = good
      change(&bytes)
      let (plain, packed) = (bytes, compressed(bytes))
      let texts = [message { _ = try IDX.decode(plain) }, message { _ = try IDX.decode(packed) }]
      return texts[0] == texts[1] ? texts[0] : texts.joined(separator: " | ")
    }
    #expect(
      text { $0[0] = 7 } == "is not an IDX file: it begins with the bytes 7, 0, where both must be 0")
    #expect(
      text { $0[2] = 14 }
        == "has the IDX element type 14; supported are 8 (uint8), 12 (int32) and 13 (float32)")
    #expect(text { $0[3] = 9 } == "ends within the sizes of an IDX file; copy or download it again")
    #expect(
      text { $0 = [0, 0, 8, 6] + [UInt8](repeating: 1, count: 24) }
        == "the array has 6 axes (16843009x16843009x16843009x16843009x16843009x16843009); an array has at most 5"
    )
    #expect(
      text { $0[4] = 255 } == "the array has the sizes 4278190082x2; each must lie in 0...2147483647")
    #expect(
      text { $0[4] = 127 }
        == "announces 2130706434x2 uint8, 4261412868 bytes, and cannot hold them; copy or download it again")
    #expect(
      text { $0[5] = 127 }.hasPrefix("announces 8323074x2 uint8, 16646148 bytes, and "))
    #expect(
      text { $0 += [5] }
        == "has 1 bytes more than the 4 that its header announces; copy or download it again | "
        + "has more than the 4 bytes that its header announces; copy or download it again")
    #expect(throws: FormatError.self) { try IDX.encode(HostArray([true])) }
  }

  @Test func errorsNameTheFile() throws {
    try withFolder { folder in
      let path = folder.appending("labels")
      try File.write([0, 0, 8, 1, 0, 0, 0, 9, 1], to: path)
      #expect(
        message { _ = try IDX.read(path) }
          == "\(path): announces 9 uint8, 9 bytes, and holds 1; copy or download it again")
    }
  }
}
