import MartletCore

/// An elementwise program as a kernel in OpenCL C, a line for each instruction, nothing left early: an item is an element, or
/// some rows of elements, along which every input goes on by one or stays where it is.
struct ElementwiseSource {
  let text: String

  init(
    _ program: ElementwiseProgram, inputs: [(dtype: DType, walk: Walk, staysInRow: Bool)], outputs: [DType],
    inRows: Bool
  ) {
    let number = program.isInteger ? "int" : "float"
    var parameters = [inRows ? "const int rows, const int length, const int share" : "const int count"]
    var opens: [String] = []
    var places: [String] = []
    var lines: [String] = []
    for (index, input) in inputs.enumerated() {
      let name = "x\(index)"
      if input.walk == .number {
        parameters.append("const uint \(name)")
      } else {
        parameters.append("ARRAY(const \(input.dtype.name), \(name))")
        opens.append("OPEN(const \(input.dtype.name), \(name));")
      }
      var place = "i"
      switch input.walk {
      case .number, .whole: break
      case .repeated:
        parameters.append("const int n\(index)")
        place = "(int)i % n\(index)"
      case .strided:
        parameters.append("const Steps s\(index)")
        place = "walked((int)i, s\(index))"
      }
      if inRows && place != "i" {
        places.append("const int p\(index) = \(place);")
        place = "p\(index)" + (input.staysInRow ? "" : " + k")
      }
      let value =
        input.walk == .number
        ? (input.dtype == .float32 ? "as_float(\(name))" : "(int)\(name)") : "\(name)[\(place)]"
      let isTruncated = program.isInteger && input.dtype == .float32
      lines.append("const \(number) r\(index) = \(isTruncated ? "truncated" : "(\(number))")(\(value));")
    }
    for (index, instruction) in program.instructions.enumerated() {
      let list = instruction.operands.map { "r\($0)" }.joined(separator: ", ")
      let function = "\(program.isInteger ? "i" : "f")_\(instruction.opcode)"
      lines.append("const \(number) r\(program.inputCount + index) = \(function)(\(list));")
    }
    for (index, result) in program.results.enumerated() {
      let dtype = outputs[index]
      parameters.append("ARRAY(\(dtype.name), y\(index))")
      opens.append("OPEN(\(dtype.name), y\(index));")
      let value = "r\(result)"
      let whole = program.isInteger ? value : "truncated(\(value))"
      let stored =
        switch dtype {
        case .float32: "(float)\(value)"
        case .int32: whole
        case .uint8: "byteOf(\(whole))"
        case .bool: "\(value) != 0"
        }
      lines.append("y\(index)[i] = \(stored);")
    }
    let body = inRows ? Self.rows(places, lines) : Self.element(lines)
    text = """

      __kernel void program(\(parameters.joined(separator: ", "))) {
        \(opens.joined(separator: "\n  "))
      \(body)
      }

      """
  }

  /// Places are as wide as addresses, or Intel's compiler fears that they wrap around, and reads one by one.
  private static func element(_ lines: [String]) -> String {
    """
      const size_t i = get_global_id(0);
      if (i < (size_t)count) {
        \(lines.joined(separator: "\n    "))
      }
    """
  }

  /// No element of a row depends on another one, which the compiler cannot know.
  private static func rows(_ places: [String], _ lines: [String]) -> String {
    """
      const int first = get_global_id(0) * share, end = min(first + share, rows);
      for (int row = first; row < end; row++) {
        const int i = row * length;
        \(places.joined(separator: "\n    "))
    #pragma clang loop vectorize(assume_safety)
        for (int k = 0; k < length; k++) {
          const int i = row * length + k;
          \(lines.joined(separator: "\n      "))
        }
      }
    """
  }
}

extension DType {
  /// The type of an element in OpenCL C.
  var name: String {
    switch self {
    case .float32: "float"
    case .int32: "int"
    case .uint8, .bool: "uchar"
    }
  }
}
