import MartletCore

extension GEMM {
  /// Three loops.
  func defined(_ a: [Double], _ b: [Double]) -> [Double] {
    var c: [Double] = []
    c.reserveCapacity(batch * m * n)
    for i in 0..<batch {
      let aStart = sharesA ? 0 : i * m * k
      let bStart = sharesB ? 0 : i * k * n
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for t in 0..<k {
            sum +=
              a[aStart + (transposeA ? t * m + row : row * k + t)]
              * b[bStart + (transposeB ? column * k + t : t * n + column)]
          }
          c.append(sum)
        }
      }
    }
    return c
  }

  public var aShape: Shape { [sharesA ? 1 : batch, transposeA ? k : m, transposeA ? m : k] }
  public var bShape: Shape { [sharesB ? 1 : batch, transposeB ? n : k, transposeB ? k : n] }
  public var cShape: Shape { [batch, m, n] }

  public func inputs(_ epilogue: Epilogue = .none) -> [HostArray] {
    [noise(aShape, seed: 1), noise(bShape, seed: 2)] + epilogue.operands(of: cShape)
  }

  /// Factors are multiples of 1/64 below 1, so a product of k terms is off by at most k rounding errors of 2^-24 of a
  /// sum below k: 1e-6 times k is generous.
  func trial(_ epilogue: Epilogue = .none) -> Trial {
    let kinds = [transposeA ? "A transposed" : "", transposeB ? "B transposed" : ""].filter { !$0.isEmpty }
    let matrices = batch > 1 ? "\(batch) of " : ""
    let text = (["\(matrices)\(m)x\(n)x\(k)"] + kinds + epilogue.words).joined(separator: ", ")
    return Trial(
      .gemm(self, epilogue), text, inputs(epilogue),
      outputs: [.init(cShape, relative: 1e-6, absolute: 1e-6 * Double(1 + k))])
  }
}

extension Epilogue {
  /// What it does, for the description of a trial.
  var words: [String] {
    let parts = [
      (hasBias, "bias"), (hasScale, "scale"), (hasShift, "shift"), (hasResidual, "residual"),
      (activation != .linear, "\(activation)"), (hasMask, "mask"), (hasMaxPool, "pooled"),
    ].filter { $0.0 }.map { $0.1 }
    return parts.isEmpty ? [] : ["with " + parts.joined(separator: " ")]
  }
}

extension Trial {
  /// Products: of one row and of many, deep and shallow, transposed, in batches, with epilogues.
  public static var gemm: [Trial] {
    let plain: [GEMM] = [
      GEMM(m: 1, n: 1, k: 1), GEMM(m: 1, n: 70, k: 33), GEMM(m: 7, n: 10, k: 64), GEMM(m: 13, n: 64, k: 5),
      GEMM(m: 29, n: 131, k: 37), GEMM(m: 30, n: 33, k: 17, transposeB: true),
      GEMM(m: 5, n: 96, k: 7, transposeB: true),
      GEMM(m: 31, n: 80, k: 19, transposeA: true), GEMM(m: 3, n: 9, k: 11, transposeA: true),
      GEMM(m: 26, n: 20, k: 13, transposeA: true, transposeB: true), GEMM(m: 17, n: 15, k: 1030),
      GEMM(m: 25, n: 48, k: 1030, transposeA: true), GEMM(m: 260, n: 16, k: 3),
      GEMM(m: 9, n: 21, k: 6, batch: 3), GEMM(m: 9, n: 21, k: 6, batch: 3, sharesA: true),
      GEMM(m: 33, n: 5, k: 8, transposeB: true, batch: 2, sharesB: true), GEMM(m: 4, n: 3, k: 0),
      GEMM(m: 2, n: 4200, k: 520), GEMM(m: 1, n: 130, k: 2500),
      GEMM(m: 3, n: 1031, k: 2050, transposeA: true),
      GEMM(m: 2, n: 64, k: 4100, batch: 2), GEMM(m: 130, n: 260, k: 8, transposeA: true),
      GEMM(m: 1, n: 70, k: 65, transposeA: true, transposeB: true),
      GEMM(m: 2, n: 3, k: 130, transposeB: true),
      GEMM(m: 3, n: 66, k: 201, transposeB: true, batch: 2), GEMM(m: 4, n: 5, k: 256, transposeB: true),
      GEMM(m: 4, n: 300, k: 263, transposeB: true, batch: 2, sharesA: true),
      GEMM(m: 2, n: 9, k: 1030, transposeB: true, batch: 2, sharesB: true),
      GEMM(m: 1, n: 1, k: 80, transposeB: true), GEMM(m: 3, n: 130, k: 3001, transposeB: true),
      GEMM(m: 70, n: 37, k: 32, batch: 2), GEMM(m: 40, n: 9, k: 0),
    ]
    let finished: [GEMM] = [
      GEMM(m: 14, n: 75, k: 9), GEMM(m: 14, n: 33, k: 700, transposeA: true), GEMM(m: 50, n: 90, k: 6),
      GEMM(m: 3, n: 75, k: 200, transposeB: true), GEMM(m: 27, n: 1, k: 70, batch: 2),
      GEMM(m: 14, n: 75, k: 1), GEMM(m: 20, n: 18, k: 1100), GEMM(m: 9, n: 21, k: 300, transposeB: true),
    ]
    return (plain + thin + long).map { $0.trial() }
      + finished.flatMap { g in Epilogue.trials.map { g.trial($0) } } + [
        GEMM(m: 2, n: 1031, k: 2050).trial(
          Epilogue(hasBias: true, hasScale: true, hasResidual: true, activation: .relu)),
        GEMM(m: 6, n: 37, k: 4, batch: 2).trial(
          Epilogue(hasBias: true, hasResidual: true, activation: .tanh)),
      ]
  }

