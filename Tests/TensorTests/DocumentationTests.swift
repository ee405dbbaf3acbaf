import MartletTestSupport
import Testing

/// The examples of docs/scopes.md.
struct DocumentationTests {
  @Test func computing() throws {
    let x = Tensor([1, 2, 3])
    #expect("\(x * 2 + 1)" == "[3, 5, 7]")
    let (sum, scaled) = try compute {
      let y = x * 2 + 1
      return (y.sum(), y / y.max())
    }
    #expect("\(sum)" == "15")
    #expect("\(scaled)" == "[0.428571, 0.714286,        1]")
  }

  @Test func gradients() throws {
    let (value, slope) = try valueWithGradient(at: Tensor([1, 2, 3])) { ($0 * $0).sum() }
    #expect("\(value) \(slope)" == "14 [2, 4, 6]")
    let (_, curvature) = try valueWithGradient(at: Tensor([1, 2, 3])) { x in
      let (_, slope) = try valueWithGradient(at: x) { $0.power(3).sum() }
      return slope.sum()
    }
    #expect("\(curvature)" == "[ 6, 12, 18]")
  }

  @Test func reading() throws {
    let x = Tensor([3, 4])
    let unit = try compute { () -> Tensor in
      let length = try x.squared().sum().squareRoot().item()
      return length > 1 ? x / length : x
    }
    #expect(mismatch(unit, [0.6, 0.8]) == nil)
  }

  @Test func errors() {
    do {
      _ = try compute { Tensor([[1, 2]]).matmul(Tensor([[1, 2]])).relu() }
      Issue.record("nothing was thrown")
    } catch {
      let text = "\(error)".split(separator: " (")[0]
      #expect(
        text == "matmul needs as many columns on the left as rows on the right; received 1x2 and 1x2")
    }
  }

  @Test func models() throws {
    let model = Dense(2, kernelInitializer: .ones)
    let images = Tensor([[1, 2]])
    let ((loss, logits), gradients) = try valueWithGradients(of: model) {
      let logits = model(images)
      return (logits.mean(), logits)
    }
    #expect("\(loss) \(logits) \(gradients[model.kernel])" == "3 [[3, 3]] [[0.5, 0.5],\n [  1,   1]]")
  }
}
