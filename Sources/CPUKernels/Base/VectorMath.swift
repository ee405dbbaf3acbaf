// exp, tanh and sigmoid by polynomials of our own, the same on every machine with fused multiply-add.
// Relative error at most 2e-7 where the result is a normal number; NaN passes through, infinities give the limits.
// Polynomials: Moshier (1992), *Cephes Mathematical Library*, single precision.

/// e to the power x. x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts so that n ln 2 is exact.
@inline(always) func vexp(_ x: V) -> V {
  let (shifted, q) = exponentialParts(smaller(larger(x, V(repeating: -104)), V(repeating: 89)))
  // 2^n in two factors, so that results near the ends of the range neither overflow early nor vanish.
  let whole = bits(shifted) &- VI(repeating: 0x4B40_0000)
  let half = whole &>> VI(repeating: 1)
  let rest = whole &- half
  let first = floats((half &+ VI(repeating: 127)) &<< VI(repeating: 23))
  let second = floats((rest &+ VI(repeating: 127)) &<< VI(repeating: 23))
  return q * first * second
}

/// e to the power x for x up to 0, the same bits with fewer instructions; 0 where that is below every normal number.
@inline(always) func vexpOfNegative(_ x: V) -> V {
  let (shifted, q) = exponentialParts(larger(x, V(repeating: -88)))
  return q * floats((bits(shifted) &- VI(repeating: 0x4B40_0000 - 127)) &<< VI(repeating: 23))
}

/// n in the low bits of a number, and e^r.
@inline(always) private func exponentialParts(_ x: V) -> (shifted: V, q: V) {
  // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
  let magic = V(repeating: 12_582_912)
  let shifted = multiplyAdd(x, V(repeating: 1.442_695_04), magic)
  let n = shifted - magic
  var r = multiplyAdd(n, V(repeating: -0.693_145_752), x)
  r = multiplyAdd(n, V(repeating: -1.428_606_77e-6), r)
  var p = V(repeating: 1.987_569_15e-4)
  p = multiplyAdd(p, r, V(repeating: 1.398_199_95e-3))
  p = multiplyAdd(p, r, V(repeating: 8.333_452_05e-3))
  p = multiplyAdd(p, r, V(repeating: 4.166_579_62e-2))
  p = multiplyAdd(p, r, V(repeating: 1.666_666_57e-1))
  p = multiplyAdd(p, r, V(repeating: 0.5))
  return (shifted, multiplyAdd(p, r * r, r + V(repeating: 1)))
}

/// 1 / (1 + e^-x).
@inline(always) func vsigmoid(_ x: V) -> V {
  let one = V(repeating: 1)
  return one / (one + vexp(-x))
}

/// An odd polynomial below 0.625, (1 - e) / (1 + e) with e = exp(-2|x|) above.
@inline(always) func vtanh(_ x: V) -> V {
  let one = V(repeating: 1)
  let magnitude = floats(bits(x) & VI(repeating: 0x7FFF_FFFF))
  let sign = bits(x) & VI(repeating: Int32.min)
  let e = vexp(magnitude * V(repeating: -2))
  let large = floats(bits((one - e) / (one + e)) | sign)
  let z = x * x
  var p = V(repeating: -5.704_988_727_45e-3)
  p = multiplyAdd(p, z, V(repeating: 2.063_908_879_54e-2))
  p = multiplyAdd(p, z, V(repeating: -5.373_971_555_31e-2))
  p = multiplyAdd(p, z, V(repeating: 1.333_144_220_36e-1))
  p = multiplyAdd(p, z, V(repeating: -3.333_328_194_22e-1))
  let small = multiplyAdd(p * z, x, x)
  return large.replacing(with: small, where: z .< V(repeating: 0.390_625))
}
