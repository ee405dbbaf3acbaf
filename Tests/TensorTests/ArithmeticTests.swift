import MartletTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

struct ArithmeticTests {
  let matrix = Tensor([[1, 2, 3], [4, 5, 6]])

  @Test func literalsMakeFloats() {
    #expect(mismatch(Tensor([[1, 2], [3, 4]]), [1, 2, 3, 4], shape: [2, 2]) == nil)
    #expect(mismatch(Tensor([1.5, 2]), [1.5, 2], shape: [2]) == nil)
    #expect(mismatch(Tensor([[[1, 2]], [[3, 4]]]), [1, 2, 3, 4], shape: [2, 1, 2]) == nil)
    #expect(mismatch(Tensor([1, 2] as [Int32]), integers: [1, 2], shape: [2]) == nil)
    #expect(mismatch(Tensor([true, false]), [true, false], shape: [2]) == nil)
  }

  @Test func broadcastsAsNumPyDoes() {
    let a = self.matrix
    #expect(mismatch(a + Tensor([10, 20, 30]), [11, 22, 33, 14, 25, 36], shape: [2, 3]) == nil)
    #expect(mismatch(a + Tensor([[10], [20]]), [11, 12, 13, 24, 25, 26], shape: [2, 3]) == nil)
    #expect(mismatch(Tensor([[1], [2]]) * Tensor([3, 4]), [3, 4, 6, 8], shape: [2, 2]) == nil)
    #expect(
      mismatch(a + Tensor([[[1]], [[2]]]), [2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 8], shape: [2, 2, 3]) == nil)
    #expect(mismatch(a * 2 + 1, [3, 5, 7, 9, 11, 13], shape: [2, 3]) == nil)
    #expect(mismatch(1 - a, [0, -1, -2, -3, -4, -5]) == nil)
    #expect(mismatch(Tensor.zeros([0, 3]) + Tensor([1, 2, 3]), [] as [Double], shape: [0, 3]) == nil)
  }

  @Test func compoundAssignment() {
    var a = Tensor([1, 2])
    a += 1
    a *= Tensor([2, 3])
    a -= 1
    a /= 2
    #expect(mismatch(a, [1.5, 4]) == nil)
  }

  @Test func aTensorIsAValue() {
    let a = Tensor([1, 2])
    var b = a
    b += 1
    #expect(mismatch(a, [1, 2]) == nil)
    #expect(mismatch(b, [2, 3]) == nil)
  }

  @Test func integersStayIntegers() {
    let a = Tensor([7, -7, 3] as [Int32])
    let b = Tensor([2, 2, -2] as [Int32])
    #expect(mismatch(a + b, integers: [9, -5, 1]) == nil)
    #expect(mismatch(a - 1, integers: [6, -8, 2]) == nil)
    #expect(mismatch(a * b, integers: [14, -14, -6]) == nil)
    #expect(mismatch(a % b, integers: [1, 1, -1]) == nil)
    #expect(mismatch(-a, integers: [-7, 7, -3]) == nil)
    #expect(mismatch(a.abs(), integers: [7, 7, 3]) == nil)
    #expect(mismatch(a.sign(), integers: [1, -1, 1]) == nil)
    #expect(mismatch(a.squared(), integers: [49, 49, 9]) == nil)
    #expect(mismatch(minimum(a, b), integers: [2, -7, -2]) == nil)
    #expect(mismatch(maximum(a, 0), integers: [7, 0, 3]) == nil)
    #expect(mismatch(a.clipped(-5, 5), integers: [5, -5, 3]) == nil)
    #expect(mismatch(a.round(), integers: [7, -7, 3]) == nil)
    #expect(mismatch(Tensor([2, 3, -2] as [Int32]).power(3), integers: [8, 27, -8]) == nil)
    // Exact where float32 would round.
    #expect(mismatch(Tensor([16_777_217] as [Int32]) + 2, integers: [16_777_219]) == nil)
  }

  @Test func divisionAndFractionsGiveFloats() {
    let a = Tensor([7, -7] as [Int32])
    #expect(mismatch(a / Tensor([2, 2] as [Int32]), [3.5, -3.5]) == nil)
    #expect(mismatch(a / 2, [3.5, -3.5]) == nil)
    #expect(mismatch(a * 0.5, [3.5, -3.5]) == nil)
    #expect(mismatch(a + Tensor([0.25, 0.25]), [7.25, -6.75]) == nil)
    #expect(mismatch(Tensor([4, 9] as [Int32]).squareRoot(), [2, 3]) == nil)
  }

  @Test func bytesAndTruthValues() throws {
    let bytes = Tensor([250, 3] as [UInt8])
    #expect([UInt8](bytes + bytes) == [255, 6])
    #expect([UInt8](bytes * 2) == [255, 6])
    #expect([UInt8](Tensor([3] as [UInt8]) - Tensor([5] as [UInt8])) == [0])
    #expect(mismatch(bytes + Tensor([10, 10] as [Int32]), integers: [260, 13]) == nil)
    #expect(mismatch(bytes * 0.5, [125, 1.5]) == nil)
    #expect(mismatch(Tensor([true, false]) + Tensor([true, true]), integers: [2, 1]) == nil)
    #expect(mismatch(Tensor([true, false]) * Tensor([2.5, 2.5]), [2.5, 0]) == nil)
  }

  @Test func remainderHasTheSignOfTheDivisor() {
    let r = Tensor([5.5, -5.5, 5.5, -5.5]) % Tensor([2, 2, -2, -2])
    #expect(mismatch(r, [1.5, 0.5, -0.5, -1.5]) == nil)
  }

  @Test func comparisons() {
    let a = Tensor([1, 2, 3])
    let b = Tensor([3, 2, 1])
    #expect(mismatch(a .== b, [false, true, false]) == nil)
    #expect(mismatch(a .!= b, [true, false, true]) == nil)
    #expect(mismatch(a < b, [true, false, false]) == nil)
    #expect(mismatch(a <= b, [true, true, false]) == nil)
    #expect(mismatch(a > b, [false, false, true]) == nil)
    #expect(mismatch(a >= b, [false, true, true]) == nil)
    #expect(mismatch((a < b) .|| (a > b), [true, false, true]) == nil)
    #expect(mismatch((a <= b) .&& (a >= b), [false, true, false]) == nil)
    #expect(mismatch(!(a < b), [false, true, true]) == nil)
    #expect(mismatch(Tensor([1, 2] as [Int32]) < 1.5, [true, false]) == nil)
    #expect(mismatch(Tensor([16_777_217] as [Int32]) .== Tensor([16_777_216] as [Int32]), [false]) == nil)
    #expect(mismatch(Tensor([.nan, 1] as [Float]) .== Tensor([.nan, 1] as [Float]), [false, true]) == nil)
  }

  @Test func choosing() {
    let a = Tensor([1, 2, 3])
    #expect(mismatch(a.where(a > 1.5, else: 0), [0, 2, 3]) == nil)
    #expect(mismatch(a.where(a > 1.5, else: -a), [-1, 2, 3]) == nil)
    #expect(mismatch(Tensor(0).where(a > 1.5, else: a), [1, 0, 0]) == nil)
    let rows = a.where(Tensor([[true], [false]]), else: -a)
    #expect(mismatch(rows, [1, 2, 3, -1, -2, -3], shape: [2, 3]) == nil)
    let integers = Tensor([1, 2] as [Int32])
    #expect(mismatch(integers.where(Tensor([true, false]), else: 0), integers: [1, 0]) == nil)
    // What is not zero holds, also where the values are whole numbers and the condition is a fraction.
    #expect(mismatch(integers.where(Tensor([0.5, 0]), else: -integers), integers: [1, -2]) == nil)
  }

  @Test func casts() throws {
    #expect(mismatch(Tensor([1.9, -1.9, 0]).cast(to: .int32), integers: [1, -1, 0]) == nil)
    #expect(mismatch(Tensor([1.9, -1.9, 0]).cast(to: .bool), [true, true, false]) == nil)
    #expect(mismatch(Tensor([true, false]).cast(to: .float32), [1, 0]) == nil)
    #expect(mismatch(Tensor([0, 2, -1] as [Int32]).cast(to: .bool), [false, true, true]) == nil)
    #expect([UInt8](Tensor([3.7, 300, -5]).cast(to: .uint8)) == [3, 255, 0])
    #expect([UInt8](Tensor([3, 300, -5] as [Int32]).cast(to: .uint8)) == [3, 255, 0])
  }
}

