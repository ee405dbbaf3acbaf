import Glibc
import MartletTestSupport
import Testing

@Suite struct CommandTests {
  @Test(arguments: [(nil, 1_668_490), ("32x32x3", 2_389_962)])
  func summaryCountsTheParametersOfTheLecturesNetwork(_ input: String?, _ parameters: Int) throws {
    let command =
      try input.map { try Command("summary", "--model", "basic-cnn", "--input", $0, "--json") }
      ?? Command("summary", "--model", "basic-cnn", "--json")
    #expect(command.status == 0)
    #expect(command.output.contains("\"parameters\":\(parameters),"))
  }

  @Test func trainingGivesTheSameWeightsWithAnyNumberOfThreads() throws {
    let hashes = try ["1", "2"].map { threads -> Substring in
      let command = try Command(
        "train", "--data", "shapes", "--steps", "6", "--batch-size", "48", "--seed", "3", "--threads",
        threads, "--json")
      #expect(command.status == 0, "\(command.errors)")
      let last = try #require(command.lines.last)
      return try #require(last.split(separator: "\"weights_sha256\":").last)
    }
    #expect(hashes[0] == hashes[1])
    #expect(hashes[0].count == 67)
  }

  /// Winograd's algorithms round differently, and this network has a convolution that they are faster for.
  @Test func theAlgorithmOfConvolutionsCanBeChosen() throws {
    let hashes = try [[], ["--convolution", "winograd4"], ["--convolution", "direct"]].map { options in
      let command = try Command(
        ["train", "--data", "shapes", "--steps", "2", "--batch-size", "48", "--seed", "3", "--json"] + options
      )
      #expect(command.status == 0, "\(command.errors)")
      return try #require(command.lines.last?.split(separator: "\"weights_sha256\":").last)
    }
    #expect(hashes[0] != hashes[2])
    #expect(hashes[1] != hashes[2])
  }

  /// Tuned, listed and taken: what a run says it used is what was saved, and another table is another summary.
  @Test func convolutionsCanBeTuned() throws {
    let folder = try temporaryFolder()
    defer { _ = system("rm -r '\(folder)'") }
    let environment = ["XDG_CACHE_HOME": folder.string]
    func run(_ line: String) throws -> Command {
      let command = try Command(line.split(separator: " ").map(String.init), environment: environment)
      #expect(command.status == 0 && command.errors == "", "\(line): \(command.errors)")
      return command
    }
    #expect(try run("tune --list").output == "")
    let table = try run("tune --model basic-cnn --batch-size 2 --table")
    #expect(table.lines.count == 5)
    #expect(table.lines[0].hasPrefix("forward 2x28x28x1 -> 26x26x32, kernel 3x3, "))
    #expect(try run("tune --list").output == "")
    let training = "train --data shapes --steps 1 --batch-size 2 --threads 1 --convolution tuned"
    let before = try run(training).lines[0]
    #expect(before.contains(", convolutions tuned "))
    let measured = try run("tune --model basic-cnn --batch-size 2 --threads 1 --json")
    #expect(measured.lines.count == 5)
    for line in measured.lines {
      for key in ["\"convolution\":", "\"microseconds\":{", "\"table\":", "\"tiles\":", "\"way\":"] {
        #expect(line.contains(key), "\(line)")
      }
    }
    let listed = try run("tune --list").lines
    #expect(listed.count == 5 && listed.allSatisfy { $0.contains(" 2x") && $0.contains("groups 1: ") })
    let after = try run(training).lines[0]
    #expect(after.contains(", convolutions tuned ") && after != before)
  }

  @Test func aRunIsWrittenAndEvaluated() throws {
    let folder = try temporaryFolder()
    let run = folder.appending("runs").appending("first")
    let training = try Command(
      "train", "--data", "shapes", "--steps", "3", "--batch-size", "16", "--output", run.string)
    #expect(training.status == 0, "\(training.errors)")
    #expect(training.lines.last == "written to \(run.string)")
    let drawings = hasImaging ? ["curves.png", "pictures/epoch-1.png"] : []
    for name in ["config.json", "weights.safetensors", "history.csv", "history.jsonl"] + drawings {
      #expect(File.exists(run.appending(name)))
    }
    let history = String(decoding: try File.read(run.appending("history.csv")), as: UTF8.self)
    #expect(history.hasPrefix("epoch,steps,loss,accuracy,val_loss,val_accuracy,seconds\n1,3,"))
    let evaluation = try Command("evaluate", "--run", run.string, "--show", "2")
    #expect(evaluation.status == 0, "\(evaluation.errors)")
    #expect(evaluation.lines[0].hasPrefix("basic-cnn on 2,000 test pictures of "))
    #expect(evaluation.lines.count > 14)
    let matrix = try Command("evaluate", "--run", run.string, "--confusion")
    #expect(matrix.lines.count == 13 && matrix.lines[1].hasPrefix("true \\ predicted"), "\(matrix.errors)")
    #expect(matrix.lines[12].hasPrefix("means over the classes: precision 0."))
  }

