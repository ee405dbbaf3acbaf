#if Imaging
  import ArgumentParser
  import Glibc
  import Martlet

  /// Files of pictures, their sizes, drawings.
  struct PicturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "pictures",
      abstract: "Milliseconds of processor time for a picture of 640x427 on one thread.",
      discussion: "`Benchmarks/peers/pictures.py DIR` times Pillow on the files of `--output DIR`.")
    @Option(name: .customLong("seconds"), help: "Seconds for each row.") var duration = 0.4
    @Option(help: "A folder to write the picture to.") var output: String?

    func run() throws {
      let picture = Shapes(height: 427, width: 640, channels: 3, seed: 1).picture(at: 4).image
      let (jpeg, png) = try (JPEG.encode(picture, quality: 95), PNG.encode(picture))
      if let output {
        try File.createFolder(FilePath(output))
        try File.write(jpeg, to: FilePath(output).appending("picture.jpg"))
        try File.write(png, to: FilePath(output).appending("picture.png"))
      }
      try row("decode JPEG, \(jpeg.count) bytes") { _ = try JPEG.decode(jpeg) }
      try row("encode JPEG, quality 95") { _ = try JPEG.encode(picture, quality: 95) }
      try row("decode PNG, \(png.count) bytes") { _ = try PNG.decode(png) }
      try row("encode PNG") { _ = try PNG.encode(picture) }
      for method in ResizeMethod.allCases {
        try row("to 224x224, \(method)") { _ = picture.resized(height: 224, width: 224, by: method) }
      }
      try row("to 854x1280, bilinear") { _ = picture.resized(height: 854, width: 1280) }
      let mask = HostArray([UInt8](repeating: 1, count: 427 * 640), shape: [427, 640])
      try row("under the colours of a mask") {
        _ = ColorPicture(picture).overlaid(mask: mask, outline: 2)
      }
      let plot = Self.plot(epochs: 100)
      try row("curves of 100 epochs, as PNG") { _ = try PNG.encode(plot.picture().hostArray) }
    }

    private static func plot(epochs: Int) -> Plot {
      let panels = ["loss", "accuracy"].map { title in
        let curves = ["train", "validation"].enumerated().map { index, name in
          let points = (1...epochs).map { (x: Double($0), y: 1 / Double($0 + index)) }
          return Plot.Curve(name, points, color: .ofClass(index + 5))
        }
        return Plot.Panel(title: title, curves: curves, horizontal: "epoch")
      }
      return Plot(panels)
    }

    private func row(_ name: String, _ body: () throws -> Void) throws {
      var times: [Double] = []
      let start = seconds()
      while times.count < 3 || seconds() < start + duration {
        let before = seconds(of: CLOCK_PROCESS_CPUTIME_ID)
        try body()
        times.append(seconds(of: CLOCK_PROCESS_CPUTIME_ID) - before)
      }
      print(column(name, width: 38) + column(times.min()! * 1e3, digits: 2))
    }
  }
#endif
