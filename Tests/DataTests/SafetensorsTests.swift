import MartletCore
import MartletData
import Testing

struct SafetensorsTests {
  static let arrays: [String: HostArray] = [
    "conv.kernel": HostArray((0..<24).map(Float.init), shape: [2, 2, 3, 2]),
    "conv.bias": HostArray([0.5, -0.5] as [Float]),
    "step": HostArray([7] as [Int32], shape: []),
    "mask": HostArray([true, false, true]),
    "pixels": HostArray([1, 255] as [UInt8], shape: [1, 2]),
    "empty": HostArray([] as [Float], shape: [0, 3]),
    "a \"quoted\" \\ name\n\u{1}é": HostArray([1] as [Float]),
  ]
  static let metadata = ["format": "pt", "note": "line\nline", "emoji": "🐦"]

  @Test func roundTripInMemory() throws {
    let bytes = try Safetensors.encode(Self.arrays, metadata: Self.metadata)
    let file = try SafetensorsFile(bytes: bytes)
    #expect(try file.arrays() == Self.arrays)
    #expect(file.metadata == Self.metadata)
    #expect(bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) } % 8 == 0)
    #expect(try Safetensors.encode(file.arrays(), metadata: file.metadata) == bytes)
  }

  @Test func roundTripThroughAFile() throws {
    try withFolder { folder in
      let path = folder.appending("model.safetensors")
      try Safetensors.write(Self.arrays, metadata: Self.metadata, to: path)
      #expect(try File.read(path) == Safetensors.encode(Self.arrays, metadata: Self.metadata))
      #expect(try Safetensors.read(path) == Self.arrays)
      let file = try SafetensorsFile(path)
      #expect(file["conv.kernel"]?.shape == [2, 2, 3, 2])
      #expect(file["mask"]?.dtype == .bool)
      // What was opened stays readable when another file takes the name.
      try Safetensors.write([:], to: path)
      #expect(try file.array(named: "conv.bias") == Self.arrays["conv.bias"])
      #expect(try SafetensorsFile(path).names == [])
    }
  }

  /// `safetensors.numpy.save` of Python, with a list of each type.
  @Test func sameBytesAsTheReference() throws {
    let header =
      #"{"__metadata__":{"format":"np"},"b":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}"#
      + #","a":{"dtype":"I32","shape":[2,2],"data_offsets":[12,28]}"#
      + #","u":{"dtype":"U8","shape":[2],"data_offsets":[28,30]},"m":{"dtype":"BOOL","shape":[2],"data_offsets":[30,32]}}   "#
    let bytes: [UInt8] =
      [0, 1, 0, 0, 0, 0, 0, 0] + Array(header.utf8)
      + [
        0, 0, 192, 63, 0, 0, 0, 192, 0, 0, 128, 62, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 7, 255, 1,
        0,
      ]
    let file = try SafetensorsFile(bytes: bytes)
    #expect(file.metadata == ["format": "np"])
    #expect(try file.array(named: "b").values() == [1.5, -2, 0.25] as [Float])
    #expect(try file.array(named: "a") == HostArray([1, 2, 3, 4] as [Int32], shape: [2, 2]))
    #expect(try file.array(named: "m").values() == [true, false])
    #expect(try file.array(named: "u").values() == [7, 255] as [UInt8])
    #expect(try Safetensors.encode(file.arrays(), metadata: file.metadata) == bytes)
  }

  @Test func damageIsAnError() throws {
    let bytes = try Safetensors.encode(Self.arrays, metadata: Self.metadata)
    try withstandsDamage(bytes) { _ = try SafetensorsFile(bytes: $0).arrays() }
  }

  /// A file with the given header and so many bytes of data.
  private func file(_ json: String, data: Int) -> [UInt8] {
    let header = Array(json.utf8)
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
      + [UInt8](repeating: 2, count: data)
  }

  @Test(arguments: [
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4,
      "is cut off or damaged: array a ends at byte 8 of the data, which has 4; copy or download it again"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9,
      "has 1 bytes of data after its last array"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8,
      "array a of type F32 and shape [3] has 8 bytes; it must have 12"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8,
      "array a of type F32 and shape [-2] has 8 bytes; no size is negative"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
      6,
      "array b overlaps the one before it: it begins at byte 2 of the data, not at 4"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}}"#,
      9,
      "array b leaves a gap before it: it begins at byte 5 of the data, not at 4"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#, 4,
      "array a has the data offsets [4, 0]; they must be [begin, end]"
    ),
    (
      #"{"a":{"dtype":"U8","data_offsets":[0,4]}}"#, 4,
      "has a damaged safetensors header: shape is missing in a; copy or download it again"
    ),
    (
      #"{"a":{"dtype":8,"shape":[4],"data_offsets":[0,4]}}"#, 4,
      "has a damaged safetensors header: a value of another type was expected in a.dtype; copy or download it again"
    ),
    (#"{"a":"#, 0, "has a damaged safetensors header: it is not JSON; copy or download it again"),
    (
      #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, 4,
      "array a has the element type F16; supported are F32, I32, U8 and BOOL"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1,1,1,1,1,4],"data_offsets":[0,4]}}"#, 4,
      "array a has 6 axes (1x1x1x1x1x4); an array has at most 5"
    ),
    (
      #"{"a":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}"#, 4,
      "array a has the byte 2 as truth value 0; it must be 0 or 1"
    ),
  ])
  func errorsSayWhatIsWrong(json: String, data: Int, expected: String) {
    #expect(message { _ = try SafetensorsFile(bytes: file(json, data: data)).arrays() } == expected)
  }

  /// One array that the engine cannot hold does not close the file to the others.
  @Test func otherArraysStayReadable() throws {
    let json =
      #"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}"#
    let file = try SafetensorsFile(bytes: file(json, data: 9))
    #expect(file.entries.map(\.typeName) == ["I64", "U8"])
    #expect(file["a"]?.dtype == nil)
    #expect(try file.array(named: "b").values() == [2] as [UInt8])
    #expect(message { _ = try file.array(named: "c") } == "has no array c; it has a, b")
  }

  @Test func hostileLengthsMakeNoRoom() {
    var bytes = [UInt8](repeating: 255, count: 16)
    #expect(
      message { _ = try SafetensorsFile(bytes: bytes) }
        == "is not a safetensors file, or is cut off: it announces a header of 18446744073709551615 bytes and has "
        + "8 after that number; copy or download it again")
    bytes = [1, 2]
    #expect(
      message { _ = try SafetensorsFile(bytes: bytes) }
        == "is not a safetensors file: it has 2 bytes, fewer than the 8 of a length")
    #expect(throws: FormatError.self) { try Safetensors.encode(["__metadata__": HostArray([true])]) }
  }
}
