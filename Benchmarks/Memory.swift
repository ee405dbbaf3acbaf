import ArgumentParser
import Glibc
import Martlet
import MartletCPU

/// What training steps take at most.
struct MemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory", abstract: "Bytes of training steps: the device's buffers and the process's growth."
  )
  @Option(help: "Threads; by default all processors.") var threads: Int?
  @Option(help: "Training steps of each network.") var steps = 3
  @Option(help: "What the device's buffers may take, in 10⁶ bytes.") var limit: Int?
  @Argument(help: "Names of networks; by default those that are compared with PyTorch.") var cases =
    BenchmarkCase.memoryNames

  func run() throws {
    print("| \(steps) training steps | MB of buffers | MB of the process | seconds | weights |")
    print("|---|--:|--:|--:|---|")
    for name in cases {
      guard let row = BenchmarkCase.models.first(where: { $0.name == name }) else {
        throw ValidationError("there is no network \(name)")
      }
      let use = try withContext(memoryLimit: limit.map { $0 * 1_000_000 }) {
        try MemoryUse(of: row, steps: steps, device: CPUDevice(threads: threads))
      }
      print(
        "| \(name) | \(column(use.buffers / 1e6)) | \(column(use.process / 1e6)) "
          + "| \(column(use.seconds, digits: 2)) | \(use.hash.prefix(8)) |")
    }
  }
}

extension BenchmarkCase {
  static let memoryNames = ["seedcnn_mnist", "resnet20_cifar", "unet_128", "alexnet_b8", "resnet50_b8"]
  /// A small network that every worker trains before it counts, so that code that is read from files, and threads, count
  /// for nobody.
  fileprivate static let warmUp: BenchmarkCase = {
    var row = BenchmarkCase("warm up", model: "resnet20", x: [2, 32, 32, 3])
    row.classes = 10
    return row
  }()
}

/// What a network's training takes, from before it is made to the end of a number of steps.
struct MemoryUse {
  /// The most bytes of the device's buffers.
  let buffers: Double
  /// By how much the process grew at most.
  let process: Double
  /// Of processor time that the steps took.
  let seconds: Double
  /// Of the weights in the end.
  let hash: String

  init(of row: BenchmarkCase, steps: Int, device: any Device) throws {
    (buffers, process, seconds, hash) = try withContext(device: device, seed: 1) {
      try BenchmarkCase.warmUp.networkWork(.train).run()
      device.trim()
      let before = Self.bytes("VmRSS")
      // "5" sets the high-water mark back to what is resident now.
      if let file = fopen("/proc/self/clear_refs", "w") {
        fputs("5", file)
        fclose(file)
      }
      let work = try row.networkWork(.train)
      let start = martlet_bench.seconds(of: CLOCK_PROCESS_CPUTIME_ID)
      for _ in 0..<steps { try work.run() }
      let time = martlet_bench.seconds(of: CLOCK_PROCESS_CPUTIME_ID) - start
      return (Double(device.memory.peak), Self.bytes("VmHWM") - before, time, try work.hash())
    }
  }

  /// A line of the kernel's account of this process.
  private static func bytes(_ name: String) -> Double {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split { $0 == ":" || $0 == " " || $0 == "\t" }
      if words.count > 1, words[0] == name { return (Double(words[1]) ?? 0) * 1024 }
    }
    return 0
  }
}
