#if !Imaging
  /// Something that only a program with the trait Imaging can do.
  public struct WithoutImagingError: Error, CustomStringConvertible {
    public let description: String
    /// - Parameter what: what the program cannot do: `reads files of pictures`.
    public init(_ what: String) {
      description =
        "this program was built without Imaging, which \(what); build it without --disable-default-traits"
    }
  }
#endif
