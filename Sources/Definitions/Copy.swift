import MartletCore

extension StridedCopy {
  func defined(_ inputs: [[Double]], background: Double, count: Int) -> [Double] {
    var result = [Double](repeating: background, count: count)
    for (piece, source) in zip(pieces, inputs) {
      for element in 0..<piece.shape.count {
        var (rest, from, to) = (element, piece.inputOffset, piece.outputOffset)
        for axis in piece.shape.sizes.indices.reversed() {
          let coordinate = rest % piece.shape[axis]
          rest /= piece.shape[axis]
          from += coordinate * piece.inputStrides[axis]
          to += coordinate * piece.outputStrides[axis]
        }
        result[to] = source[from]
      }
    }
    return result
  }
}

extension Trial {
  private typealias Piece = StridedCopy.Piece

  /// Every kind of copy, of numbers and of bytes; and what is filled with a number.
  public static var copy: [Trial] {
    copies(smallCopies)
      + [0, 1, 3, 17].flatMap { count in DType.allCases.map { fill(count, $0) } } + [
        Trial(.fill, "a large number", [], numbers: [.integer(2_000_000_001)], outputs: [Output([9], .int32)])
      ]
  }

  static var largeCopy: [Trial] {
    copies([
      (
        "a large one transposed", [[700, 900]], [900, 700],
        [Piece(shape: [900, 700], inputStrides: [1, 900], outputStrides: [700, 1])]
      )
    ]) + [fill(1_000_001, .float32)]
  }

  private static func fill(_ count: Int, _ dtype: DType) -> Trial {
    Trial(.fill, "\(count) of \(dtype)", [], numbers: [.float(2.5)], outputs: [Output([count], dtype)])
  }

  private static func copies(_ cases: [(String, [Shape], Shape, [Piece])]) -> [Trial] {
    cases.flatMap { text, inputs, output, pieces -> [Trial] in
      @Sendable func arrays() -> [HostArray] {
        inputs.enumerated().map { noise($1, seed: UInt64(50 + $0)) }
      }
      let primitive = Primitive.copy(StridedCopy(pieces))
      return [
        Trial(primitive, text, arrays(), numbers: [.float(-9)], outputs: [Output(output)]),
        Trial(
          primitive, "bytes, \(text)", arrays().map(bytes), numbers: [.integer(200)],
          outputs: [Output(output, .uint8)]),
      ]
    }
  }

  private static var smallCopies: [(String, [Shape], Shape, [Piece])] {
    [
      ("whole", [[70_001]], [70_001], [Piece(shape: [70_001], inputStrides: [1], outputStrides: [1])]),
      (
        "transposed", [[67, 131]], [131, 67],
        [Piece(shape: [131, 67], inputStrides: [1, 131], outputStrides: [67, 1])]
      ),
      (
        "channels first", [[2, 9, 7, 5]], [2, 5, 9, 7],
        [Piece(shape: [2, 5, 9, 7], inputStrides: [315, 1, 35, 5], outputStrides: [315, 63, 7, 1])]
      ),
      (
        "channels last", [[5, 3, 130]], [5, 130, 3],
        [Piece(shape: [5, 130, 3], inputStrides: [390, 1, 130], outputStrides: [390, 3, 1])]
      ),
      (
        "transposed and flipped", [[37, 50]], [52, 41],
        [
          Piece(
            shape: [50, 37], inputOffset: 36 * 50, inputStrides: [1, -50], outputOffset: 45,
            outputStrides: [41, 1])
        ]
      ),
      (
        "axes reversed", [[3, 4, 5, 6, 7]], [7, 6, 5, 4, 3],
        [
          Piece(
            shape: [7, 6, 5, 4, 3], inputStrides: [1, 7, 42, 210, 840], outputStrides: [360, 60, 12, 3, 1])
        ]
      ),
      (
        "padded", [[2, 5, 6, 3]], [2, 8, 9, 3],
        [
          Piece(
            shape: [2, 5, 6, 3], inputStrides: [90, 18, 3, 1], outputOffset: 30,
            outputStrides: [216, 27, 3, 1])
        ]
      ),
      (
        "cropped", [[4, 9, 8]], [2, 5, 3],
        [
          Piece(
            shape: [2, 5, 3], inputOffset: 72 + 8 + 2, inputStrides: [72, 8, 1], outputStrides: [15, 3, 1])
        ]
      ),
      (
        "flipped", [[6, 20]], [6, 20],
        [Piece(shape: [6, 20], inputOffset: 119, inputStrides: [-20, -1], outputStrides: [20, 1])]
      ),
      (
        "repeated", [[5, 3]], [4, 5, 2, 3],
        [Piece(shape: [4, 5, 2, 3], inputStrides: [0, 3, 0, 1], outputStrides: [30, 6, 3, 1])]
      ),
      (
        "elements repeated", [[5]], [5, 40],
        [Piece(shape: [5, 40], inputStrides: [1, 0], outputStrides: [40, 1])]
      ),
      (
        "concatenated", [[3, 4], [3, 2], [3, 7]], [3, 13],
        [
          Piece(shape: [3, 4], inputStrides: [4, 1], outputStrides: [13, 1]),
          Piece(shape: [3, 2], inputStrides: [2, 1], outputOffset: 4, outputStrides: [13, 1]),
          Piece(shape: [3, 7], inputStrides: [7, 1], outputOffset: 6, outputStrides: [13, 1]),
        ]
      ),
      (
        "spread out", [[10]], [39],
        [Piece(shape: [10], inputStrides: [1], outputOffset: 2, outputStrides: [4])]
      ),
      (
        "one element", [[]], [3],
        [Piece(shape: [], inputStrides: [], outputOffset: 1, outputStrides: [])]
      ),
      ("nothing", [], [300], []),
    ]
  }
}
