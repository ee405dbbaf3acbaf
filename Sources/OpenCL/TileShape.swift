import MartletCore

/// How a product is cut into tiles on a kind of device: the macros of gemm.cl and panels.cl.
public struct TileShape: Hashable, Sendable {
  /// The kind of device that it is made for.
  public let name: String
  /// Columns of a vector.
  public var vector: Int
  /// Rows and vectors of an item.
  public var rows: Int
  public var vectors: Int
  /// Items of a group, down and across.
  public var itemsDown: Int
  public var itemsAcross: Int
  /// Depth of a slab in local memory; nil where matrices are read from where they are.
  public var slab: Int?

  /// An item is a tile in the vector registers of a CPU.
  public static let cpu = TileShape(
    name: "cpu", vector: 16, rows: 12, vectors: 2, itemsDown: 1, itemsAcross: 1, slab: nil)
  /// 256 items make 128 x 128 results, and share slabs in local memory.
  public static let gpu = TileShape(
    name: "gpu", vector: 4, rows: 8, vectors: 2, itemsDown: 16, itemsAcross: 16, slab: 16)
  public static let all = [cpu, gpu]

  /// The tiles for so many columns: one vector wide on CPUs, where two would leave more of them empty.
  func fitting(columns: Int) -> TileShape {
    guard isForCPUs else { return self }
    func padded(_ width: Int) -> Int { (columns + width - 1) / width * width }
    var narrow = self
    narrow.vectors = 1
    return padded(narrow.columnsOfGroup) < padded(columnsOfGroup) * 7 / 8 ? narrow : self
  }

  init(for hardware: Hardware) { self = hardware.isGPU && hardware.hasLocalMemory ? .gpu : .cpu }

  private init(
    name: String, vector: Int, rows: Int, vectors: Int, itemsDown: Int, itemsAcross: Int, slab: Int?
  ) {
    self.name = name
    self.vector = vector
    self.rows = rows
    self.vectors = vectors
    self.itemsDown = itemsDown
    self.itemsAcross = itemsAcross
    self.slab = slab
  }

  /// Whether items take vectors, and have no local memory to share.
  var isForCPUs: Bool { slab == nil }
  /// Items of a group where each has much to do: few on CPUs, so that all processors get some.
  var group: Int { isForCPUs ? 8 : 64 }

  var rowsOfGroup: Int { rows * itemsDown }
  var columnsOfGroup: Int { vector * vectors * itemsAcross }

  var macros: [String] {
    [
      "VW=\(vector)", "TM=\(rows)", "TN=\(vectors)", "WM=\(itemsDown)", "WN=\(itemsAcross)",
      "TK=\(slab ?? 1)",
    ]
  }

  /// Items that share a line of a frame.
  var frameItems: Int { isForCPUs ? 1 : 64 }

  /// The macros of what works on strips of channels.
  var stripMacros: [String] { ["VW=\(vector)", "TM=\(Self.stripRows)", "SPAN=\(Self.stripSpan)"] }
  static let stripRows = 8
  static let stripSpan = 8
  /// Vectors of an item where a single channel lies along the lanes.
  static let planarVectors = 4

  /// Rows and vectors of an item where it makes the gradient of a kernel, and rows where it makes that of a strip.
  var gradientRows: Int { isForCPUs ? rows : 6 }
  var gradientColumns: Int { vector * vectors }
  var gradientItems: Int { isForCPUs ? 1 : 64 }
  static let stripGradientRows = 12
  var gradientMacros: [String] {
    [
      "VW=\(vector)", "TM=\(gradientRows)", "TN=\(vectors)", "TS=\(Self.stripGradientRows)",
      "ITEMS=\(gradientItems)",
    ]
  }
}
