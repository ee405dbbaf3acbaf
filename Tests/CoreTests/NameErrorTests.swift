import MartletCore
import Testing

@Suite struct NameErrorTests {
  @Test(
    arguments: [
      ("kernelsize", "kernelSize"), ("kernel_size", "kernelSize"), ("filter_size", "kernelSize"),
      ("stride", "strides"), ("lr", "learningRate"), ("lerningRate", "learningRate"),
      ("no_such_thing_at_all", nil),
    ] as [(String, String?)])
  func theNearestNameIsSuggested(_ name: String, _ meant: String?) {
    let error = NameError(kind: "option", name: name, known: ["kernelSize", "strides", "learningRate"])
    #expect(
      error.description
        == "there is no option called \(name); there are kernelSize, strides, learningRate"
        + (meant.map { ". Did you mean \($0)?" } ?? ""))
  }
}
