#if Imaging
  import MartletData
  import MartletImaging

  /// Draws loss and measures of the epochs so far into a file after each one.
  public struct CurvesFile: Callback {
    public let path: FilePath
    public init(_ path: FilePath) { self.path = path }

    public func receive(_ event: TrainingEvent, from training: Training) throws {
      if case .epochEnded = event { try write(training.state.history) }
    }

    /// - Throws: `FileError`; the file is as it was then.
    public func write(_ history: History) throws {
      try Picture.write(history.plot().picture().hostArray, to: path)
    }
  }

  extension History {
    /// A panel of the loss and one of the measure that stands last, each with the curves of training and validation.
    public func plot() -> Plot {
      let names =
        ["loss"] + (first.map { ($0.validation ?? $0.training).measures.suffix(1).map(\.name) } ?? [])
      return Plot(names.map { Plot.Panel(title: $0, curves: curves(of: $0), horizontal: "epoch") })
    }

    private func curves(of name: String) -> [Plot.Curve] {
      let parts: [(name: String, color: ColorPicture.Color, result: (EpochRecord) -> BatchResult?)] = [
        ("train", .ofClass(5), { $0.training }), ("validation", .ofClass(6), { $0.validation }),
      ]
      return parts.compactMap { part in
        let points = compactMap { record in
          part.result(record)?[name].map { (x: Double(record.epoch), y: $0) }
        }
        return points.isEmpty ? nil : Plot.Curve(part.name, points, color: part.color)
      }
    }
  }
#endif