  /// One column, one term or few, in every way that they can be stored.
  private static var thin: [GEMM] {
    [
      GEMM(m: 37, n: 1, k: 130), GEMM(m: 5, n: 1, k: 9, batch: 3),
      GEMM(m: 70, n: 1, k: 301, batch: 2, sharesA: true),
      GEMM(m: 14, n: 1, k: 66, batch: 2, sharesB: true), GEMM(m: 6, n: 1, k: 0), GEMM(m: 5, n: 70, k: 0),
      GEMM(m: 1, n: 1, k: 201), GEMM(m: 19, n: 1, k: 1), GEMM(m: 40, n: 200, k: 1),
      GEMM(m: 13, n: 67, k: 1, batch: 2), GEMM(m: 1, n: 9, k: 1), GEMM(m: 11, n: 331, k: 3),
      GEMM(m: 3, n: 700, k: 70), GEMM(m: 4, n: 1500, k: 128),
      GEMM(m: 29, n: 64, k: 4, batch: 2, sharesA: true),
    ].flatMap { product in
      [(false, false), (false, true), (true, false), (true, true)].map {
        var product = product
        (product.transposeA, product.transposeB) = $0
        return product
      }
    }
  }

  /// Few results over a long k, whose shares are summed apart, and more rows than one tile of dot products has.
  private static var long: [GEMM] {
    [
      GEMM(m: 60, n: 16, k: 2100), GEMM(m: 50, n: 33, k: 1030, transposeB: true),
      GEMM(m: 61, n: 9, k: 2500, transposeA: true, batch: 2),
      GEMM(m: 30, n: 17, k: 1100, transposeA: true, transposeB: true),
      GEMM(m: 13, n: 70, k: 2048), GEMM(m: 7, n: 1031, k: 2050),
      GEMM(m: 7, n: 9, k: 300, transposeB: true),
      GEMM(m: 12, n: 70, k: 401, transposeB: true, batch: 2, sharesB: true),
      GEMM(m: 16, n: 5, k: 513, transposeB: true),
      GEMM(m: 31, n: 19, k: 770, transposeB: true),
      GEMM(m: 11, n: 90, k: 270, transposeA: true, transposeB: true, batch: 2),
      GEMM(m: 6, n: 50, k: 385, transposeA: true, transposeB: true, batch: 2, sharesA: true),
    ]
  }

  static var largeGemm: [Trial] { [GEMM(m: 512, n: 512, k: 512).trial()] }
}
