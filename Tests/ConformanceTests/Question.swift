import Glibc
import Martlet

/// A set of one case that a test writes, runs, and changes before: x = [1, 2] times [[1, 1], [1, 5]], plus 0, and the
/// gradients for dy = [1, 2].
struct Question {
  var op = "Dense"
  var options = #""units": 2"#
  var tensors: [String: HostArray] = [
    "x": HostArray([1, 2] as [Float], shape: [1, 2]),
    "kernel": HostArray([1, 1, 1, 5] as [Float], shape: [2, 2]), "bias": HostArray([0, 0] as [Float]),
    "y": HostArray([3, 11] as [Float], shape: [1, 2]), "dy": HostArray([1, 2] as [Float], shape: [1, 2]),
    "dx": HostArray([3, 11] as [Float], shape: [1, 2]),
    "dkernel": HostArray([1, 2, 2, 4] as [Float], shape: [2, 2]), "dbias": HostArray([1, 2] as [Float]),
  ]

  /// The same with a change in one tensor.
  func changed(_ name: String, _ change: (inout [Float]) -> Void) throws -> Question {
    var result = self
    var values: [Float] = tensors[name]!.values()
    change(&values)
    result.tensors[name] = HostArray(values, shape: tensors[name]!.shape)
    return result
  }

  func outcome() throws -> ConformanceResult.Outcome {
    try write { try ConformanceRunner(ReferenceSet($0)).run().results[0].outcome }
  }

  /// Runs a closure with a folder that holds the case.
  func write<R>(_ body: (FilePath) throws -> R) throws -> R {
    let folder = FilePath("/tmp/martlet-reference-\(getpid())-\(UInt64.random(in: 0 ... .max))")
    try File.createFolder(folder)
    let files = ["index.json", "dense.safetensors"].map { folder.appending($0) }
    defer {
      for file in files { _ = file.withPlatformString { unlink($0) } }
      _ = folder.withPlatformString { rmdir($0) }
    }
    let shapes = tensors.map { #""\#($0)": \#($1.shape.sizes)"# }.joined(separator: ", ")
    let index = """
      {"format": 1, "cases": [{"name": "dense.case", "group": "dense", "op": "\(op)", "options": {\(options)},
      "tensors": {\(shapes)}, "file": "dense.safetensors", "tol": 1e-4}]}
      """
    try File.write(Array(index.utf8), to: files[0])
    let named = Dictionary(uniqueKeysWithValues: tensors.map { ("dense.case/\($0)", $1) })
    try Safetensors.write(named, to: files[1])
    return try body(folder)
  }
}

/// The error that a closure throws, as text; empty where it throws none.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}
