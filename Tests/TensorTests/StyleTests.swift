import MartletTestSupport
import Testing

struct StyleTests {
  private let pictures = distinctSamples([2, 3, 4, 5], seed: 1)

  /// The element at a picture, row, column and channel.
  private func element(_ n: Int, _ y: Int, _ x: Int, _ c: Int) -> Double {
    Double([Float](pictures)[((n * 3 + y) * 4 + x) * 5 + c])
  }

  @Test func gramMatrixByDefinition() {
    var expected: [Double] = []
    for n in 0..<2 {
      for a in 0..<5 {
        for b in 0..<5 {
          let places = (0..<12).map { ($0 / 4, $0 % 4) }
          expected.append(
            places.reduce(0) { $0 + element(n, $1.0, $1.1, a) * element(n, $1.0, $1.1, b) } / 60)
        }
      }
    }
    #expect(mismatch(pictures.gramMatrix(), expected, shape: [2, 5, 5]) == nil)
  }

  @Test func totalVariationByDefinition() {
    var expected = [0.0, 0.0]
    for n in 0..<2 {
      for c in 0..<5 {
        for (y, x) in (0..<12).map({ ($0 / 4, $0 % 4) }) {
          if y < 2 { expected[n] += abs(element(n, y + 1, x, c) - element(n, y, x, c)) }
          if x < 3 { expected[n] += abs(element(n, y, x + 1, c) - element(n, y, x, c)) }
        }
      }
    }
    #expect(mismatch(pictures.totalVariation(), expected, shape: [2]) == nil)
    #expect([Float](Tensor.ones([2, 1, 1, 3]).totalVariation()) == [0, 0])
  }

  @Test func gradients() throws {
    for function in [{ $0.gramMatrix() }, { $0.totalVariation() }] as [(Tensor) -> Tensor] {
      let check = try checkGradients(at: [pictures]) { function($0[0]) }
      #expect(check.isCorrect, "\(check)")
    }
  }

  @Test func otherShapesAreRefused() {
    let gram = #expect(throws: ShapeError.self) { try compute { Tensor([[1, 2]]).gramMatrix() } }
    #expect(
      gram?.message
        == "a Gram matrix is of pictures (N, H, W, C) of floating-point numbers; received 1x2 float32")
    let variation = #expect(throws: ShapeError.self) {
      try compute { Tensor.zeros([1, 2, 2, 1]).cast(to: .uint8).totalVariation() }
    }
    #expect(
      variation?.message
        == "a total variation is of pictures (N, H, W, C) of floating-point numbers; received 1x2x2x1 uint8")
  }
}
