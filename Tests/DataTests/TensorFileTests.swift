import MartletTestSupport
import Testing

@Suite struct TensorFileTests {
  @Test func tensorsReturnFromTheirFiles() throws {
    let folder = try temporaryFolder()
    let x = Tensor([[1, -2.5], [3, .infinity]])
    let indices = Tensor([7, -1] as [Int32])
    try x.write(npy: folder.appending("x.npy"))
    let read = try Tensor(npy: folder.appending("x.npy"))
    #expect(try read.hostArray() == x.hostArray())

    let file = folder.appending("both.safetensors")
    try Tensor.write(["x": x, "indices": indices], safetensors: file)
    let both = try Tensor.read(safetensors: file)
    #expect(both.keys.sorted() == ["indices", "x"])
    #expect(try both["x"]!.hostArray() == x.hostArray())
    #expect(try both["indices"]!.hostArray() == indices.hostArray())
  }
}
