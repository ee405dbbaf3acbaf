import Glibc
import MartletTestSupport

/// Runs a command that was built beside the tests, as a user would.
struct Command {
  let status: Int32
  let output: String
  let errors: String

  init(_ arguments: String...) throws { try self.init(arguments) }

  /// - Parameters:
  ///   - input: what it reads.
  ///   - fileBlocks: what the shell's `ulimit -f` allows a file, in 512 or 1024 bytes.
  ///   - during: called with the process while it runs.
  init(
    _ arguments: [String], of tool: String = "martlet", input: FilePath = "/dev/null",
    environment: [String: String] = [:], fileBlocks: Int? = nil, during: (pid_t) throws -> Void = { _ in }
  ) throws {
    let folder = try temporaryFolder()
    defer { _ = rmdir(folder.string) }
    let (output, errors) = (folder.appending("output"), folder.appending("errors"))
    defer {
      unlink(output.string)
      unlink(errors.string)
    }
    let limited = fileBlocks.map { ["/bin/sh", "-c", "ulimit -f \($0); exec \"$@\"", "sh"] } ?? []
    let process = try Self.spawn(
      limited + [Self.executable(tool).string] + arguments, environment: environment, input: input,
      output: output, errors: errors)
    do { try during(process) } catch {
      kill(process, SIGKILL)
      _ = Self.wait(process)
      throw error
    }
    status = Self.wait(process)
    self.output = String(decoding: try File.read(output), as: UTF8.self)
    self.errors = String(decoding: try File.read(errors), as: UTF8.self)
  }

  var lines: [Substring] { output.split(separator: "\n") }

  /// The products lie beside the binary of the tests.
  private static func executable(_ name: String) -> FilePath {
    var path = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &path, path.count)
    let binary = FilePath(
      String(decoding: path[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    return binary.removingLastComponent().appending(name)
  }

  private static func spawn(
    _ arguments: [String], environment: [String: String], input: FilePath, output: FilePath,
    errors: FilePath
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Threads of tests may block signals, which their children would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    posix_spawn_file_actions_addopen(&actions, 0, input.string, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output.string, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors.string, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let words = arguments.map { strdup($0) } + [nil]
    let inherited = ["PATH", "HOME", "LD_LIBRARY_PATH", "OCL_ICD_VENDORS", "MARTLET_SIMD"].compactMap {
      (name: String) -> String? in
      getenv(name).map { "\(name)=\(String(cString: $0))" }
    }
    let variables = (inherited + environment.map { "\($0)=\($1)" }).map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    var process = pid_t()
    let code = posix_spawn(&process, arguments[0], &actions, &attributes, words, variables)
    guard code == 0 else {
      throw FileError("cannot run it: \(String(cString: strerror(code)))", path: FilePath(arguments[0]))
    }
    return process
  }

  /// The exit code, or the negative number of the signal that ended the process.
  private static func wait(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }
}