/// Functions of one element beside Swift's own, in Double.
struct FunctionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let ours: @Sendable (Tensor) -> Tensor
    let expected: @Sendable (Double) -> Double
    init(
      _ name: String, _ ours: @escaping @Sendable (Tensor) -> Tensor,
      _ expected: @escaping @Sendable (Double) -> Double
    ) {
      testDescription = name
      self.ours = ours
      self.expected = expected
    }
  }
  static let cases = [
    Case("abs", { $0.abs() }, { $0.magnitude }),
    Case("sign", { $0.sign() }, { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
    Case("floor", { $0.floor() }, { $0.rounded(.down) }),
    Case("ceil", { $0.ceil() }, { $0.rounded(.up) }),
    Case("round", { $0.round() }, { $0.rounded(.toNearestOrEven) }),
    Case("squared", { $0.squared() }, { $0 * $0 }),
    Case("squareRoot", { $0.squareRoot() }, { $0.squareRoot() }),
    Case("reciprocal", { $0.reciprocal() }, { 1 / $0 }),
    Case("exp", { $0.exp() }, { Glibc.exp($0) }),
    Case("log", { $0.log() }, { Glibc.log($0) }),
    Case("sin", { $0.sin() }, { Glibc.sin($0) }),
    Case("cos", { $0.cos() }, { Glibc.cos($0) }),
    Case("tanh", { $0.tanh() }, { Glibc.tanh($0) }),
    Case("sigmoid", { $0.sigmoid() }, { 1 / (1 + Glibc.exp(-$0)) }),
    Case("erf", { $0.erf() }, { Glibc.erf($0) }),
    Case("relu", { $0.relu() }, { Swift.max(0, $0) }),
    Case("power 3", { $0.power(3) }, { $0 * $0 * $0 }),
    Case("power -2", { $0.power(-2) }, { 1 / ($0 * $0) }),
    Case("clipped", { $0.clipped(-0.5, 1) }, { Swift.min(Swift.max($0, -0.5), 1) }),
  ]

  @Test(arguments: cases) func isTheDefinition(function: Case) {
    let x: [Float] = [-3.5, -2.5, -1, -0.25, 0, 0.125, 0.5, 1, 1.5, 2.5, 7.75]
    let expected = x.map { function.expected(Double($0)) }
    #expect(mismatch(function.ours(Tensor(x)), expected, shape: [x.count], tolerance: 1e-5) == nil)
  }
}
