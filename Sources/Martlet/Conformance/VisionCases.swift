import MartletLayers
import MartletTraining

/// Pictures: unpooling, what they look like, and how their masks agree.
enum VisionCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "GramMatrix":
      try reader.options.require("normalise", .string("H*W*C"))
      return try reader.answer { $0[0].gramMatrix() }
    case "TotalVariation": return try reader.answer { $0[0].totalVariation() }
    case "MaxUnpooling2D":
      return try reader.answer(layer: MaxUnpooling2D(reader.options.spatial("pool_size")), parameters: [])
    case "MeanIoU": return try agreement(reader)
    default: return nil
    }
  }

  /// Of predicted classes, as outputs that are 1 for their class.
  private static func agreement(_ reader: CaseReader) throws -> Answer {
    let classes = try reader.options.count("num_classes")
    let (truth, taken) = (try reader.tensor("y_true"), try reader.tensor("y_pred"))
    func value(_ metric: Metric) throws -> Tensor {
      Tensor(Float(try metric.value(of: taken.oneHot(classes), truth)))
    }
    func numbers(_ labels: Tensor) throws -> [Int] { try labels.elements(as: Int32.self).map(Int.init) }
    var matrix = ConfusionMatrix(classes: classes)
    matrix.add(predictions: try numbers(taken), labels: try numbers(truth))
    let counts = HostArray(matrix.counts.joined().map(Int32.init), shape: [classes, classes])
    return Answer(tensors: [
      "confusion": try Tensor(counts), "mean_iou": try value(.meanIoU()),
      "pixel_accuracy": try value(.accuracy),
    ])
  }
}
