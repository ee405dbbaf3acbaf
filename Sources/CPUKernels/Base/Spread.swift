import MartletKernelTable

/// Brings the channels of pixels under the lanes of the results that they belong to. `planes` channels of a group go to
/// each of its `width` results, one plane after another:
///
///     to[(pixel * planes + plane) * toStride + n] = x[pixel * xStep + (first + n) / width * planes + plane]
///
/// for n < columns. Up to 15 floats behind what a plane has are written too, those of the last plane included.
func spreadChannels(
  _ x: Floats, _ xStep: Int, _ pixels: Int, _ shape: UnsafeRawPointer, _ to: MutableFloats
) {
  let shape = shape.assumingMemoryBound(to: ChannelSpread.self).pointee
  if shape.width == 1 {
    spreadOne(x, xStep, pixels, shape, to)
  } else if shape.width <= 4 {
    spread(x, xStep, pixels, shape, to) { x, to in
      UnsafeMutableRawPointer(to).storeBytes(of: SIMD4(repeating: x), as: SIMD4<Float>.self)
    }
  } else if shape.width <= 8 {
    spread(x, xStep, pixels, shape, to) { x, to in
      UnsafeMutableRawPointer(to).storeBytes(of: SIMD8(repeating: x), as: SIMD8<Float>.self)
    }
  } else {
    spread(x, xStep, pixels, shape, to) { x, to in
      UnsafeMutableRawPointer(to).storeBytes(of: SIMD16(repeating: x), as: SIMD16<Float>.self)
    }
  }
}

/// Groups from left to right, each with one store that may reach into those behind it, which follow.
@inline(__always)
private func spread(
  _ x: Floats, _ xStep: Int, _ pixels: Int, _ shape: ChannelSpread, _ to: MutableFloats,
  _ put: (Float, MutableFloats) -> Void
) {
  // A group that begins in the strip before this one has fewer columns here.
  let cut = shape.first % shape.width
  let head = cut == 0 ? 0 : shape.width &- cut
  var x = x + shape.first / shape.width &* shape.planes
  var to = to
  for _ in 0..<pixels {
    for plane in 0..<shape.planes {
      var from = x + plane
      var n = head
      if head > 0 {
        for i in 0..<head { to[i] = from.pointee }
        from += shape.planes
      }
      while n < shape.columns {
        put(from.pointee, to + n)
        from += shape.planes
        n &+= shape.width
      }
      to += shape.stride
    }
    x += xStep
  }
}

/// One result a group: the channels are sorted into planes.
@inline(__always)
private func spreadOne(
  _ x: Floats, _ xStep: Int, _ pixels: Int, _ shape: ChannelSpread, _ to: MutableFloats
) {
  var x = x + shape.first &* shape.planes
  var to = to
  for _ in 0..<pixels {
    for plane in 0..<shape.planes {
      var from = x + plane
      for n in 0..<shape.columns {
        to[n] = from.pointee
        from += shape.planes
      }
      to += shape.stride
    }
    x += xStep
  }
}
