import Glibc
import MartletTestSupport
import Synchronization
import Testing

/// Wrong files and wrong words on the command line: each is one line on standard error that says what is wrong, where,
/// and what would do.
struct WrongUseTests {
  @Test(arguments: idx + arrays + archives + tables + (hasImaging ? pictures : []) + weights + runs + places)
  func aWrongUseIsOneClearLine(_ use: WrongUse) throws {
    let folder = try temporaryFolder()
    defer { _ = system("rm -r '\(folder)'") }
    try use.make(folder)
    let run = use.arguments.contains { $0.hasPrefix("@run") } ? try Self.trainedRun() : folder
    func filled(_ text: String) -> String {
      var result = ""
      var rest = text[...]
      while let place = rest.firstIndex(of: "@") {
        result += rest[..<place]
        let isRun = rest[place...].hasPrefix("@run")
        result += isRun ? run.string : folder.string
        rest = rest[place...].dropFirst(isRun ? 4 : 1)
      }
      return result + rest
    }
    let command = try Command(use.arguments.map(filled))
    #expect(command.status > 0 && command.status < 128, "\(command.status)")
    #expect(command.errors == "martlet: \(filled(use.message))\n")
  }

  @Test func thereAreFortyAtLeast() {
    let all =
      Self.idx + Self.arrays + Self.archives + Self.tables + Self.pictures + Self.weights + Self.runs
      + Self.places
    #expect(all.count >= 40)
    #expect(Set(all.map(\.testDescription)).count == all.count)
    print("\(all.count) wrong uses")
  }

  /// One run for all, of one step on shapes.
  private static func trainedRun() throws -> FilePath {
    try run.withLock { run in
      if let run { return run }
      let folder = try temporaryFolder().appending("trained")
      let command = try Command(
        "train", "--data", "shapes", "--steps", "1", "--batch-size", "4", "--output", folder.string)
      guard command.status == 0 else { throw FileError(command.errors, path: folder) }
      run = folder
      return folder
    }
  }
  private static let run = Mutex<FilePath?>(nil)

  // MARK: - IDX and gzip

  private static let mnist = "train --data mnist --steps 1 --data-dir @"
  private static let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")

  /// MNIST's two files, one of them wrong.
  private static func digits(
    _ name: String, images: [UInt8] = Bytes.idx([3, 28, 28]), labels: [UInt8] = Bytes.idx([3]),
    ending: String = "", _ message: String
  ) -> WrongUse {
    WrongUse(name, mnist, message) { folder in
      try put(images, folder.appending(Self.images + ending))
      try put(labels, folder.appending(Self.labels))
    }
  }

