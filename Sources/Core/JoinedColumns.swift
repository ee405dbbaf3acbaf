extension ConvolutionGeometry {
  /// The geometry of the same backward-data pass with pixels of its result joined, where windows lie side by side along the
  /// width. All pixels of a row that a window reaches belong to one pixel of dy, and lie one behind the other, as channels do:
  ///
  ///     dx (height, width * strides, channels), kernel (height, strides, channels, filters)
  ///     dx (height, width, strides * channels), kernel (height, 1, strides * channels, filters)
  ///
  /// are the same numbers in the same order. So a transposed convolution of 2 x 2 with strides of 2 has two lattices of
  /// double columns, and writes rows without gaps.
  public var joiningColumns: ConvolutionGeometry? {
    guard groups == 1, kernel.width > 1, kernel.width == strides.width, dilation.width == 1,
      paddingBefore.width == 0, input.width == output.width * strides.width
    else { return nil }
    var joined = self
    joined.input.width = output.width
    joined.inputChannels *= kernel.width
    joined.kernel.width = 1
    joined.strides.width = 1
    return joined
  }
}
