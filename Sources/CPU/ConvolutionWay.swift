import MartletCore
import MartletKernelTable

/// The ways in which a pass of a convolution can be run. The first four are the direct algorithm, differently laid out.
public enum ConvolutionWay: String, Hashable, Sendable, CaseIterable {
  /// Tiles of results from gathered rows, and outer products for the gradient of the kernel. Runs everything.
  case tiles
  /// Neighbouring results along the lanes: few channels to few. See `PlanarConvolution`.
  case planar
  /// Products of all taps that are added where they belong: many channels to few. See `ScatterConvolution`.
  case scatter
  /// Columns of several groups along the lanes: narrow groups. See `ChannelwiseSource`.
  case channelwise
  /// See `ConvolutionAlgorithm`.
  case winograd2, winograd4

  /// What it computes, whatever the layout.
  public var algorithm: ConvolutionAlgorithm { ConvolutionAlgorithm(rawValue: rawValue) ?? .direct }

  init(_ algorithm: ConvolutionAlgorithm) { self = Self(rawValue: algorithm.rawValue) ?? .tiles }

  /// Whether it can run a pass at all: wherever it is thought to be fast, and where only its cost spoke against it.
  func canRun(_ task: ConvolutionTask, lanes: Int) -> Bool {
    let g = task.geometry
    let isBackward = task.pass == .backwardData
    let filters = isBackward ? g.inputChannels : g.outputChannels
    let hasUnitStrides = g.strides == Extent(repeating: 1)
    switch self {
    case .tiles: return true
    case .planar:
      let isOneLattice = isBackward ? hasUnitStrides : g.strides.width == 1
      let width = isBackward ? g.input.width : g.output.width
      return PlanarConvolution.suits(task.pass, g, lanes: lanes)
        || task.pass != .backwardKernel && g.groups == 1 && isOneLattice && width >= lanes
          && filters < min(lanes, MatrixKernels.blockRows)
    case .scatter:
      return ScatterConvolution.suits(task.pass, g, lanes: lanes)
        || task.pass != .backwardKernel && g.groups == 1 && (isBackward || hasUnitStrides) && filters < lanes
    case .channelwise: return ChannelwiseSource.suits(task.pass, g, lanes: lanes)
    case .winograd2, .winograd4: return algorithm.canRun(task.pass, g)
    }
  }

  /// Every way that can run a pass, the table's among them.
  static func all(for task: ConvolutionTask, lanes: Int) -> [ConvolutionWay] {
    allCases.filter { $0.canRun(task, lanes: lanes) }
  }

  /// The table: what is expected to be the fastest.
  init(for task: ConvolutionTask, lanes: Int) {
    let direct = Self(directFor: task, lanes: lanes)
    let isNarrow = direct == .planar || direct == .scatter
    let algorithm = isNarrow ? .direct : ConvolutionAlgorithm(for: task.pass, task.geometry)
    self = algorithm == .direct ? direct : Self(algorithm)
  }

  /// The table's way among those of the direct algorithm.
  init(directFor task: ConvolutionTask, lanes: Int) {
    self =
      PlanarConvolution.suits(task.pass, task.geometry, lanes: lanes)
      ? .planar
      : ScatterConvolution.suits(task.pass, task.geometry, lanes: lanes)
        ? .scatter : ChannelwiseSource.suits(task.pass, task.geometry, lanes: lanes) ? .channelwise : .tiles
  }

  /// The fastest of some ways by their times, which must be a tenth better than the direct ones to be worth
  /// Winograd's rounding, as in the table.
  public static func best(of times: [ConvolutionWay: Double]) -> ConvolutionWay {
    func time(_ way: ConvolutionWay) -> Double {
      (times[way] ?? .infinity) * (way.algorithm == .direct ? 0.9 : 1)
    }
    return allCases.min { time($0) < time($1) } ?? .tiles
  }
}