  static let idx: [WrongUse] = [
    digits(
      "IDX cut off", images: Array(Bytes.idx([3, 28, 28]).dropLast(5)),
      "@/train-images-idx3-ubyte: announces 3x28x28 uint8, 2352 bytes, and holds 2347; copy or download it again"
    ),
    digits(
      "IDX cut off in its header", images: [0, 0, 8, 3, 0, 0],
      "@/train-images-idx3-ubyte: ends within the sizes of an IDX file; copy or download it again"),
    digits(
      "IDX that is a PNG", images: Bytes.png,
      "@/train-images-idx3-ubyte: is not an IDX file: it begins with the bytes 137, 80, where both must be 0"),
    digits(
      "IDX of another element type", images: [0, 0, 9, 1, 0, 0, 0, 1, 0],
      "@/train-images-idx3-ubyte: has the IDX element type 9; supported are 8 (uint8), 12 (int32) and 13 (float32)"
    ),
    digits(
      "IDX that is longer than it says", images: Bytes.idx([3, 28, 28]) + [1, 2],
      "@/train-images-idx3-ubyte: has 2 bytes more than the 2352 that its header announces; copy or download it again"
    ),
    digits(
      "IDX whose sizes are too large", images: [0, 0, 8, 3] + [UInt8](repeating: 0x7F, count: 12),
      "@/train-images-idx3-ubyte: the array has the sizes 2139062143x2139062143x2139062143, which no memory holds; copy or download it again"
    ),
    digits(
      "gzip cut off", images: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x63], ending: ".gz",
      "@/train-images-idx3-ubyte.gz: gzip data is cut off after 11 bytes; copy or download it again"),
    digits(
      "gzip damaged", images: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 0xFF, count: 30),
      ending: ".gz",
      "@/train-images-idx3-ubyte.gz: gzip data is damaged near byte 11: invalid block type; copy or download it again"
    ),
    digits(
      "gzip that is text", images: Bytes.text("<html>404</html>"), ending: ".gz",
      "@/train-images-idx3-ubyte.gz: is not an IDX file: it begins with the bytes 60, 104, where both must be 0"
    ),
    digits(
      "a label above the classes", labels: Bytes.idx([3], 12),
      "@/train-labels-idx1-ubyte: label 12 of image 0 is outside the classes 0..<10"),
    digits(
      "fewer labels than images", labels: Bytes.idx([2]),
      "@/train-labels-idx1-ubyte: each image needs one label; received 3 images, 2 labels"),
    digits(
      "labels where images should be", images: Bytes.idx([3]),
      "@/train-images-idx3-ubyte: holds 3 uint8; pictures are uint8 with three axes"),
    digits(
      "images where labels should be", labels: Bytes.idx([3, 1, 1]),
      "@/train-labels-idx1-ubyte: holds 3x1x1 uint8; labels are uint8 with one axis"),
    digits(
      "no pictures", images: Bytes.idx([0, 28, 28]), labels: Bytes.idx([0]),
      "mnist has no pictures to train; name a data set with at least one"),
    digits(
      "pictures that are too small", images: Bytes.idx([3, 5, 5]),
      "layers.2 (Conv2D): kernel 3 does not fit input 1x1 with padding .valid; the smallest input is 3x3, or use padding: .same"
    ),
    WrongUse(
      "a folder in an IDX file's place", mnist, "@/train-images-idx3-ubyte: is a folder; a file is needed"
    ) { folder in
      try File.createFolder(folder.appending(images))
      try put(Bytes.idx([3]), folder.appending(labels))
    },
    WrongUse(
      "MNIST without its files", mnist,
      "MNIST was not found in @ or @/mnist; put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each plain or with .gz, into one of these folders, or name their folder in MARTLET_DATA"
    ),
    WrongUse(
      "CIFAR cut off", "train --data cifar-10 --steps 1 --data-dir @",
      "@/data_batch_1.bin: has 3072 bytes, not a multiple of the 3073 of a picture; it is cut off, or not of CIFAR-10's binary version"
    ) { folder in
      for index in 1...5 {
        try put([UInt8](repeating: 0, count: 3072), folder.appending("data_batch_\(index).bin"))
      }
    },
    WrongUse(
      "CIFAR with a label above the classes", "train --data cifar-10 --steps 1 --data-dir @",
      "@/data_batch_1.bin: picture 0 has the label 77 at byte 0; it must be below 10"
    ) {
      for index in 1...5 {
        try put([UInt8](repeating: 77, count: 3073), $0.appending("data_batch_\(index).bin"))
      }
    },
  ]

  // MARK: - NumPy

  private static let predict = "predict --run @run --images @/x.npy"
  private static func array(_ name: String, _ bytes: [UInt8], _ message: String) -> WrongUse {
    WrongUse(name, predict, "x.npy", bytes, message)
  }

  /// A folder of two arrays, one of them wrong.
  private static func pair(
    _ name: String, images: [UInt8] = Bytes.npy("|u1", "(3, 28, 28)", 3 * 784),
    labels: [UInt8] = Bytes.npy("|u1", "(3,)", 3), _ message: String
  ) -> WrongUse {
    WrongUse(name, "train --data @/set/ --steps 1", message) { folder in
      try put(images, folder.appending("set/images.npy"))
      try put(labels, folder.appending("set/labels.npy"))
    }
  }

  static let arrays: [WrongUse] = [
    array(
      "npy that is text", Bytes.text("1 2 3\n"),
      "@/x.npy: is not a NumPy file: it does not begin with \\x93NUMPY; numpy.save writes such files"),
    array(
      "npy cut off", Array(Bytes.npy("|u1", "(1, 28, 28)", 784).dropLast(4)),
      "@/x.npy: announces 1x28x28 |u1, 784 bytes, and holds 780; copy or download it again"),
    array(
      "npy cut off in its header", Array(Bytes.npy("|u1", "(1, 28, 28)", 784).prefix(30)),
      "@/x.npy: ends within the NumPy header, which has 65 bytes; copy or download it again"),
    array(
      "npy of Python objects", Bytes.npy("|O", "(1, 28, 28)", 784),
      "@/x.npy: has the element type |O; supported are bool, whole numbers, float32 and float64"),
    array(
      "npy of complex numbers", Bytes.npy("<c8", "(1, 28, 28)", 8 * 784),
      "@/x.npy: has the element type <c8; supported are bool, whole numbers, float32 and float64"),
    array(
      "npy of several fields", Bytes.npy("[('a', '<f4')]", "(1,)", 4),
      "@/x.npy: has a damaged NumPy header: a string was expected; types of several fields are not supported; write it again with numpy.save"
    ),
    array(
      "npy with a size that is no number", Bytes.npy("|u1", "(x, 28)", 784),
      "@/x.npy: has a damaged NumPy header: a size was expected; write it again with numpy.save"),
    array(
      "npy of another size than the run's", Bytes.npy("|u1", "(1, 5, 5)", 25),
      "@/x.npy: the network takes pictures of N x 28x28x1, uint8 or float32; the file has 1x5x5 uint8"),
    array(
      "npy of whole numbers where pictures should be", Bytes.npy("<i4", "(1, 28, 28)", 4 * 784),
      "@/x.npy: the network takes pictures of N x 28x28x1, uint8 or float32; the file has 1x28x28 int32"),
    array(
      "npy without pictures", Bytes.npy("|u1", "(0, 28, 28)", 0),
      "@/x.npy: it holds no pictures; the network takes N x 28x28x1 with N at least 1"),
    WrongUse(
      "npy that is not there", predict,
      "@/x.npy: cannot open it for reading: No such file or directory; check its name"),
    WrongUse("npy that is a folder", predict, "@/x.npy: is a folder; a file is needed") {
      try File.createFolder($0.appending("x.npy"))
    },
    WrongUse(
      "npy behind a link that leads nowhere", predict,
      "@/x.npy: cannot open it for reading: No such file or directory; check its name"
    ) {
      symlink("/nowhere/x.npy", $0.appending("x.npy").string)
    },
    pair(
      "fewer label numbers than pictures", labels: Bytes.npy("|u1", "(2,)", 2),
      "@/set/images.npy and @/set/labels.npy: each image needs one label; received 3 images, 2 labels"),
    pair(
      "labels that are no whole numbers", labels: Bytes.npy("<f4", "(3,)", 12),
      "@/set/images.npy and @/set/labels.npy: labels are whole numbers of shape (N) or (N, 1); received 3 float32"
    ),
    pair(
      "labels below zero", labels: Bytes.npy("|i1", "(3,)", 0) + [0, 255, 0],
      "@/set/images.npy and @/set/labels.npy: label -1 of image 1 is outside the classes 0..<1"),
    pair(
      "labels far above all classes",
      labels: Bytes.npy("<i4", "(3,)", 0) + [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 0],
      "@/set/images.npy and @/set/labels.npy: the label 16777216 means more than 65536 classes; number them from 0"
    ),
    pair(
      "pictures with two axes", images: Bytes.npy("|u1", "(3, 784)", 3 * 784),
      "@/set/images.npy and @/set/labels.npy: images must be uint8 or float32 of shape (N, H, W, C); received 3x784 uint8"
    ),
    pair(
      "values that are no bytes", images: Bytes.npy("<i2", "(3, 28, 28)", 6 * 784 - 2) + [0, 1],
      "@/set/images.npy and @/set/labels.npy: images of whole numbers have values in 0...255; received 256"),
    pair(
      "a single picture", images: Bytes.npy("|u1", "(1, 28, 28)", 784), labels: Bytes.npy("|u1", "(1,)", 1),
      "set has too few pictures for a training and a test part: 1; at least 2 are needed"),
  ]

  // MARK: - npz

  private static let digitsArchive = "train --data @/digits.npz --steps 1"

  static let archives: [WrongUse] = [
    WrongUse(
      "npz that is text", digitsArchive, "digits.npz", Bytes.text("hello, world\n"),
      "@/digits.npz: is not a zip archive: it does not begin with PK; numpy.savez writes such files"),
    WrongUse(
      "npz that is not there", digitsArchive,
      "@/digits.npz: cannot open it for reading: No such file or directory; check its name"),
    WrongUse(
      "npz cut off", digitsArchive,
      "@/digits.npz: is cut off: the directory at the end of the zip archive is missing; copy or download it again"
    ) { folder in
      let bytes = try NumPyArchive.encode(["images": HostArray([1] as [UInt8])])
      try put(Array(bytes.dropLast(30)), folder.appending("digits.npz"))
    },
    WrongUse(
      "npz with other names", digitsArchive,
      "@/digits.npz: has the arrays x; a data set has images and labels, or x_train, y_train, x_test and y_test"
    ) {
      try NumPyArchive.write(["x": HostArray([1] as [UInt8])], to: $0.appending("digits.npz"))
    },
    WrongUse(
      "npz with a damaged entry", digitsArchive,
      "@/digits.npz: images.npy is damaged: its checksum is ef168989, and should be 5f650262; copy or download it again"
    ) { folder in
      var bytes = try NumPyArchive.encode([
        "images": HostArray([1, 2] as [UInt8]), "labels": HostArray([1, 2] as [UInt8]),
      ])
      bytes[60] ^= 4
      try put(bytes, folder.appending("digits.npz"))
    },
  ]

  // MARK: - CSV

  private static let digitsTable = "train --data @/digits.csv --steps 1"
  private static func table(_ name: String, _ bytes: [UInt8], _ message: String) -> WrongUse {
    WrongUse(name, digitsTable, "digits.csv", bytes, message)
  }

  static let tables: [WrongUse] = [
    table(
      "CSV without rows", [],
      "@/digits.csv: has no rows of numbers; a row holds the values of a picture and its label"),
    table(
      "CSV with too few columns", Bytes.text("1,2,3\n"),
      "@/digits.csv: line 1 has 3 columns; a picture and its label need 785"),
    table(
      "CSV with a word among its numbers", Bytes.table(["1", "2"]) + Bytes.table(["3"], last: "bird"),
      "@/digits.csv: line 3, column 784: \"bird\" is not a number; every field below the header is one"),
    table(
      "CSV with a label that is no whole number", Bytes.table(["1", "0.5"]),
      "@/digits.csv: line 2, column 785: the label \"0.5\" is not a whole number in 0..<65536"),
    table(
      "CSV with a quote that does not end", Bytes.table(["1"]) + Bytes.text("\"0,"),
      "@/digits.csv: line 2, column 1: a quote begins here and does not end; close it, or leave it out"),
    table(
      "CSV that is a PNG", Bytes.png, "@/digits.csv: line 1 has 1 columns; a picture and its label need 785"),
  ]

  // MARK: - Pictures

  private static let faces = "train --data folder:@/faces --steps 1"
  private static let segment = "segment --model unet --weights @/w.safetensors"
  private static func folder(_ name: String, _ files: [(String, [UInt8])], _ message: String) -> WrongUse {
    WrongUse(name, faces, message) { folder in
      for (file, bytes) in files { try put(bytes, folder.appending("faces/\(file)")) }
    }
  }

  static let pictures: [WrongUse] = [
    WrongUse(
      "a folder of pictures that is not there", faces,
      "@/faces: there is no such folder; name one with a sub-folder of pictures for each class"),
    WrongUse(
      "a folder without classes", faces,
      "@/faces: has no sub-folders; put the pictures of each class into a folder of its name"
    ) { try File.createFolder($0.appending("faces")) },
    WrongUse(
      "a class without pictures", faces,
      "@/faces/anna: has no PNG, JPEG, PGM or PPM pictures; put some there, or remove the folder"
    ) {
      try File.createFolder($0.appending("faces/anna"))
    },
    folder(
      "a class of pictures in another format", [("anna/1.gif", Bytes.png)],
      "@/faces/anna: has no PNG, JPEG, PGM or PPM pictures; convert 1.gif and the like to one of them"),
    folder(
      "JPEG that is a GIF", [("anna/1.jpg", Bytes.text("GIF89a"))],
      "@/faces/anna/1.jpg: is a picture in the format GIF, which is not read here; convert it to PNG or JPEG"),
    folder(
      "JPEG cut off", [("anna/1.jpg", [0xFF, 0xD8, 0xFF, 0xE0, 0, 16])],
      "@/faces/anna/1.jpg: is a damaged JPEG picture: Premature end of JPEG file; copy or download it again"),
    folder(
      "PGM that is half a PNG", [("anna/1.pgm", Bytes.png)],
      "@/faces/anna/1.pgm: is damaged at byte 8: there is no chunk"),
    folder(
      "PGM cut off", [("anna/1.pgm", Array(Bytes.pgm(28, 28).dropLast(9)))],
      "@/faces/anna/1.pgm: is cut off: 28x28 pixels of 1 values need 784 bytes after the header, and 775 are there; copy or download it again"
    ),
    folder(
      "PGM of no width", [("anna/1.pgm", Bytes.text("P5 0 28 255\n"))],
      "@/faces/anna/1.pgm: has 0 as the width; it must lie in 1...65535"),
    folder(
      "pictures of different sizes", [("anna/1.pgm", Bytes.pgm(28, 28)), ("anna/2.pgm", Bytes.pgm(28, 27))],
      "@/faces/anna/2.pgm: is a picture of 27x28x1, and @/faces/anna/1.pgm one of 28x28x1; all must have one size and the same channels, or be brought to one (train --image-size)"
    ),
    WrongUse(
      "a size of pictures that is none", "\(faces) --image-size 28x",
      "--image-size: a size of pictures is written HEIGHTxWIDTH, as in 96x128, or 96 for 96x96, each 1 to 65536; received 28x"
    ),
    WrongUse(
      "a size for pictures that are drawn", "train --data shapes --steps 1 --image-size 28",
      "only pictures in the files of a folder are brought to a size, 28x28; shapes has none"),
    WrongUse(
      "segments of a network that has none", "segment --run @run",
      "segment draws the classes of pixels; basic-cnn has none. unet learns them"),
    WrongUse(
      "segments of a folder without pictures", "\(segment) --images @",
      "@: has no pictures; there are none that end in .png, .jpg, .jpeg, .pgm, .ppm or .pnm"),
    WrongUse(
      "segments of no pictures", segment, "pictures are needed: --images FILE"),
    WrongUse(
      "segments of a folder in one file", "\(segment) --images @/faces --output @/all.png",
      "@/all.png: is the name of one file, and there are 2 pictures; name a folder"
    ) { folder in
      for name in ["1.pgm", "2.pgm"] { try put(Bytes.pgm(28, 28), folder.appending("faces/\(name)")) }
    },
    folder(
      "one picture in a folder", [("anna/1.pgm", Bytes.pgm(28, 28))],
      "faces has too few pictures for a training and a test part: 1; at least 2 are needed"),
    folder(
      "pictures that are too small for the network",
      [("anna/1.pgm", Bytes.pgm(6, 6)), ("bob/2.pgm", Bytes.pgm(6, 6))],
      "layers.2 (Conv2D): kernel 3 does not fit input 2x2 with padding .valid; the smallest input is 3x3, or use padding: .same"
    ),
    WrongUse(
      "masks of a folder that is not there", "train --model unet --data folder:@/cells --steps 1",
      "@/cells: there is no such folder; name one with images and masks in it"),
    WrongUse(
      "masks from pictures that have none", "train --model unet --data folder:@/faces --steps 1",
      "@/faces has no masks to learn from; shapes, fashion-scenes and folders with images and masks have"
    ) { try put(Bytes.pgm(8, 8), $0.appending("faces/images/1.pgm")) },
  ]

  // MARK: - Weights

  private static let evaluate = "evaluate --model basic-cnn --data shapes --weights @/w.safetensors"
  private static func weights(_ name: String, _ header: String, _ count: Int, _ message: String) -> WrongUse {
    WrongUse(name, evaluate, "w.safetensors", Bytes.safetensors(header, count), message)
  }

  static let weights: [WrongUse] = [
    WrongUse(
      "safetensors that is text", evaluate, "w.safetensors", Bytes.text("hello, world"),
      "@/w.safetensors: is not a safetensors file, or is cut off: it announces a header of 8583909746840200552 bytes and has 4 after that number; copy or download it again"
    ),
    WrongUse(
      "safetensors of three bytes", evaluate, "w.safetensors", [1, 2, 3],
      "@/w.safetensors: is not a safetensors file: it has 3 bytes, fewer than the 8 of a length"),
    weights(
      "safetensors that is no JSON", "{\"a\":", 0,
      "@/w.safetensors: has a damaged safetensors header: it is not JSON; copy or download it again"),
    weights(
      "safetensors that claims more than it has", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
      8,
      "@/w.safetensors: is cut off or damaged: array a ends at byte 16 of the data, which has 8; copy or download it again"
    ),
    weights(
      "safetensors whose arrays overlap",
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
      6, "@/w.safetensors: array b overlaps the one before it: it begins at byte 2 of the data, not at 4"),
    weights(
      "safetensors with a negative size", #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8,
      "@/w.safetensors: array a of type F32 and shape [-2] has 8 bytes; no size is negative"),
    weights(
      "safetensors with a size that does not fit", #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
      8, "@/w.safetensors: array a of type F32 and shape [3] has 8 bytes; it must have 12"),
    weights(
      "safetensors with its offsets exchanged", #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8,
      "@/w.safetensors: array a has the data offsets [8, 0]; they must be [begin, end]"),
    weights(
      "safetensors without a type", #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, 8,
      "@/w.safetensors: has a damaged safetensors header: dtype is missing in a; copy or download it again"),
    WrongUse(
      "weights of another model", "evaluate --run @run --weights @/w.safetensors",
      "@/w.safetensors does not fit the model: it lacks layers.0.bias, layers.0.kernel, layers.2.bias, layers.2.kernel, layers.5.bias, layers.5.kernel, layers.6.bias, layers.6.kernel; the model has no scale. Take the weights of this model"
    ) {
      try Safetensors.write(["scale": HostArray([1] as [Float])], to: $0.appending("w.safetensors"))
    },
    WrongUse(
      "weights of another type", "evaluate --run @run --weights @/w.safetensors",
      "@/w.safetensors does not fit the model: layers.6.bias is [3] I32 in the file and [10] here. Take the weights of this model"
    ) { folder in
      var arrays = try Safetensors.read(trainedRun().appending("weights.safetensors"))
      arrays["layers.6.bias"] = HostArray([1, 2, 3] as [Int32])
      try Safetensors.write(arrays, to: folder.appending("w.safetensors"))
    },
    WrongUse("weights that are a folder", evaluate, "@/w.safetensors: is a folder; a file is needed") {
      try File.createFolder($0.appending("w.safetensors"))
    },
    WrongUse(
      "weights that are not there", evaluate,
      "@/w.safetensors: cannot open it for reading: No such file or directory; check its name"),
  ]

  // MARK: - Runs

  private static let resume = "train --resume @/damaged"
  /// A copy of the trained run, changed.
  private static func damaged(
    _ name: String, _ arguments: String, _ message: String,
    _ change: @escaping @Sendable (RunFolder) throws -> Void
  ) -> WrongUse {
    WrongUse(name, arguments, message) { folder in
      let copy = RunFolder(folder.appending("damaged"))
      _ = system("cp -r '\(try trainedRun())' '\(copy.path)'")
      try change(copy)
    }
  }
  private static func configuration(_ name: String, _ old: String, _ new: String, _ message: String)
    -> WrongUse
  {
    damaged(name, "evaluate --run @/damaged", message) { run in
      let text = String(decoding: try File.read(run.configurationFile), as: UTF8.self)
      let place = try #require(text.firstRange(of: old))
      try put(Bytes.text(text.replacingCharacters(place, new)), run.configurationFile)
    }
  }

  static let runs: [WrongUse] = [
    WrongUse(
      "a run to go on with that is not there", "train --resume @/nowhere",
      "@/nowhere: is not the folder of a run: it has no config.json"),
    WrongUse(
      "a run to measure that is a file", "evaluate --run @/file", "file", [1],
      "@/file: is not the folder of a run: it has no config.json"),
    WrongUse(
      "evaluate without a run", "evaluate --data shapes",
      "a trained network is needed: --run DIR, or --model NAME --weights FILE"),
    WrongUse(
      "weights without a model", "evaluate --weights @/w.safetensors --data shapes",
      "a trained network is needed: --run DIR, or --model NAME --weights FILE"),
    WrongUse(
      "a run and a model", "evaluate --run @run --model basic-cnn",
      "--run knows its network; leave out --model, --input and --classes"),
    damaged(
      "config.json cut off", resume,
      "@/damaged/config.json: is not a run's configuration, restore it or start another run: it is not JSON"
    ) { run in
      try put(Array(try File.read(run.configurationFile).prefix(40)), run.configurationFile)
    },
    damaged(
      "config.json in another encoding", resume,
      "@/damaged/config.json: is not text: byte 27 does not belong to UTF-8; save it as UTF-8"
    ) { run in
      try put(try File.read(run.configurationFile).map { $0 == 0x73 ? 0xE9 : $0 }, run.configurationFile)
    },
    configuration(
      "config.json without a batch size", "\"batchSize\"", "\"batch\"",
      "@/damaged/config.json: is not a run's configuration, restore it or start another run: batchSize is missing"
    ),
    configuration(
      "config.json with an empty batch", "\"batchSize\" : 4", "\"batchSize\" : 0",
      "@/damaged/config.json: is not a run's configuration, restore it or start another run: batchSize is 0; it must be at least 1"
    ),
    configuration(
      "config.json with words for numbers", "\"epochs\" : 1", "\"epochs\" : \"one\"",
      "@/damaged/config.json: is not a run's configuration, restore it or start another run: epochs has another type"
    ),
    configuration(
      "config.json of an unknown model", "basic-cnn", "basic-cn",
      "@/damaged/config.json: is not a run's configuration, restore it or start another run: there is no model called basic-cn; there are basic-cnn, resnet20, resnet18, resnet50, alexnet, inception-3a, unet, fcn32s, fcn16s, fcn8s, deconvnet, dcgan, wgan-gp. Did you mean basic-cnn?"
    ),
    configuration(
      "config.json with a size of zero", "28,", "0,",
      "@/damaged/config.json: is not a run's configuration, restore it or start another run: input is [0, 28, 1]; it must be height, width and channels, each 1 to 65536"
    ),
    damaged(
      "a checkpoint cut off", resume,
      "@/damaged/checkpoint.safetensors: is not a safetensors file: it has 5 bytes, fewer than the 8 of a length"
    ) { run in
      // The length of its header, which comes next, depends on how long training took.
      try put(Array(try File.read(run.checkpointFile).prefix(5)), run.checkpointFile)
    },
    damaged(
      "a checkpoint with a flipped bit", resume,
      "@/damaged/checkpoint.safetensors: is damaged: its contents do not have the SHA-256 that it names; restore an earlier one, or start another run"
    ) { run in
      var bytes = try File.read(run.checkpointFile)
      bytes[bytes.count - 1000] ^= 1
      try put(bytes, run.checkpointFile)
    },
    damaged(
      "weights in a checkpoint's place", resume,
      "@/damaged/checkpoint.safetensors: is not a checkpoint of this version (martlet-checkpoint-2); martlet train writes such ones"
    ) { run in
      try put(try File.read(run.weightsFile), run.checkpointFile)
    },
    damaged(
      "a folder in a checkpoint's place", resume,
      "@/damaged/checkpoint.safetensors: is a folder; a file is needed"
    ) { run in
      try File.remove(run.checkpointFile)
      try File.createFolder(run.checkpointFile)
    },
    damaged(
      "a run without weights", "evaluate --run @/damaged",
      "@/damaged/weights.safetensors: cannot open it for reading: No such file or directory; check its name"
    ) { run in try File.remove(run.weightsFile) },
    WrongUse(
      "data of another size than the run's", "evaluate --run @run --data folder:@/faces",
      "the network was trained on pictures of 28x28x1 in 10 classes; faces has 5x5x1 in 2; take data of that kind, or another network"
    ) { folder in
      for file in ["anna/1.pgm", "anna/2.pgm", "bob/3.pgm"] {
        try put(Bytes.pgm(5, 5), folder.appending("faces/\(file)"))
      }
    },
  ]

  // MARK: - Places

  private static let train = "train --data shapes --steps 1 --batch-size 2"

  static let places: [WrongUse] = [
    WrongUse(
      "an output that is a file", "\(train) --output @/file", "file", [1],
      "@/file: cannot make this folder: File exists; choose another place"),
    WrongUse(
      "an output below a file", "\(train) --output @/file/run", "file", [1],
      "@/file: cannot make this folder: File exists; choose another place"),
    WrongUse(
      "an output where nothing can be written", "\(train) --output /proc/martlet/run",
      "/proc/martlet: cannot make this folder: No such file or directory; choose another place"),
    WrongUse(
      "an output whose config.json is a folder", "\(train) --output @/run",
      "@/run/config.json: cannot replace it: Is a directory; remove that folder, or choose another place"
    ) {
      try File.createFolder($0.appending("run/config.json"))
    },
    WrongUse(
      "reference cases that are not there", "conformance @/nowhere",
      "@/nowhere/index.json: cannot open it for reading: No such file or directory; check its name"),
    WrongUse(
      "reference cases without a format", "conformance @", "index.json", Bytes.text("{\"cases\": []}"),
      "@/index.json: is not an index of reference cases: format is missing"),
    WrongUse(
      "reference cases that are no JSON", "conformance @", "index.json", Bytes.text("[1, 2"),
      "@/index.json: is not an index of reference cases: it is not JSON"),
    WrongUse(
      "an input that is no size", "evaluate --model basic-cnn --weights w --input 28x28",
      "an input is written HEIGHTxWIDTHxCHANNELS, as in 28x28x1, each 1 to 65536; received 28x28"),
    WrongUse(
      "an input larger than any network takes", "summary --model basic-cnn --input 65536x65536x65536",
      "an input has at most 67108864 values; 65536x65536x65536 are 281474976710656"),
    WrongUse(
      "more classes than any network has", "summary --model basic-cnn --classes 9223372036854775807",
      "--classes must be at most 65536; received 9223372036854775807"),
    configuration(
      "config.json with a picture beyond all memory", "28,\n    28,\n    1\n", "65536,\n    65536,\n    3\n",
      "@/damaged/config.json: is not a run's configuration, restore it or start another run: input is [65536, 65536, 3]; a picture has at most 67108864 values"
    ),
    WrongUse(
      "a data set that is a file of another kind", "train --data @/digits.tar --steps 1", "digits.tar", [1],
      "@/digits.tar: is a file of another kind; name a folder, or a file with .npz, .csv or .csv.gz"),
  ]
}

extension String {
  /// This text with another one in a place of it.
  fileprivate func replacingCharacters(_ range: Range<String.Index>, _ text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
