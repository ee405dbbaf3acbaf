// More functions by range reduction and short polynomials, next to those of VectorMath.swift. Polynomials: Moshier
// 1992, *Cephes Mathematical Library* (log, sin, cos); Abramowitz, Stegun 1964, formula 7.1.26 (erf); Giles 2010,
// *Approximating the erfinv function* (inverse normal distribution).

/// Rounds to nearest where added to a float32 of magnitude below 2^22: 1.5 * 2^23.
@inline(__always) private var magic: Float { 12_582_912 }

@inline(always) func splat(_ value: Float) -> V { V(repeating: value) }

/// c + x * p, one step of Horner's rule.
@inline(always) private func horner(_ p: V, _ x: V, _ c: Float) -> V { multiplyAdd(p, x, splat(c)) }

@inline(always) func magnitude(_ x: V) -> V { floats(bits(x) & VI(repeating: 0x7FFF_FFFF)) }

/// Whole numbers of magnitude below 2^22 as floats, without a conversion instruction that Swift would scalarise.
@inline(always) private func float(whole x: VI) -> V {
  floats(x &+ VI(repeating: 0x4B40_0000)) - splat(magic)
}

/// The natural logarithm with relative error at most 2e-7; -infinity at 0, NaN below.
@inline(always) func logarithm(_ value: V) -> V {
  let small = value .< splat(0x1p-126)
  let x = value.replacing(with: value * splat(8_388_608), where: small)
  // x = m * 2^e with m from sqrt(1/2) to sqrt(2).
  let offset = bits(x) &- VI(repeating: 0x3F35_04F3)
  let exponent = offset &>> VI(repeating: 23)
  let f = floats(bits(x) &- (exponent &<< VI(repeating: 23))) - splat(1)
  let whole = float(whole: exponent)
  let e = whole.replacing(with: whole - splat(23), where: small)
  var p = splat(7.037_683_629_2e-2)
  p = horner(p, f, -1.151_461_031_0e-1)
  p = horner(p, f, 1.167_699_874_0e-1)
  p = horner(p, f, -1.242_014_084_6e-1)
  p = horner(p, f, 1.424_932_278_7e-1)
  p = horner(p, f, -1.666_805_766_5e-1)
  p = horner(p, f, 2.000_071_476_5e-1)
  p = horner(p, f, -2.499_999_399_3e-1)
  p = horner(p, f, 3.333_333_117_4e-1)
  let z = f * f
  var y = p * f * z
  y = multiplyAdd(e, splat(-2.121_944_40e-4), y)
  y = multiplyAdd(z, splat(-0.5), y)
  var result = multiplyAdd(e, splat(0.693_359_375), f + y)
  result = result.replacing(with: splat(-.infinity), where: value .== splat(0))
  result = result.replacing(with: splat(.nan), where: value .< splat(0))
  return result.replacing(with: value, where: .!(value .< splat(.infinity)))
}

/// erf(x) with absolute error at most 3e-7: the power series below 1, and 1 - e^-x² times a polynomial above.
@inline(always) func errorFunction(_ x: V) -> V {
  let z = x * x
  var p = splat(1.480719282e-08)
  p = horner(p, z, -1.636584469e-07)
  p = horner(p, z, 1.646211437e-06)
  p = horner(p, z, -1.492565036e-05)
  p = horner(p, z, 1.205533298e-04)
  p = horner(p, z, -8.548327023e-04)
  p = horner(p, z, 5.223977625e-03)
  p = horner(p, z, -2.686617065e-02)
  p = horner(p, z, 1.128379167e-01)
  p = horner(p, z, -3.761263890e-01)
  p = horner(p, z, 1.128379167e+00)
  let a = magnitude(x)
  let t = splat(1) / multiplyAdd(a, splat(0.327_591_1), splat(1))
  var q = splat(1.061_405_429)
  q = horner(q, t, -1.453_152_027)
  q = horner(q, t, 1.421_413_741)
  q = horner(q, t, -0.284_496_736)
  q = horner(q, t, 0.254_829_592)
  let large = splat(1) - q * t * vexp(-z)
  let signed = floats(bits(large) | (bits(x) & VI(repeating: Int32.min)))
  return signed.replacing(with: p * x, where: a .< splat(1))
}

/// The sine and cosine of x with absolute error at most 1e-7 for |x| up to 8192.
@inline(always) func sineAndCosine(_ x: V) -> (sine: V, cosine: V) {
  let t = multiplyAdd(x, splat(0.636_619_772), splat(magic))
  let n = t - splat(magic)
  var r = multiplyAdd(n, splat(-1.570_312_5), x)
  r = multiplyAdd(n, splat(-4.837_512_969_970_703_125e-4), r)
  r = multiplyAdd(n, splat(-7.549_789_954_891_882_16e-8), r)
  let z = r * r
  var s = splat(-1.951_529_589_1e-4)
  s = horner(s, z, 8.332_160_873_6e-3)
  s = horner(s, z, -1.666_665_461_1e-1)
  let sine = multiplyAdd(s * z, r, r)
  var c = splat(2.443_315_711_809_948e-5)
  c = horner(c, z, -1.388_731_625_493_765e-3)
  c = horner(c, z, 4.166_664_568_298_827e-2)
  let cosine = multiplyAdd(c * z, z, multiplyAdd(z, splat(-0.5), splat(1)))
  let quadrant = bits(t)
  let swaps = (quadrant & VI(repeating: 1)) .== VI(repeating: 1)
  let sineSign = floats((quadrant &<< VI(repeating: 30)) & VI(repeating: Int32.min))
  let next = quadrant &+ VI(repeating: 1)
  let cosineSign = floats((next &<< VI(repeating: 30)) & VI(repeating: Int32.min))
  let sineCore = sine.replacing(with: cosine, where: swaps)
  let cosineCore = cosine.replacing(with: sine, where: swaps)
  return (floats(bits(sineCore) ^ bits(sineSign)), floats(bits(cosineCore) ^ bits(cosineSign)))
}

/// The number below which a standard normal variable lies with probability (1 + x) / 2, for |x| at most 0.99.
@inline(always) func inverseNormal(_ x: V) -> V {
  let w = -logarithm((splat(1) - x) * (splat(1) + x)) - splat(2.5)
  var p = splat(2.810_226_36e-08)
  p = horner(p, w, 3.432_739_39e-07)
  p = horner(p, w, -3.523_387_7e-06)
  p = horner(p, w, -4.391_506_54e-06)
  p = horner(p, w, 0.000_218_580_87)
  p = horner(p, w, -0.001_253_725_03)
  p = horner(p, w, -0.004_177_681_64)
  p = horner(p, w, 0.246_640_727)
  p = horner(p, w, 1.501_409_41)
  return p * x * splat(1.414_213_56)
}
