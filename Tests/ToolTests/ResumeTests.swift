import Glibc
import MartletTestSupport
import Testing

/// Runs that are killed, stopped, or find the disk full, and go on as if nothing had happened.
@Suite(.serialized) struct ResumeTests {
  private static let run = ["train", "--data", "shapes", "--batch-size", "8", "--seed", "5", "--json"]

  private static func hash(_ command: Command) throws -> Substring {
    let last = try #require(command.lines.last, "\(command.errors)")
    return try #require(last.split(separator: "\"weights_sha256\":").last)
  }

  private func folder() throws -> FilePath { try temporaryFolder().appending("run") }

  /// Waits until a file is there, for a minute at most.
  private func wait(for file: FilePath) throws {
    for _ in 0..<6_000 where !File.exists(file) { usleep(10_000) }
    guard File.exists(file) else { throw FileError("did not appear", path: file) }
  }

  /// `Tests/resume.sh 100` kills a hundred runs.
  @Test func killedRunsEndWithTheSameWeights() throws {
    let steps = Self.run + ["--steps", "8"]
    let clock = ContinuousClock()
    var whole: Substring = ""
    let duration = try clock.measure { whole = try Self.hash(try Command(steps)) }
    // Checkpoints after every step make it slower.
    let longest = Int(duration / .microseconds(1)) * 2
    let kills = getenv("MARTLET_KILLS").flatMap { Int(String(cString: $0)) } ?? 5
    var places: [String: Int] = [:]
    for _ in 0..<kills {
      let folder = try folder()
      let moment = Int.random(in: 0..<longest)
      let killed = try Command(steps + ["--checkpoint-every", "1", "--output", folder.string]) {
        usleep(UInt32(moment))
        kill($0, SIGKILL)
      }
      #expect(killed.status == -SIGKILL || killed.status == 0)
      let place: String
      var resumed = try Command(["train", "--resume", folder.string, "--json"])
      if resumed.status != 0 {
        place = "before the folder was made"
        #expect(resumed.errors.hasSuffix("is not the folder of a run: it has no config.json\n"))
        resumed = try Command(steps + ["--output", folder.string])
      } else if resumed.errors.contains("has no checkpoint yet; training starts at step 0") {
        place = "before the first checkpoint"
      } else {
        place = killed.status == 0 ? "after the end" : "between checkpoints"
      }
      places[place, default: 0] += 1
      #expect(try Self.hash(resumed) == whole, "killed after \(moment) µs, \(place)")
      #expect(system("ls -AR '\(folder)' | grep -q partial") != 0)
      try remove(folder)
    }
    print("\(kills) kills: " + places.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", "))
  }

  private func remove(_ folder: FilePath) throws { _ = system("rm -r '\(folder.removingLastComponent())'") }

  @Test(arguments: [(SIGTERM, 0, "SIGTERM"), (SIGINT, 130, "SIGINT")])
  func signalsEndARunAfterItsStep(_ signal: Int32, _ code: Int32, _ name: String) throws {
    let folder = try folder()
    let stopped = try Command(Self.run + ["--epochs", "1", "--output", folder.string]) {
      try wait(for: folder.appending("config.json"))
      kill($0, signal)
    }
    #expect(stopped.status == code, "\(stopped.errors)")
    let line = try #require(stopped.lines.last)
    #expect(line.hasSuffix("\"stopped_by\":\"\(name)\"}"))
    let steps = try #require(Int(line.dropFirst("{\"steps\":".count).prefix { $0.isNumber }))
    let resumed = try Command("train", "--resume", folder.string, "--steps", "\(steps + 2)", "--json")
    let whole = try Command(Self.run + ["--steps", "\(steps + 2)"])
    #expect(try Self.hash(resumed) == Self.hash(whole))
    let again = try Command("train", "--resume", folder.string, "--json")
    #expect(try again.lines.count == 1 && Self.hash(again) == Self.hash(whole))
    try remove(folder)
  }

  /// Under the first limits the weights do not fit; under the last one the moments beside them do not, and the
  /// checkpoint is the only file that is not written anew.
  @Test(arguments: [
    (8, "weights.safetensors"), (8_000, "weights.safetensors"), (16_000, "checkpoint.safetensors"),
  ])
  func aFullDiskLeavesTheOlderFiles(_ blocks: Int, _ name: String) throws {
    let folder = try folder()
    #expect(try Command(Self.run + ["--steps", "2", "--output", folder.string]).status == 0)
    let run = RunFolder(folder)
    let files = [run.checkpointFile, run.weightsFile, run.bestFile, run.historyFiles[0]]
    func hashes() throws -> [String] { try files.map { try SHA256.hex(ofFile: $0) } }
    let before = try hashes()
    let full = try Command(
      ["train", "--resume", folder.string, "--steps", "4", "--json"], fileBlocks: blocks)
    #expect(full.status == 1)
    #expect(
      full.errors
        == "martlet: \(folder.appending(name)): cannot write it: File too large; files may not be larger here: raise "
        + "the limit, or choose another place\n")
    let after = try hashes()
    #expect(after[0] == before[0])
    #expect(name == "checkpoint.safetensors" || after == before)
    #expect(system("ls -AR '\(folder)' | grep -q partial") != 0)
    let resumed = try Command("train", "--resume", folder.string, "--steps", "4", "--json")
    #expect(try Self.hash(resumed) == Self.hash(try Command(Self.run + ["--steps", "4"])))
    try remove(folder)
  }

  @Test func tensorBoardFollowsARunThatGoesOn() throws {
    let folder = try folder()
    let train = folder.appending("tensorboard/train")
    #expect(try Command(Self.run + ["--steps", "2", "--tensorboard", "--output", folder.string]).status == 0)
    #expect(try File.names(in: train).count == 1)
    let resumed = try Command("train", "--resume", folder.string, "--steps", "4", "--json")
    #expect(try Self.hash(resumed) == Self.hash(try Command(Self.run + ["--steps", "4"])))
    #expect(try File.names(in: train).count == 2)
    // Another run in the same folder begins anew.
    #expect(try Command(Self.run + ["--steps", "1", "--output", folder.string]).status == 0)
    #expect(!File.exists(folder.appending("tensorboard")))
    let nowhere = try Command(Self.run + ["--steps", "1", "--tensorboard"])
    #expect(
      nowhere.status > 0 && nowhere.errors.contains("--tensorboard needs a folder to write to: --output DIR"))
    try remove(folder)
  }

  @Test func damagedCheckpointsAndContradictionsAreOneClearLine() throws {
    let folder = try folder()
    let checkpoint = folder.appending("checkpoint.safetensors")
    #expect(try Command(Self.run + ["--steps", "2", "--output", folder.string]).status == 0)
    let contradictions = [
      (
        ["--model", "unet"],
        "--model unet contradicts the run, which has basic-cnn; leave it out, or start another run"
      ),
      (["--seed", "6"], "--seed 6 contradicts the run, which has 5; leave it out, or start another run"),
      (
        ["--batch-size", "9"],
        "--batch-size 9 contradicts the run, which has 8; leave it out, or start another run"
      ),
      (["--steps", "1"], "--steps 1 contradicts the run, which has 2; it can only grow"),
      (["--output", "/tmp/x"], "--resume \(folder) goes on in its own folder; leave out --output /tmp/x"),
    ]
    for (options, message) in contradictions {
      let command = try Command(["train", "--resume", folder.string] + options)
      #expect(command.status > 0)
      #expect(command.errors == "martlet: \(message)\n")
    }
    let good = try File.read(checkpoint)
    var flipped = good
    flipped[good.count / 2] ^= 4
    let damages: [([UInt8], String)] = [
      (flipped, "is damaged: its contents do not have the SHA-256 that it names"),
      (Array(good.prefix(good.count / 2)), "is cut off or damaged: array "),
      (Array("hello".utf8), "is not a safetensors file: it has 5 bytes, fewer than the 8 of a length"),
      (try Safetensors.encode([:]), "is not a checkpoint of this version (martlet-checkpoint-2)"),
    ]
    for (bytes, message) in damages {
      try File.write(bytes, to: checkpoint)
      let command = try Command("train", "--resume", folder.string)
      #expect(command.status == 1)
      #expect(command.errors.hasPrefix("martlet: \(checkpoint): \(message)"), "\(command.errors)")
      #expect(command.errors.split(separator: "\n").count == 1)
    }
    try remove(folder)
  }

  @Test func settingsComeFromAFileAndTheCommandLineGoesBeforeIt() throws {
    let folder = try folder()
    let file = folder.removingLastComponent().appending("settings.json5")
    try File.write(Array("{data: 'shapes', batchSize: 4, steps: 9, /* few */ seed: 3,}".utf8), to: file)
    let command = try Command(
      "train", "--config", file.string, "--steps", "2", "--output", folder.string, "--json")
    #expect(command.status == 0, "\(command.errors)")
    let saved = try RunFolder(folder).configuration()
    #expect((saved.data, saved.batchSize, saved.steps, saved.seed) == ("shapes", 4, 2, 3))
    let prediction = try Command(
      "predict", "--run", folder.string, "--weights", folder.appending("best.safetensors").string, "--count",
      "2", "--top", "1", "--json")
    #expect(prediction.lines.count == 2 && prediction.output.contains("\"probability\":"))
    for (text, message) in [
      ("{batch_size: 4}", "Did you mean batchSize?"),
      ("{batchSize: 'a'}", "The value 'a' is invalid for '--batch-size <n>'"),
      ("{epochs: 0}", "--epochs must be at least 1; received 0"), ("{", "it is not JSON"),
    ] {
      try File.write(Array(text.utf8), to: file)
      let mistake = try Command("train", "--config", file.string)
      #expect(
        mistake.status == 1 && mistake.errors.hasPrefix("martlet: \(file): ")
          && mistake.errors.hasSuffix("\(message)\n"), "\(mistake.errors)")
    }
    try remove(folder)
  }
}
