import MartletLayers

/// Convolution and correlation of signals, under the names of SciPy's functions.
enum SignalCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    guard reader.op == "convolve" || reader.op == "correlate" else { return nil }
    let (first, second) = (try reader.tensor("in1"), try reader.tensor("in2"))
    let mode = try mode(reader)
    let y =
      reader.op == "convolve" ? convolve(first, second, mode: mode) : correlate(first, second, mode: mode)
    return Answer(tensors: ["y": y])
  }

  private static func mode(_ reader: CaseReader) throws -> SignalMode {
    let name = try reader.options.string("mode", default: "full")
    switch name {
    case "full": return .full
    case "valid": return .valid
    case "same": return .same
    default: throw Unsupported("\(reader.op) with mode \(name)")
    }
  }
}