  @Test func aTaskNamesItsOwnMeasures() throws {
    let run = try temporaryFolder().appending("gan")
    let training = try Command(
      "train", "--model", "dcgan", "--data", "shapes", "--steps", "2", "--batch-size", "4", "--output",
      run.string)
    #expect(training.status == 0, "\(training.errors)")
    #expect(training.output.contains("  generator loss "))
    let history = String(decoding: try File.read(run.appending("history.csv")), as: UTF8.self)
    #expect(
      history.hasPrefix(
        "epoch,steps,loss,accuracy,generator_loss,val_loss,val_accuracy,val_generator_loss,"
          + "val_frechet_distance,seconds\n1,2,"))
    #expect(try Command("evaluate", "--run", run.string).status == 0)
    let drawing = try Command("evaluate", "--run", run.string, "--show", "1")
    #expect(drawing.errors == "martlet: --show draws the classes of pictures; dcgan has none\n")
  }

  /// Files and lines agree on the distances, and on the epoch that is the best by them.
  @Test func theBestEpochOfAGeneratorHasTheLeastDistance() throws {
    let folder = try temporaryFolder()
    let (archive, run) = (folder.appending("few.npz"), folder.appending("gan"))
    let few = Shapes.dataset(count: 24, height: 12, width: 12, channels: 1, seed: 5)
    try NumPyArchive.write(["images": few.images, "labels": few.labels], to: archive)
    let training = try Command(
      "train", "--model", "dcgan", "--data", archive.string, "--epochs", "3", "--batch-size", "8", "--json",
      "--output", run.string)
    #expect(training.status == 0, "\(training.errors)")
    func number(_ key: String, _ line: Substring) throws -> Double {
      let text = try #require(line.split(separator: "\"\(key)\":").dropFirst().first)
      return try #require(Double(text.prefix { $0 != "," && $0 != "}" }))
    }
    let distances = try training.lines.dropLast().map { try number("val_frechet_distance", $0) }
    let last = try #require(training.lines.last)
    #expect(try distances.count == 3 && distances[2] == number("frechet_distance", last))
    let best = distances.indices.min { distances[$0] < distances[$1] }! + 1
    #expect(try number("best_epoch", last) == Double(best))
    let table = String(decoding: try File.read(run.appending("history.csv")), as: UTF8.self)
    let rows = table.split(separator: "\n").map { $0.split(separator: ",") }
    let column = try #require(rows[0].firstIndex(of: "val_frechet_distance"))
    #expect(rows.dropFirst().map { Double($0[column]) } == distances)
    let resumed = try Command("train", "--resume", run.string, "--epochs", "4")
    let lines = resumed.lines.suffix(2)
    #expect(lines.last == "written to \(run.string)")
    #expect(
      lines.first?.hasPrefix("best.safetensors is of epoch ") == true
        && lines.first?.hasSuffix(", by validation frechet distance") == true, "\(resumed.errors)")
  }

  @Test func segmentationEndsWithATableOfTheClasses() throws {
    let run = try temporaryFolder().appending("masks")
    let loss = "crossentropy+dice:ignoreClass=255,classWeights=0.2/1/1/1/1/1/1/1/1/1/1"
    let training = try Command(
      "train", "--model", "fcn32s", "--data", "shapes", "--steps", "2", "--batch-size", "4", "--loss", loss,
      "--output", run.string)
    #expect(training.status == 0, "\(training.errors)")
    let table = training.lines.suffix(14).map { $0.split(separator: " ") }
    #expect(table[0] == ["class", "IoU", "accuracy", "pixels"])
    #expect(table[1].first == "background" && table[11].first == "bar" && table[11].count == 4)
    #expect(training.lines.suffix(2)[training.lines.endIndex - 2].contains(", mean IoU 0."))
    let history = String(decoding: try File.read(run.appending("history.csv")), as: UTF8.self)
    #expect(
      history.hasPrefix("epoch,steps,loss,accuracy,mean_IoU,val_loss,val_accuracy,val_mean_IoU,seconds\n"))
    let evaluation = try Command("evaluate", "--run", run.string)
    #expect(evaluation.lines[0].hasPrefix("fcn32s on 2,000 test pictures of shapes: accuracy 0."))
    #expect(evaluation.lines.suffix(12).map { $0.split(separator: " ") } == Array(table[0..<12]))
    let other = try Command("train", "--resume", run.string, "--steps", "3", "--loss", "dice")
    #expect(
      other.errors
        == "martlet: --loss dice contradicts the run, which has \(loss); leave it out, or start another run\n"
    )
    let json = try Command("train", "--resume", run.string, "--steps", "3", "--json")
    #expect(json.lines.last?.contains("\"mean_iou\":0.") == true, "\(json.errors)")
    let classes = try Command("evaluate", "--run", run.string, "--json")
    #expect(classes.output.contains("\"classes\":[{\"accuracy\":"))
    #expect(classes.output.contains("\"name\":\"background\",\"pixels\":"))
  }

  @Test func everyEpochAndTheEndAreJSONLines() throws {
    let command = try Command("train", "--data", "shapes", "--steps", "2", "--batch-size", "8", "--json")
    #expect(command.lines.count == 2)
    for key in ["test_accuracy", "test_loss", "seconds", "steps", "peak_memory_bytes", "weights_sha256"] {
      #expect(command.lines[1].contains("\"\(key)\":"))
    }
  }

  /// Each is one line on standard error, and no success.
  static let mistakes: [([String], String)] = [
    (
      ["train", "--model", "basic-cn"],
      "there is no model called basic-cn; there are basic-cnn, resnet20, resnet18, resnet50, alexnet, inception-3a, "
        + "unet, fcn32s, fcn16s, fcn8s, deconvnet, dcgan, wgan-gp. Did you mean basic-cnn?"
    ),
    (
      ["train", "--data", "shape"],
      "there is no data set called shape; there are fashion-mnist, mnist, cifar-10, cifar-100, shapes, "
        + "fashion-scenes, folder:DIR, FILE.npz, FILE.csv. Did you mean shapes?"
    ),
    (
      ["train", "--model", "unet", "--data", "fashion-mnist"],
      "fashion-mnist has no masks to learn from; shapes, fashion-scenes and folders with images and masks have"
    ),
    (
      ["train", "--data", "shapes", "--loss", "dice"],
      "--loss dice is for networks with a class for every pixel; basic-cnn is none"
    ),
    (
      ["train", "--model", "unet", "--data", "shapes", "--loss", "diec"],
      "there is no loss of pixels called diec; there are crossentropy, dice, crossentropy+dice. Did you mean dice?"
    ),
    (
      [
        "train", "--model", "fcn8s", "--data", "shapes", "--batch-size", "2", "--loss",
        "dice:classWeights=1/2",
      ],
      "--loss dice:classWeights=1/2 weighs 2 classes, and there are 11; write 11 weights, that of the background first, "
        + "or leave them out"
    ),
    (
      // Before anything is read: there is no such folder.
      [
        "train", "--model", "unet", "--data", "fashion-scenes", "--data-dir", "/no/such/folder", "--loss",
        "crossentropy:classWeights=0.2/1",
      ],
      "--loss crossentropy:classWeights=0.2/1 weighs 2 classes, and there are 11; write 11 weights, that of the "
        + "background first, or leave them out"
    ),
    (["train", "--batch-size", "0"], "--batch-size must be at least 1; received 0"),
    (["train", "--steps", "0"], "--steps must be at least 1; received 0"),
    (["train", "--epochs=-1"], "--epochs must be at least 1; received -1"),
    (
      ["train", "--learning-rate", "nan"],
      "--learning-rate must be a number that is not negative; received nan"
    ),
    (
      ["train", "--device", "gpu", "--data", "shapes"],
      "gpu: there is no such device; this machine has: \(Devices.names.joined(separator: ", "))"
    ),
    (
      ["train", "--threads", "0", "--data", "shapes"],
      "cpu: the number of threads must be 1 to 1024; received 0"
    ),
    (
      ["train", "--device", "cpu", "--require-gpu", "--data", "shapes"],
      "--require-gpu: cpu is no GPU"
        + (Devices.absenceOfOpenCL.map { "; there is no OpenCL: \($0)" } ?? "")
    ),
    (
      ["train", "--convolution", "fft"],
      "The value 'fft' is invalid for '--convolution <choice>'. Please provide one of 'auto', 'tuned', 'direct', 'winograd2' or 'winograd4'."
    ),
    (["train", "--colour"], "Unknown option '--colour'"),
    (
      ["summary", "--model", "basic-cnn", "--input", "28x28"],
      "an input is written HEIGHTxWIDTHxCHANNELS, as in 28x28x1, each 1 to 65536; received 28x28"
    ),
    (
      ["summary", "--model", "basic-cnn", "--input", "4x4x1"],
      "layers.2 (Conv2D): kernel 3 does not fit input 1x1 with padding .valid; the smallest input is 3x3, or use padding: .same"
    ),
    (["summary", "--model", "basic-cnn", "--classes", "0"], "--classes must be at least 1; received 0"),
    (["evaluate", "--run", "/nowhere"], "/nowhere: is not the folder of a run: it has no config.json"),
    (["evaluate", "--run", "/nowhere", "--show=-1"], "--show must not be negative; received -1"),
    (["tune"], "a network is needed: --model NAME, or --list"),
    (
      ["tune", "--list", "--model", "basic-cnn"],
      "--list is about all networks; leave out --model and --table"
    ),
    (
      ["tune", "--model", "basic-cnn", "--batch-size", "0"],
      "--batch-size must be 1 to 1048576; received 0"
    ),
    (["tune", "--model", "basic-cnn", "--classes", "0"], "--classes must be at least 1; received 0"),
    (["draw"], "Unexpected argument 'draw'"),
  ]

  @Test(arguments: mistakes)
  func aMistakeIsOneClearLine(_ arguments: [String], _ message: String) throws {
    let command = try Command(arguments)
    #expect(command.status != 0 && command.status > 0)
    #expect(command.errors == "martlet: \(message)\n")
  }

  @Test(arguments: [
    (
      "MARTLET_DEVICE", "foo",
      "foo: there is no such device; this machine has: \(Devices.names.joined(separator: ", "))"
    ),
    ("MARTLET_SIMD", "neon", "cpu: MARTLET_SIMD must be base, avx2 or avx512; received \"neon\""),
    (
      "MARTLET_CONVOLUTION", "fft",
      "cpu: MARTLET_CONVOLUTION must be auto, tuned, direct, winograd2 or winograd4; received \"fft\""
    ),
    ("MARTLET_NUM_THREADS", "two", "cpu: MARTLET_NUM_THREADS must be a positive number; received \"two\""),
  ])
  func aMistakeInTheEnvironmentIsOneClearLine(_ name: String, _ value: String, _ message: String) throws {
    for arguments in [["summary", "--model", "basic-cnn"], ["train", "--data", "shapes", "--steps", "1"]] {
      let command = try Command(arguments, environment: [name: value])
      #expect(command.status == 1)
      #expect(command.errors == "martlet: \(message)\n")
    }
  }

  @Test func aMissingDataSetSaysHowToGetIt() throws {
    let command = try Command("train", "--data", "fashion-mnist", "--data-dir", "/nowhere")
    #expect(command.status == 1)
    #expect(command.errors.contains("apt-get install dataset-fashion-mnist"))
    #expect(command.errors.split(separator: "\n").count == 1)
  }

  @Test func damagedRunsAreErrors() throws {
    let folder = try temporaryFolder()
    let configuration = folder.appending("config.json")
    try File.write(Array("{\"model\": 3".utf8), to: configuration)
    let broken = try Command("evaluate", "--run", folder.string)
    #expect(broken.status == 1)
    #expect(broken.errors.hasPrefix("martlet: \(configuration.string): is not a run's configuration"))
    let run = try Command(
      "train", "--data", "shapes", "--steps", "1", "--batch-size", "4", "--output", folder.string)
    #expect(run.status == 0)
    let weights = folder.appending("weights.safetensors")
    try File.write(Array(try File.read(weights).prefix(5000)), to: weights)
    let truncated = try Command("evaluate", "--run", folder.string)
    #expect(truncated.status == 1)
    #expect(truncated.errors.hasPrefix("martlet: \(weights.string): "))
  }

  @Test func devicesAreListed() throws {
    let command = try Command("devices")
    #expect(command.status == 0)
    // Without GPUs the CPU is the best device; OpenCL on the CPU stands behind it.
    let names = command.lines.compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(Set(names) == Set(Devices.names.dropFirst()))
    #expect(Devices.absenceOfOpenCL == nil || command.lines[0].hasPrefix("cpu  "))
  }
}
