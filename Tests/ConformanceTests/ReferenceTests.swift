import Glibc
import Martlet
import Testing

/// Runs the reference cases of `Tests/Reference` on every device, and holds the runner itself to its promises.
struct ReferenceTests {
  private static let folders = ["", "generated"].map { reference.appending($0) }

  /// The folder of the cases, found from this file.
  private static let reference = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .appending("Reference")

  @Test(arguments: Devices.all, folders)
  func committedCasesPass(_ device: TestDevice, _ folder: FilePath) throws {
    let report = try ConformanceRunner(ReferenceSet(folder), device: device.device).run()
    #expect(report.isComplete, "\(report.table)")
    #expect(report.results.count == report.passed && report.passed > 0)
  }

  /// Operations that run one by one, without a plan, compute the same.
  @Test(arguments: folders)
  func committedCasesPassWithoutPlans(_ folder: FilePath) throws {
    let report = try withContext(immediate: true) {
      try ConformanceRunner(ReferenceSet(folder), device: Devices.all[0].device).run()
    }
    #expect(report.isComplete, "\(report.table)")
  }

  // MARK: - What has to be noticed

  @Test func aPerturbedTensorFails() throws {
    for name in ["y", "dx", "dkernel", "dbias"] {
      let outcome = try Question().changed(name) { $0[0] += 0.01 }.outcome()
      guard case .failed(let reason, let error?) = outcome else {
        Issue.record("\(name): \(outcome)")
        continue
      }
      #expect(reason.hasPrefix("\(name): element 0 is "), "\(reason)")
      #expect(error > 1)
    }
    #expect(try Question().outcome() == .passed(worst: 0))
  }

  @Test func theToleranceIsRelativeToTheLargestElement() throws {
    // y is [3, 11], so 1e-4 * 11 is allowed.
    let close = try Question().changed("y") { $0[0] += 0.001 }.outcome()
    guard case .passed(let error) = close else {
      Issue.record("\(close)")
      return
    }
    #expect(error > 0.8 && error < 1)
    guard case .failed = try Question().changed("y", { $0[0] += 0.0012 }).outcome() else {
      Issue.record("an error above the tolerance passed")
      return
    }
  }

  @Test func aNumberInsteadOfNaNFails() throws {
    guard case .failed = try Question().changed("y", { $0[1] = .nan }).outcome() else {
      Issue.record("11 passed for NaN")
      return
    }
  }

  @Test func aTensorThatIsNotComputedFails() throws {
    var question = Question()
    question.tensors["dquestion"] = HostArray([1] as [Float])
    #expect(try question.outcome() == .failed("dquestion: not computed", worst: 0))
  }

  @Test func shapesThatDoNotFitFail() throws {
    var question = Question()
    question.tensors["bias"] = HostArray([1, 2, 3] as [Float])
    #expect(try question.outcome() == .failed("bias is 3; the layer expects 2", worst: nil))
  }

  @Test func whatTheLibraryLacksIsUnsupported() throws {
    var question = Question()
    question.op = "Conv7D"
    #expect(try question.outcome() == .unsupported("no operation Conv7D"))
    question = Question()
    question.options = #""units": 2, "lora_rank": 4"#
    #expect(
      try question.outcome()
        == .unsupported(
          "there is no option of Dense called lora_rank; there are units, activation, useBias"))
    question.options = #""units": 2, "activation": "sparsemax""#
    #expect(
      try question.outcome()
        == .unsupported(
          "there is no activation of Dense called sparsemax; there are linear, relu, relu6, leaky_relu, elu, selu, gelu, "
            + "sigmoid, tanh, softplus, softsign, silu, mish, exponential, hard_sigmoid, softmax, log_softmax"
        ))
    question.options = #""units": -2"#
    #expect(try question.outcome() == .unsupported("units of Dense is a whole number above 0; received -2"))
    question.options = ""
    #expect(try question.outcome() == .unsupported("Dense needs units, a whole number above 0"))
  }

  // MARK: - Damaged folders

  @Test func aTruncatedFileIsAnError() throws {
    try Question().write { folder in
      let path = folder.appending("dense.safetensors")
      let bytes = try File.read(path)
      for count in [0, 7, 100, bytes.count - 1] {
        try File.write(Array(bytes[..<count]), to: path)
        let error = #expect(throws: FormatError.self) {
          try ConformanceRunner(ReferenceSet(folder)).run()
        }
        #expect(error?.path == path.string)
      }
      try #require(path.withPlatformString { unlink($0) } == 0)
      #expect(throws: FileError.self) { try ConformanceRunner(ReferenceSet(folder)).run() }
    }
  }

  @Test func aShapeThatTheFileContradictsIsAnError() throws {
    try Question().write { folder in
      let path = folder.appending("dense.safetensors")
      try Safetensors.write(["dense.case/x": HostArray([1, 1, 1] as [Float])], to: path)
      let text = message { _ = try ConformanceRunner(ReferenceSet(folder)).run() }
      #expect(text == "\(path): array dense.case/x is [3]; the index promises [1, 2]")
    }
  }

  @Test func aDamagedIndexIsAnErrorThatNamesTheKey() throws {
    try Question().write { folder in
      let path = folder.appending("index.json")
      let damages = [
        ("{", "is not an index of reference cases: it is not JSON"),
        (#"{"cases": []}"#, "is not an index of reference cases: format is missing"),
        (
          #"{"format": 1, "cases": [{"name": 3}]}"#,
          "is not an index of reference cases: cases.[0].name is of another type than expected"
        ),
        (#"{"format": 2, "cases": []}"#, "has the format 2; this version reads format 1"),
      ]
      for (index, complaint) in damages {
        try File.write(Array(index.utf8), to: path)
        let text = message { _ = try ReferenceSet(folder) }
        #expect(text == "\(path): \(complaint)")
      }
    }
    let text = message { _ = try ReferenceSet("/no/such/folder") }
    #expect(
      text
        == "/no/such/folder/index.json: cannot open it for reading: No such file or directory; check its name"
    )
  }

  // MARK: - The report

  @Test func theSummaryIsTheLastLine() throws {
    var unknown = Question()
    unknown.op = "Conv7D"
    let wrong = try Question().changed("y") { $0[0] += 1 }
    let outcomes = try [Question().outcome(), wrong.outcome(), unknown.outcome()]
    let results = outcomes.enumerated().map {
      ConformanceResult(name: "dense.\($0)", group: "dense", outcome: $1)
    }
    let report = ConformanceReport(set: "test", device: "cpu", results: results)
    #expect(!report.isComplete)
    #expect(report.table.split(separator: "\n").last == "1 passed, 1 failed, 1 unsupported")
    #expect(report.table.contains("\nfailed  dense.1: y: element 0 is 3.0 instead of 4.0; "))
    #expect(report.table.contains("\nunsupported  1 of dense: no operation Conv7D\n"))
  }
}
