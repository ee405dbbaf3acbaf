import MartletTestSupport

/// Reads event files by the description of their format alone: frames, checksums, fields of protocol buffers.
struct EventReader {
  struct Problem: Error { var description: String }

  struct Event {
    var time = 0.0
    var step = 0
    var version: String?
    var sessionStatus: Int?
    var scalars: [String: Float] = [:]
    var histograms: [String: [Int: [Double]]] = [:]
    var pictures: [String: HostArray] = [:]
  }

  /// The value of a field: a number, the bits of a float or double, or bytes.
  enum Field {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  static func events(in folder: FilePath) throws -> [[Event]] {
    try File.names(in: folder).filter { $0.contains("tfevents") }.map { name in
      try records(File.read(folder.appending(name))).map(event)
    }
  }

  static func records(_ bytes: [UInt8]) throws -> [ArraySlice<UInt8>] {
    var records: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    func take(_ count: Int) throws -> ArraySlice<UInt8> {
      guard rest.count >= count else { throw Problem(description: "a record is cut off") }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    func check(_ bytes: ArraySlice<UInt8>) throws {
      let masked = UInt32(truncatingIfNeeded: number(try take(4)))
      let turned = masked &- 0xA282_EAD8
      guard CRC32C.checksum(Array(bytes)) == turned >> 17 | turned << 15 else {
        throw Problem(description: "a checksum is wrong")
      }
    }
    while !rest.isEmpty {
      let length = try take(8)
      try check(length)
      let record = try take(Int(number(length)))
      try check(record)
      records.append(record)
    }
    return records
  }

  static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  static func fields(_ bytes: ArraySlice<UInt8>) throws -> [(number: Int, value: Field)] {
    var rest = bytes
    var fields: [(number: Int, value: Field)] = []
    func variable() throws -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while let byte = rest.popFirst() {
        value |= UInt64(byte & 127) << shift
        if byte < 128 { return value }
        shift += 7
      }
      throw Problem(description: "a number is cut off")
    }
    func take(_ count: Int) -> ArraySlice<UInt8> {
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    while !rest.isEmpty {
      let key = try variable()
      switch key & 7 {
      case 0: fields.append((Int(key >> 3), .number(try variable())))
      case 1: fields.append((Int(key >> 3), .number(number(take(8)))))
      case 2:
        let count = Int(try variable())
        fields.append((Int(key >> 3), .bytes(take(count))))
      case 5: fields.append((Int(key >> 3), .number(number(take(4)))))
      default: throw Problem(description: "wire type \(key & 7)")
      }
    }
    return fields
  }

  private static func event(_ record: ArraySlice<UInt8>) throws -> Event {
    var event = Event()
    for (number, value) in try fields(record) {
      switch (number, value) {
      case (1, .number(let bits)): event.time = Double(bitPattern: bits)
      case (2, .number(let step)): event.step = Int(step)
      case (3, .bytes(let text)): event.version = String(decoding: text, as: UTF8.self)
      case (5, .bytes(let summary)):
        for case (1, .bytes(let value)) in try fields(summary) { try add(value, to: &event) }
      case (7, .bytes(let session)):
        for case (1, .number(let status)) in try fields(session) { event.sessionStatus = Int(status) }
      default: throw Problem(description: "field \(number) of an event")
      }
    }
    return event
  }

  private static func add(_ bytes: ArraySlice<UInt8>, to event: inout Event) throws {
    var tag = ""
    for (number, value) in try fields(bytes) {
      switch (number, value) {
      case (1, .bytes(let text)): tag = String(decoding: text, as: UTF8.self)
      case (2, .number(let bits)): event.scalars[tag] = Float(bitPattern: UInt32(bits))
      case (4, .bytes(let image)):
        for case (4, .bytes(let png)) in try fields(image) {
          event.pictures[tag] = try PNG.decode(Array(png))
        }
      case (5, .bytes(let histogram)): event.histograms[tag] = try numbers(histogram)
      default: throw Problem(description: "field \(number) of a value")
      }
    }
  }

  /// The numbers of each field of a histogram.
  private static func numbers(_ bytes: ArraySlice<UInt8>) throws -> [Int: [Double]] {
    var numbers: [Int: [Double]] = [:]
    for (field, value) in try fields(bytes) {
      switch value {
      case .number(let bits): numbers[field] = [Double(bitPattern: bits)]
      case .bytes(let packed):
        numbers[field] = stride(from: packed.startIndex, to: packed.endIndex, by: 8).map {
          Double(bitPattern: number(packed[$0..<$0 + 8]))
        }
      }
    }
    return numbers
  }
}
