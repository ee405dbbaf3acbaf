/// What is timed of a case: the protocol's word for it.
enum Pass: String, Codable {
  /// The output of a layer.
  case forward = "fwd"
  /// The output, and the gradients of input, kernel and bias for a fixed gradient of the output.
  case forwardBackward = "fwdbwd"
  /// Forward, loss, backward and Adam's step of a network.
  case train
  /// The output of a network in the inference phase.
  case infer
}

/// One layer or network with its sizes, under the names that the workers of all frameworks share. Arrays are channels
/// last; `pad` is Keras's `same` or `valid`.
struct BenchmarkCase: Codable, Sendable {
  var name: String
  /// The layer: `conv2d`, `maxpool`, `dense`, ...; nil for a network.
  var op: String?
  /// The network; nil for a layer.
  var model: String?
  /// The input's shape.
  var x: [Int]?
  /// The kernel's or the window's spatial sizes.
  var k: [Int]?
  /// Output channels.
  var co: Int?
  /// Strides.
  var s: [Int]?
  var pad: String?
  /// Dilation rate.
  var d: [Int]?
  var groups: Int?
  /// The output's shape.
  var y: [Int]?
  /// Two operations for each multiply-add of the forward pass, in 10⁹.
  var gflop: Double?
  /// The shapes of the parameters that an optimizer moves.
  var sizes: [[Int]]?
  var classes: Int?
  var passes: [Pass]?

  init(_ name: String, op: String? = nil, model: String? = nil, x: [Int]? = nil) {
    self.name = name
    self.op = op
    self.model = model
    self.x = x
  }

  var isSignal: Bool { op?.hasPrefix("signal") ?? false }
  /// Signals have no batch.
  var batch: Int { isSignal ? 1 : x?.first ?? 1 }

  /// The passes that make sense.
  var measuredPasses: [Pass] {
    passes
      ?? (model != nil
        ? [.train, .infer] : isSignal || op == "adam" ? [.forward] : [.forward, .forwardBackward])
  }
}
