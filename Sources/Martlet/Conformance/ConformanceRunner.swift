import MartletData
import MartletDefinitions
import MartletLayers

/// Runs the cases of a reference set on a device and compares what comes out.
public struct ConformanceRunner {
  public let set: ReferenceSet
  public let device: any Device

  public init(_ set: ReferenceSet, device: (any Device)? = nil) {
    self.set = set
    self.device = device ?? Context.current.device
  }

  private static var families: [any CaseFamily.Type] {
    [
      BatchNormalizationCases.self, DropoutCases.self, LayerCases.self, MergeCases.self, SignalCases.self,
      LossCases.self, InitializerCases.self, OptimizerCases.self, ScheduleCases.self, NetworkCases.self,
      VisionCases.self,
    ]
  }

  /// Runs all cases.
  ///
  /// - Throws: `FileError` and `FormatError` where the set is damaged. Whatever a device or a layer throws is the
  ///   failure of its case.
  public func run() throws -> ConformanceReport {
    ConformanceReport(
      set: set.name, device: "\(device.name), \(device.summary)", results: try set.cases.map(run))
  }

  /// Runs one case.
  public func run(_ reference: ReferenceCase) throws -> ConformanceResult {
    let reader = CaseReader(reference, in: set)
    let outcome: ConformanceResult.Outcome
    do {
      outcome = try withContext(device: device, phase: .inference, seed: 0) { try answer(reader) }
    } catch let error as Unsupported {
      outcome = .unsupported(error.reason)
    } catch let error as KeywordError {
      outcome = .unsupported(error.description)
    } catch let error as NameError {
      outcome = .unsupported(error.description)
    } catch let error as FormatError {
      throw error
    } catch let error as FileError {
      throw error
    } catch {
      outcome = .failed("\(error)", worst: nil)
    }
    return ConformanceResult(name: reference.name, group: reference.group, outcome: outcome)
  }

  private func answer(_ reader: CaseReader) throws -> ConformanceResult.Outcome {
    for family in Self.families {
      guard let answer = try family.answer(reader) else { continue }
      try reader.options.checkAllRead()
      return try compare(answer, reader)
    }
    throw Unsupported("no operation \(reader.op)")
  }

  /// Every tensor that did not go in has to come out, and to be as close as the case demands.
  private func compare(_ answer: Answer, _ reader: CaseReader) throws -> ConformanceResult.Outcome {
    let reference = reader.reference
    var complaints: [String] = []
    var worst = 0.0
    for measure in answer.measures {
      let error = measure.value.isNaN ? .infinity : measure.value / measure.limit
      worst = max(worst, error)
      if error > 1 { complaints.append("\(measure.name): \(measure.value), limit \(measure.limit)") }
    }
    for name in reference.tensors.keys.sorted() where !reader.readTensors.contains(name) {
      guard let actual = answer.tensors[name] else {
        complaints.append("\(name): not computed")
        continue
      }
      let comparison = Comparison(
        try actual.hostArray(), try reader.expected(name), tolerance: reference.tolerance,
        isExact: reference.exact.contains(name))
      worst = max(worst, comparison.error)
      if let complaint = comparison.complaint { complaints.append("\(name): \(complaint)") }
    }
    guard answer.measures.count + answer.tensors.count > 0 else {
      return .failed("nothing was compared", worst: nil)
    }
    return complaints.isEmpty
      ? .passed(worst: worst) : .failed(complaints.joined(separator: "; "), worst: worst)
  }
}

/// How far an array is from its reference.
struct Comparison {
  /// The largest difference divided by what is allowed: up to 1 passes.
  let error: Double
  /// What is wrong, nil where the array passes.
  let complaint: String?

  /// max|a - b| ≤ tolerance * max(0.001, max|b|), and a is finite where b is; or, where it `isExact`, equality.
  init(_ actual: HostArray, _ reference: HostArray, tolerance: Double, isExact: Bool) {
    guard actual.shape == reference.shape else {
      error = .infinity
      complaint = "has the shape \(actual.shape) instead of \(reference.shape)"
      return
    }
    let (a, b) = (actual.doubles, reference.doubles)
    var scale = 1e-3
    for value in b where value.isFinite { scale = max(scale, value.magnitude) }
    let allowed = isExact ? 0 : tolerance * scale
    var largest = 0.0
    var place = 0
    for index in b.indices {
      let isSame = a[index] == b[index] || (a[index].isNaN && b[index].isNaN)
      var difference = isSame ? 0 : (a[index] - b[index]).magnitude
      if !difference.isFinite { difference = .infinity }
      if difference > largest { (largest, place) = (difference, index) }
    }
    guard largest > allowed else {
      error = allowed > 0 ? largest / allowed : 0
      complaint = nil
      return
    }
    error = allowed > 0 ? largest / allowed : .infinity
    complaint =
      "element \(place) is \(a[place]) instead of \(b[place]); "
      + (isExact
        ? "it must be equal" : "the difference is \(ConformanceReport.short(error)) times what is allowed")
  }
}
