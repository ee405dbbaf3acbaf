import COpenCL
import MartletCore
import Synchronization

/// How long a command ran, by the device's own clock.
public struct CommandTime: Sendable {
  /// The kernel, or `copy`, `upload`, `download`.
  public let name: String
  public let seconds: Double
}

/// The events of a queue's commands, kept until somebody asks for the times.
final class Profile: Sendable {
  private struct Command: @unchecked Sendable {
    let name: String
    let event: cl_event
  }
  private let commands = Mutex<[Command]>([])

  deinit {
    for command in commands.withLock({ $0 }) { _ = OpenCL.functions.clReleaseEvent(command.event) }
  }

  func note(_ event: cl_event, of name: String) {
    commands.withLock { $0.append(Command(name: name, event: event)) }
  }

  /// The times of all commands since the last call, which must have ended.
  func takeTimes(device: String) throws -> [CommandTime] {
    let taken = commands.withLock { commands in
      defer { commands = [] }
      return commands
    }
    defer { for command in taken { _ = OpenCL.functions.clReleaseEvent(command.event) } }
    return try taken.map { command in
      func time(_ key: Int32) throws -> cl_ulong {
        var nanoseconds: cl_ulong = 0
        let status = OpenCL.functions.clGetEventProfilingInfo(
          command.event, cl_profiling_info(key), MemoryLayout<cl_ulong>.size, &nanoseconds, nil)
        try OpenCL.check(status, "the time of \(command.name)", device: device)
        return nanoseconds
      }
      let (start, end) = (try time(CL_PROFILING_COMMAND_START), try time(CL_PROFILING_COMMAND_END))
      return CommandTime(name: command.name, seconds: end > start ? Double(end - start) * 1e-9 : 0)
    }
  }
}
