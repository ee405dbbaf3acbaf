import FoundationEssentials
import Glibc
import Testing

/// The plan of the house, kept: which room may know which.
struct RoomsTests {
  /// The rooms that each room may import, directly or through another one.
  private static let allowed: [String: Set<String>] = {
    let core: Set = ["MartletCore"]
    let kernels: Set = [
      "MartletKernelTable", "MartletKernelsBase", "MartletKernelsAVX2", "MartletKernelsAVX512",
    ]
    let cpu = core.union(kernels)
    let openCL: Set = ["MartletCore", "MartletKernels", "COpenCL"]
    let tensor = cpu.union(openCL).union(["MartletCPU", "MartletOpenCL"])
    let layers = tensor.union(["MartletTensor"])
    let data = layers.union(["CZlib", "CMessageDigest"])
    let imaging = data.union(["MartletData", "CPNG", "CTurboJPEG"])
    let models = layers.union(["MartletLayers"])
    let training = imaging.union(["MartletLayers", "MartletImaging"])
    let martlet = models.union(training).union([
      "MartletModels", "MartletTraining", "MartletDefinitions",
    ])
    let tool = martlet.union(["Martlet"])
    let program = tool.union(["MartletTool"])
    return [
      "MartletCore": [], "MartletDefinitions": core, "MartletKernelTable": [], "MartletKernels": [],
      "COpenCL": [], "CZlib": [],
      "CMessageDigest": [], "CPNG": [], "CTurboJPEG": [], "MartletImaging": imaging,
      "MartletKernelsBase": ["MartletKernelTable"],
      "MartletKernelsAVX2": ["MartletKernelTable"], "MartletKernelsAVX512": ["MartletKernelTable"],
      "MartletCPU": cpu, "MartletOpenCL": openCL, "MartletTensor": tensor, "MartletLayers": layers,
      "MartletModels": models, "MartletData": data, "MartletTraining": training, "Martlet": martlet,
      "MartletTool": tool, "martlet": program, "martlet-bench": program,
    ]
  }()

  private struct Package: Decodable {
    struct Target: Decodable {
      var name: String
      var type: String
      var path: String
      var dependencies: [String]?

      enum CodingKeys: String, CodingKey {
        case name, type, path
        case dependencies = "target_dependencies"
      }
    }
    var targets: [Target]
  }

  /// The folder of Package.swift, found from this file's own place.
  private static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/")

  @Test func dependenciesGoOneWay() throws {
    let package = try describe()
    #expect(package.targets.contains { $0.name == "MartletCore" })
    for target in package.targets where target.path.hasPrefix("Sources/") || target.path == "Benchmarks" {
      guard let allowed = Self.allowed[target.name] else {
        Issue.record("\(target.name) has no place in the plan of rooms; add it to `allowed`")
        continue
      }
      for dependency in target.dependencies ?? [] where !allowed.contains(dependency) {
        Issue.record("\(target.name) may not depend on \(dependency); it may on \(allowed.sorted())")
      }
    }
  }

  /// What a file imports, whatever Package.swift says: modules of other rooms come along with those that are named.
  @Test func importsGoOneWay() throws {
    let names = Set(Self.allowed.keys)
    for target in try describe().targets {
      guard target.type != "system-target", let allowed = Self.allowed[target.name] else { continue }
      for file in swiftFiles(under: "\(Self.root)/\(target.path)") {
        for module in try imports(of: file) where names.contains(module) && module != target.name {
          #expect(allowed.contains(module), "\(file) imports \(module), which \(target.name) may not know")
        }
      }
    }
  }

  /// Foundation brings the tables of ICU; the engine needs not even the small part of it.
  @Test func foundationStaysOutside() throws {
    let engine = ["Core", "CPU", "CPUKernels", "OpenCL", "Tensor", "Layers"]
    let files = swiftFiles(under: "\(Self.root)/Sources")
    #expect(files.count > 10)
    for file in files {
      let modules = try imports(of: file)
      #expect(
        !modules.contains("Foundation"),
        "\(file) imports Foundation, which brings ICU; use FoundationEssentials, SystemPackage or Glibc")
      let room = file.dropFirst(Self.root.count + 9).prefix { $0 != "/" }
      #expect(
        !engine.contains(String(room)) || !modules.contains("FoundationEssentials"),
        "\(file) imports FoundationEssentials; \(room) uses the standard library, Synchronization and Glibc")
    }
  }

  /// Asks the package manager, in a build folder of its own: the usual one is locked while tests run.
  private func describe() throws -> Package {
    var template = Array("/tmp/martlet-rooms-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
    let scratch = String(cString: try #require(made))
    defer { _ = output("rm -rf '\(scratch)'") }
    let (text, status) = output(
      "cd '\(Self.root)' && swift package --scratch-path '\(scratch)' describe --type json 2>'\(scratch)/errors'"
    )
    try #require(status == 0, "swift package describe failed: \(output("cat '\(scratch)/errors'").text)")
    // What is printed before the description is about dependencies being fetched.
    let json = text.drop { $0 != "{" }
    return try JSONDecoder().decode(Package.self, from: Data(json.utf8))
  }

  private func output(_ command: String) -> (text: String, status: Int32) {
    guard let pipe = popen(command, "r") else { return ("", -1) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&piece, 1, piece.count, pipe)
      guard count > 0 else { break }
      bytes += piece[..<count]
    }
    return (String(decoding: bytes, as: UTF8.self), pclose(pipe))
  }

  private func swiftFiles(under folder: String) -> [String] {
    output("find '\(folder)' -name '*.swift'").text.split(separator: "\n").map(String.init).sorted()
  }

  /// The modules that a file imports, without attributes, access levels and the kind of a single declaration.
  private func imports(of file: String) throws -> [String] {
    let text = output("cat '\(file)'").text
    return text.split(separator: "\n").compactMap { line in
      var words = line.split(separator: " ").map(String.init)
      words.removeAll { $0.hasPrefix("@") || ["public", "internal", "package", "private"].contains($0) }
      guard words.count >= 2, words[0] == "import" else { return nil }
      let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
      return name.split(separator: ".").first.map(String.init)
    }
  }
}
