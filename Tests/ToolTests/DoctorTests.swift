import Glibc
import MartletTestSupport
import Testing

/// `martlet doctor` on the first device with OpenCL, with kernels that are spoiled on purpose.
@Suite(.enabled(if: Devices.absenceOfOpenCL == nil, "there is no OpenCL here"))
struct DoctorTests {
  /// The command with a cache of its own.
  private struct Machine {
    let cache: FilePath

    init() throws { cache = try temporaryFolder() }

    /// - Parameter signal: sent to the command as soon as it has something in quarantine.
    func run(_ line: String, breaking kernel: String? = nil, ending signal: Int32? = nil) throws -> Command {
      var environment = ["XDG_CACHE_HOME": cache.string]
      environment["MARTLET_BREAK_KERNEL"] = kernel
      // What PoCL has compiled does not depend on the test.
      environment["POCL_CACHE_DIR"] = getenv("HOME").map { "\(String(cString: $0))/.cache/pocl/kcache" }
      return try Command(line.split(separator: " ").map(String.init), environment: environment) { process in
        guard let signal else { return }
        let folder = cache.appending("martlet").appending("quarantine")
        for _ in 0..<6000 where !File.exists(folder) { usleep(10_000) }
        try #require(File.exists(folder))
        kill(process, signal)
      }
    }

    func remove() { _ = system("rm -r '\(cache)'") }
  }

  private static let training =
    "train --data shapes --steps 4 --batch-size 16 --seed 3 --threads 2 --json --device "

  /// The loss of the only epoch; nil where training failed.
  private func loss(_ command: Command) -> Double? {
    guard command.status == 0, let tail = command.lines.first?.split(separator: "\"loss\":").last else {
      return nil
    }
    return Double(tail.prefix { $0 != "," && $0 != "}" })
  }

  /// It is found, kept, shown, and run by the CPU: training gives what it gives there. When it is right again it comes
  /// back.
  @Test(arguments: [
    ("crossEntropyBackward", ["softmax-cross-entropy-backward"]),
    ("multiplyPanels", ["convolution", "convolution-backward-data", "gemm"]),
  ])
  func aBrokenKernelIsFoundAndReplaced(_ kernel: String, _ kinds: [String]) throws {
    let machine = try Machine()
    defer { machine.remove() }
    let expected = try #require(loss(machine.run(Self.training + "cpu")))
    let spoiled = try loss(machine.run(Self.training + "opencl", breaking: kernel))
    #expect(spoiled.map { !(abs($0 - expected) <= 1e-4 * expected) } ?? true)

    let doctor = "doctor --device opencl " + kinds.map { "--kernel \($0)" }.joined(separator: " ")
    let examined = try machine.run(doctor, breaking: kernel)
    #expect(examined.status == 1)
    for kind in kinds {
      #expect(examined.lines.contains { $0.hasPrefix("wrong  \(kind)") }, "\(examined.output)")
    }
    // Convolutions and products are tried as GPUs run them, too.
    let tried = kinds.count == 1 ? 1 : 2 * kinds.count
    let verdict = "opencl:0: \(kinds.count) of \(tried) kernels wrong, "
    #expect(examined.lines.last?.hasPrefix(verdict) == true, "\(examined.output)")

    let shown = "; the CPU runs \(kinds.joined(separator: ", "))"
    #expect(try machine.run("devices").lines.contains { $0.hasSuffix(shown) })
    let trained = try machine.run(Self.training + "opencl", breaking: kernel)
    let actual = try #require(loss(trained), "\(trained.errors)")
    #expect(abs(actual - expected) <= 1e-4 * expected, "\(actual) instead of \(expected)")
    for kind in kinds {
      let line = "opencl:0: `martlet doctor` found its \(kind) wrong; cpu runs it\n"
      #expect(trained.errors.split(separator: line, omittingEmptySubsequences: false).count == 2)
    }

    let healthy = try machine.run(doctor)
    #expect(healthy.status == 0 && !healthy.output.contains("quarantine"), "\(healthy.output)")
    #expect(!(try machine.run("devices").output.contains("the CPU runs")))
    #expect(try machine.run(Self.training + "opencl").errors == "")
  }

  @Test func aClearAnswerForMachinesToo() throws {
    let machine = try Machine()
    defer { machine.remove() }
    let doctor = "doctor --device opencl --json --kernel scatter-add"
    let wrong = try machine.run(doctor, breaking: "scatterAdd")
    #expect(wrong.status == 1 && wrong.lines.count == 2)
    #expect(wrong.lines[0].contains("\"kernel\":\"scatter-add\"") && !wrong.lines[0].contains("\"failed\":0"))
    #expect(wrong.lines[0].contains("\"naive\":{\"scatterAdd\":\"one item a column\"}"))
    #expect(wrong.lines[1].contains("\"quarantined\":[\"scatter-add\"]"))
    #expect(try machine.run("devices --json").output.contains("\"quarantined\":[\"scatter-add\"]"))
    // What was not examined stays where it is.
    #expect(try machine.run("doctor --device opencl --json --kernel fill").status == 0)
    #expect(try machine.run("devices --json").output.contains("\"quarantined\":[\"scatter-add\"]"))
    let right = try machine.run(doctor)
    #expect(right.status == 0 && right.lines[0].contains("\"failed\":0"))
    #expect(right.lines[1].contains("\"quarantined\":[]"))
  }

  /// A kernel that takes the process with it is not tried again; one that somebody did not want to wait for is.
  @Test func whatNeverEndsStaysInQuarantine() throws {
    let machine = try Machine()
    defer { machine.remove() }
    let doctor = "doctor --device opencl --kernel elementwise"
    #expect(try machine.run(doctor, ending: SIGKILL).status == -SIGKILL)
    let shown = "; the CPU runs elementwise"
    #expect(try machine.run("devices").lines.contains { $0.hasSuffix(shown) })
    let other = try Machine()
    defer { other.remove() }
    #expect(try other.run(doctor, ending: SIGINT).status == 128 + SIGINT)
    #expect(!(try other.run("devices").output.contains(shown)))
  }

  @Test func namesThatDoNotExistAreErrors() throws {
    let machine = try Machine()
    defer { machine.remove() }
    let kernel = try machine.run("doctor --device opencl --kernel gem")
    #expect(kernel.status == 1 && kernel.errors.hasSuffix(" Did you mean gemm?\n"))
    let broken = try machine.run("doctor --device opencl", breaking: "multipl")
    #expect(
      broken.errors.hasPrefix("martlet: opencl:0: MARTLET_BREAK_KERNEL: there is no kernel called multipl;"))
  }
}

/// The CPU needs no OpenCL to be examined.
@Suite struct DoctorOnTheCPUTests {
  @Test func examinesTheCPU() throws {
    let command = try Command("doctor", "--device", "cpu", "--kernel", "softmax", "--kernel", "top-k")
    #expect(command.status == 0, "\(command.output)")
    #expect(command.lines.last?.hasPrefix("cpu: 0 of 2 kernels wrong, ") == true)
  }
}
