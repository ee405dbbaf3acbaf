// The vector of this module's instruction set. Modules of kernels hold leaf functions over pointers and nothing else:
// Array, classes, closures and print would emit weak copies of runtime functions compiled for this instruction set,
// which the linker may keep for the whole program.
//
// SIMD operations that fall back to scalar code, and are therefore not used: clamped, pointwiseMin, pointwiseMax,
// SIMD<Float>(SIMD<Int32>), min(), max(). A vector must never pass through a call that is not inlined.

#if AVX512
  typealias V = SIMD16<Float>
  typealias VI = SIMD16<Int32>
#elseif AVX2
  typealias V = SIMD8<Float>
  typealias VI = SIMD8<Int32>
#else
  typealias V = SIMD4<Float>
  typealias VI = SIMD4<Int32>
#endif
typealias Floats = UnsafePointer<Float>
typealias MutableFloats = UnsafeMutablePointer<Float>

/// Floats in one vector.
@inline(__always) var lanes: Int { MemoryLayout<V>.size / MemoryLayout<Float>.size }

/// One vector from memory of any alignment.
@inline(__always) func load(_ p: Floats) -> V { UnsafeRawPointer(p).loadUnaligned(as: V.self) }
@inline(__always) func load(_ p: MutableFloats) -> V { UnsafeRawPointer(p).loadUnaligned(as: V.self) }
@inline(__always) func load(_ p: UnsafePointer<Int32>) -> VI {
  UnsafeRawPointer(p).loadUnaligned(as: VI.self)
}

/// One vector to memory of any alignment.
@inline(__always) func store(_ v: V, _ p: MutableFloats) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: V.self)
}
@inline(__always) func store(_ v: VI, _ p: UnsafeMutablePointer<Int32>) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: VI.self)
}

// Halves by their bits: the standard library's are generic, and leave weak copies of themselves in a module that is
// compiled for one instruction set only.
extension SIMD8<Float> {
  @inline(always) var halves: (lower: SIMD4<Float>, upper: SIMD4<Float>) {
    unsafeBitCast(self, to: (SIMD4<Float>, SIMD4<Float>).self)
  }
}
extension SIMD16<Float> {
  @inline(always) var halves: (lower: SIMD8<Float>, upper: SIMD8<Float>) {
    unsafeBitCast(self, to: (SIMD8<Float>, SIMD8<Float>).self)
  }
}

/// The first `count` lanes to memory. A call that gets the vector in memory: inlined, it makes the compiler cut the
/// vectors before it into the parts that are stored.
@inline(__always) func store(_ v: V, _ p: MutableFloats, count: Int) {
  withUnsafePointer(to: v) { storePart($0, p, count) }
}

@inline(never) private func storePart(_ v: UnsafePointer<V>, _ p: MutableFloats, _ count: Int) {
  let v = v.pointee
  // Halves and quarters: taking out lanes one by one would spill the vector for each.
  var p = UnsafeMutableRawPointer(p)
  #if AVX512
    var eight = v.halves.lower
    if count >= 16 { return p.storeBytes(of: v, as: V.self) }
    if count & 8 != 0 {
      p.storeBytes(of: eight, as: SIMD8<Float>.self)
      p += 32
      eight = v.halves.upper
    }
  #elseif AVX2
    let eight = v
    if count >= 8 { return p.storeBytes(of: v, as: V.self) }
  #endif
  #if AVX512 || AVX2
    var four = eight.halves.lower
    if count & 4 != 0 {
      p.storeBytes(of: four, as: SIMD4<Float>.self)
      p += 16
      four = eight.halves.upper
    }
  #else
    let four = v
    if count >= 4 { return p.storeBytes(of: v, as: V.self) }
  #endif
  if count & 2 != 0 {
    p.storeBytes(of: four.x, as: Float.self)
    (p + 4).storeBytes(of: four.y, as: Float.self)
    if count & 1 != 0 { (p + 8).storeBytes(of: four.z, as: Float.self) }
  } else if count & 1 != 0 {
    p.storeBytes(of: four.x, as: Float.self)
  }
}

/// The first `count` lanes from memory, zeros in the others.
@inline(__always) func load(_ p: Floats, count: Int) -> V {
  var v = V.zero
  for lane in 0..<count { v[lane] = p[lane] }
  return v
}

/// a * b + c. x86-64 without FMA has no fused instruction, and `addingProduct` would call libm once a lane.
@inline(__always) func multiplyAdd(_ a: V, _ b: V, _ c: V) -> V {
  #if BASE && arch(x86_64)
    return a * b + c
  #else
    return c.addingProduct(a, b)
  #endif
}

/// The larger of each lane; `a` where either is not a number.
@inline(__always) func larger(_ a: V, _ b: V) -> V { a.replacing(with: b, where: a .< b) }

/// The lanes of `a` where those of the mask are positive, 0 elsewhere.
@inline(__always) func masked(_ a: V, _ mask: V) -> V { V.zero.replacing(with: a, where: V.zero .< mask) }

/// The smaller of each lane; `a` where either is not a number.
@inline(__always) func smaller(_ a: V, _ b: V) -> V { a.replacing(with: b, where: b .< a) }

/// The bits of a vector of floats as whole numbers, and back.
@inline(__always) func bits(_ v: V) -> VI { unsafeBitCast(v, to: VI.self) }
@inline(__always) func floats(_ v: VI) -> V { unsafeBitCast(v, to: V.self) }
