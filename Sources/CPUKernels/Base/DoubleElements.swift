// Functions whose range reduction needs more than a float: plain loops in Double that the compiler vectorises.

/// Beyond this magnitude, sines and cosines are computed one by one in Double.
@inline(__always) private var largeAngle: Float { 8192 }

@inline(always) private func hasLargeAngle(_ x: Floats, _ count: Int) -> Bool {
  var found: Int32 = 0
  for i in 0..<count { found |= x[i].magnitude > largeAngle ? 1 : 0 }
  return found != 0
}

/// sin(x + quarters * pi / 2) in Double; exact to float32 up to |x| = 1e9, NaN for infinities.
@inline(always) private func slowSine(_ x: Float, _ quarters: Int) -> Float {
  if !x.isFinite { return .nan }
  let wide = Double(x)
  let n = (wide * 0.636_619_772_367_581_34).rounded(.toNearestOrEven)
  var r = wide - n * 1.570_796_326_734_125_6
  r -= n * 6.077_100_506_506_192e-11
  // Beyond 1e15 nothing is left of the angle; the result still lies between -1 and 1.
  r = r > 0.8 ? 0.8 : r < -0.8 ? -0.8 : r
  let turns = (Int(n.truncatingRemainder(dividingBy: 4)) + quarters) & 3
  let z = r * r
  let sine = r * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z / 362_880))))
  let cosine = 1 + z * (-0.5 + z * (1 / 24 + z * (-1 / 720 + z * (1 / 40_320 - z / 3_628_800))))
  let value = turns & 1 == 0 ? sine : cosine
  return Float(turns & 2 == 0 ? value : -value)
}

func elementsSine(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  if hasLargeAngle(x, count) {
    for i in 0..<count { y[i] = slowSine(x[i], 0) }
    return
  }
  var i = 0
  while i < count {
    let rest = count - i
    if rest >= lanes {
      store(sineAndCosine(load(x + i)).sine, y + i)
    } else {
      store(sineAndCosine(load(x + i)).sine, y + i, count: rest)
    }
    i += lanes
  }
}

func elementsCosine(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  if hasLargeAngle(x, count) {
    for i in 0..<count { y[i] = slowSine(x[i], 1) }
    return
  }
  var i = 0
  while i < count {
    let rest = count - i
    if rest >= lanes {
      store(sineAndCosine(load(x + i)).cosine, y + i)
    } else {
      store(sineAndCosine(load(x + i)).cosine, y + i, count: rest)
    }
    i += lanes
  }
}

/// ln(x) for positive finite x, to 1e-12.
@inline(always) private func logarithm(_ x: Double) -> Double {
  let pattern = Int64(bitPattern: x.bitPattern)
  let offset = pattern &- 0x3FE6_A09E_667F_3BCD
  let exponent = offset >> 52
  let m = Double(bitPattern: UInt64(bitPattern: pattern &- (exponent << 52)))
  // Small whole numbers as doubles without a conversion: their bits in the low end of 1.5 * 2^52.
  let e = Double(bitPattern: UInt64(bitPattern: exponent &+ 0x4338_0000_0000_0000)) - 6_755_399_441_055_744
  let s = (m - 1) / (m + 1)
  let z = s * s
  var p = 1.0 / 17
  p = p * z + 1.0 / 15
  p = p * z + 1.0 / 13
  p = p * z + 1.0 / 11
  p = p * z + 1.0 / 9
  p = p * z + 1.0 / 7
  p = p * z + 0.2
  p = p * z + 1.0 / 3
  return e * 0.693_147_180_559_945_3 + 2 * (s + s * z * p)
}

/// e^x to 1e-13, for |x| at most 700.
@inline(always) private func exponential(_ x: Double) -> Double {
  let t = x * 1.442_695_040_888_963_4 + 6_755_399_441_055_744
  let n = t - 6_755_399_441_055_744
  let r = x - n * 0.693_147_180_559_945_3
  var p = 1.0 / 39_916_800
  p = p * r + 1.0 / 3_628_800
  p = p * r + 1.0 / 362_880
  p = p * r + 1.0 / 40_320
  p = p * r + 1.0 / 5040
  p = p * r + 1.0 / 720
  p = p * r + 1.0 / 120
  p = p * r + 1.0 / 24
  p = p * r + 1.0 / 6
  p = p * r + 0.5
  p = p * r + 1
  p = p * r + 1
  let exponent = (t.bitPattern &- 0x4338_0000_0000_0000 &+ 1023) << 52
  return p * Double(bitPattern: exponent)
}

/// x^y, correctly rounded but for a few results in a million; every case as IEEE 754 has it.
@inline(always) private func power(_ x: Float, _ y: Float) -> Float {
  let base = x.magnitude
  // Above 2^24 every float is an even whole number.
  let small = y.magnitude < 16_777_216
  let whole = small ? Int32(y) : 0
  let isWhole = !small || Float(whole) == y
  let isOdd = isWhole && whole & 1 == 1
  let isOrdinary = base > 0 && base < .infinity
  let logarithm = logarithm(Double(isOrdinary ? base : 1))
  let exponent = (base == 0 ? -Double.infinity : base == .infinity ? Double.infinity : logarithm) * Double(y)
  let clipped = exponent > 200 ? 200 : exponent < -200 ? -200 : exponent
  var result = Float(exponential(clipped))
  result = base == 1 ? 1 : result
  result = x < 0 && base < .infinity && !isWhole ? .nan : result
  result = x.sign == .minus && isOdd ? -result : result
  result = x != x || y != y ? .nan : result
  return y == 0 || x == 1 ? 1 : result
}

/// y[i] = a[i] to the power b[i]
func elementsPower(
  _ a: Floats, _ aIsFull: Int, _ b: Floats, _ bIsFull: Int, _ y: MutableFloats, _ count: Int
) {
  if bIsFull == 0 {
    let exponent = b[0]
    for i in 0..<count { y[i] = power(a[i * aIsFull], exponent) }
  } else {
    for i in 0..<count { y[i] = power(a[i * aIsFull], b[i]) }
  }
}

/// y[i] = a[i] - floor(a[i] / b[i]) * b[i], exactly; 0 takes the sign of b.
func elementsRemainder(
  _ a: Floats, _ aIsFull: Int, _ b: Floats, _ bIsFull: Int, _ y: MutableFloats, _ count: Int
) {
  for i in 0..<count {
    let divisor = b[i * bIsFull]
    let rest = a[i * aIsFull].truncatingRemainder(dividingBy: divisor)
    if rest == 0 {
      y[i] = divisor < 0 ? -0.0 : 0
    } else {
      y[i] = (rest < 0) != (divisor < 0) && rest == rest ? rest + divisor : rest
    }
  }
}
