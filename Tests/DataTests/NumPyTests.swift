import MartletCore
import MartletData
import Testing

struct NumPyTests {
  static let arrays: [HostArray] = [
    HostArray((0..<6).map(Float.init), shape: [2, 3]),
    HostArray([1, -2, .max, .min] as [Int32]),
    HostArray([0, 255] as [UInt8], shape: [2, 1]),
    HostArray([true, false]),
    HostArray([2.5] as [Float], shape: []),
    HostArray([] as [Float], shape: [0, 4]),
  ]

  @Test(arguments: arrays) func roundTrip(array: HostArray) throws {
    let bytes = NumPy.encode(array)
    #expect(try NumPy.decode(bytes) == array)
    #expect((bytes.count - array.bytes.count) % 64 == 0)
    try withFolder { folder in
      let path = folder.appending("array.npy")
      try NumPy.write(array, to: path)
      #expect(try NumPy.read(path) == array)
    }
  }

  /// `numpy.save` of arange(6) as float32, 2x3.
  @Test func sameBytesAsNumPy() throws {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    let header = Array((text + String(repeating: " ", count: 117 - text.count) + "\n").utf8)
    let floats: [UInt8] = [
      0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64,
    ]
    let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + header + floats
    #expect(NumPy.encode(Self.arrays[0]) == bytes)
  }

  /// A file of the given version, element type, memory order and shape.
  private func file(
    _ type: String, _ shape: String, _ data: [UInt8], version: UInt8 = 1, isColumnMajor: Bool = false
  ) -> [UInt8] {
    let order = isColumnMajor ? "True" : "False"
    let header = Array("{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n".utf8)
    let length = version == 1 ? [UInt8(header.count), 0] : [UInt8(header.count), 0, 0, 0]
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + header + data
  }

  private func bytes(_ values: [some BitwiseCopyable]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  @Test func convertsOtherTypes() throws {
    #expect(
      try NumPy.decode(file("<f8", "(2,)", bytes([0.5, -3.0]), version: 2))
        == HostArray([0.5, -3] as [Float]))
    #expect(
      try NumPy.decode(file("<i8", "(2,)", bytes([-5, 7]), version: 3)) == HostArray([-5, 7] as [Int32]))
    #expect(
      try NumPy.decode(file("<u2", "(2,)", [1, 0, 255, 255])) == HostArray([1, 65535] as [Int32]))
    #expect(
      try NumPy.decode(file("|i1", "(2,)", [1, 255])) == HostArray([1, -1] as [Int32]))
    #expect(
      try NumPy.decode(file(">i4", "(1, 2)", [0, 0, 0, 1, 255, 255, 255, 255]))
        == HostArray([1, -1] as [Int32], shape: [1, 2]))
  }

  /// Element (i, j, k) of a column-major file lies at i + 2 j + 6 k.
  @Test func turnsColumnMajorOrder() throws {
    let stored = (0..<24).map { Int32($0) }
    let array = try NumPy.decode(file("<i4", "(2, 3, 4)", bytes(stored), isColumnMajor: true))
    #expect(array.shape == [2, 3, 4])
    let values = array.values(as: Int32.self)
    for i in 0..<2 {
      for j in 0..<3 {
        for k in 0..<4 { #expect(values[i * 12 + j * 4 + k] == stored[i + 2 * j + 6 * k]) }
      }
    }
  }

  /// `numpy.lib.format.write_array` of arange(6) as big-endian int64 in column-major order, version 2.
  @Test func readsNumPysOtherOrders() throws {
    let text = "{'descr': '>i8', 'fortran_order': True, 'shape': (2, 3), }"
    let header = Array((text + String(repeating: " ", count: 115 - text.count) + "\n").utf8)
    let numbers = [0, 3, 1, 4, 2, 5].flatMap { [0, 0, 0, 0, 0, 0, 0, $0] as [UInt8] }
    let bytes = [0x93] + Array("NUMPY".utf8) + [2, 0, 116, 0, 0, 0] + header + numbers
    #expect(try NumPy.decode(bytes) == HostArray([0, 1, 2, 3, 4, 5] as [Int32], shape: [2, 3]))
  }

  @Test(arguments: [0, 1, 3]) func damageIsAnError(index: Int) throws {
    try withstandsDamage(NumPy.encode(Self.arrays[index])) { _ = try NumPy.decode($0) }
  }

  @Test func errorsSayWhatIsWrong() {
    func text(_ bytes: [UInt8]) -> String { message { _ = try NumPy.decode(bytes) } }
    #expect(
      text([1, 2, 3])
        == "is not a NumPy file: it does not begin with \\x93NUMPY; numpy.save writes such files")
    #expect(
      text(file("<f4", "(3,)", [0, 0, 0, 0]))
        == "announces 3 <f4, 12 bytes, and holds 4; copy or download it again")
    #expect(
      text(file("<c8", "(1,)", [0, 0, 0, 0, 0, 0, 0, 0]))
        == "has the element type <c8; supported are bool, whole numbers, float32 and float64")
    #expect(
      text(file("<i8", "(1,)", bytes([1 << 40])))
        == "holds the number 1099511627776, which does not fit int32")
    #expect(
      text(file("|b1", "(2,)", [1, 3])) == "the array has the byte 3 as truth value 1; it must be 0 or 1")
    #expect(
      text(file("|u1", "(1, 1, 1, 1, 1, 1)", [1]))
        == "the array has 6 axes (1x1x1x1x1x1); an array has at most 5")
    #expect(
      text(file("|u1", "[1]", [1]))
        == "has a damaged NumPy header: ( was expected; write it again with numpy.save")
    #expect(
      text(file("|u1", "(2147483647, 2147483647, 2147483647)", []))
        == "the array has the sizes 2147483647x2147483647x2147483647, which no memory holds; copy or download it again"
    )
    #expect(
      text(file("|u1", "(1,)", [1], version: 9))
        == "has version 9.0 of the NumPy format; supported are 1, 2 and 3")
  }
}
