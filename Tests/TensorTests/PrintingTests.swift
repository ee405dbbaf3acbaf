import MartletTestSupport
import Testing

struct PrintingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let make: @Sendable () -> Tensor
    let text: String
    var testDescription: String { text }
    init(_ text: String, _ make: @autoclosure @escaping @Sendable () -> Tensor) {
      self.make = make
      self.text = text
    }
  }
  static let cases = [
    Case("2.5", Tensor(2.5)),
    Case("[1, 2, 3]", Tensor([1, 2, 3])),
    Case("[]", Tensor.zeros([0])),
    Case("[[1, 2],\n [3, 4]]", Tensor([[1, 2], [3, 4]])),
    Case("[[[1],\n  [2]],\n\n [[3],\n  [4]]]", Tensor([1, 2, 3, 4]).reshaped(2, 2, 1)),
    Case("[0.5,  -1,  10]", Tensor([0.5, -1, 10])),
    Case("[ inf, -inf,  nan]", Tensor([Float.infinity, -.infinity, .nan])),
    Case("[0.333333,    1e-05]", Tensor([1.0 / 3, 1e-5]).reshaped(2)),
    Case("[ 1, -2]", Tensor([1, -2] as [Int32])),
    Case("[  1, 255]", Tensor([1, 255] as [UInt8])),
    Case("[ true, false]", Tensor([true, false])),
    Case("[0, 1, 2, ..., 1998, 1999, 2000]", Tensor.range(2001)),
  ]

  @Test(arguments: cases) func prints(example: Case) {
    #expect("\(example.make())" == example.text)
  }

  @Test func insideAScope() throws {
    var text = ""
    let y = try compute { () -> Tensor in
      let a = Tensor([1, 2]) + 1
      text = "\(a)"
      return a * 2
    }
    #expect(text == "[2, 3]")
    #expect("\(y)" == "[4, 6]")
  }
}
