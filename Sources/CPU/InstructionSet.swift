import Glibc
import MartletCore
import MartletKernelTable
import MartletKernelsBase

#if arch(x86_64)
  import MartletKernelsAVX2
  import MartletKernelsAVX512
#endif

/// The vector instructions that kernels are compiled for.
public enum InstructionSet: String, CaseIterable, Sendable, CustomStringConvertible {
  /// What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
  case base
  /// AVX2 and FMA (Haswell, Zen, and later).
  case avx2
  /// AVX-512 F, CD, BW, DQ and VL (Skylake servers, Zen 4, and later).
  case avx512

  public var description: String { rawValue }

  /// Those that this processor and this system can run, the widest last.
  public static let available: [InstructionSet] = allCases.filter(\.isAvailable)

  /// `MARTLET_SIMD` where it is set, else the widest one available.
  static func preferred() throws -> InstructionSet {
    guard let value = getenv("MARTLET_SIMD") else { return available.last ?? .base }
    let name = String(cString: value)
    guard let wanted = InstructionSet(rawValue: name) else {
      throw DeviceError("MARTLET_SIMD must be base, avx2 or avx512; received \"\(name)\"", device: "cpu")
    }
    return try checked(wanted)
  }

  static func checked(_ wanted: InstructionSet) throws -> InstructionSet {
    guard available.contains(wanted) else {
      let names = available.map(\.rawValue).joined(separator: ", ")
      throw DeviceError("this processor cannot run \(wanted); it can run \(names)", device: "cpu")
    }
    return wanted
  }

  var kernels: KernelTable {
    switch self {
    #if arch(x86_64)
      case .base: MartletKernelsBase.kernelTable()
      case .avx2: MartletKernelsAVX2.kernelTable()
      case .avx512: MartletKernelsAVX512.kernelTable()
    #else
      case .base, .avx2, .avx512: MartletKernelsBase.kernelTable()
    #endif
    }
  }

  private var isAvailable: Bool {
    switch self {
    case .base: true
    case .avx2: ["avx2", "fma", "bmi1", "bmi2"].allSatisfy(Self.features.contains)
    case .avx512:
      ["avx2", "fma", "bmi1", "bmi2", "avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"]
        .allSatisfy(Self.features.contains)
    }
  }

  /// The features in use, by the names of /proc/cpuinfo. glibc 2.33 and later know which of them the system saves
  /// and restores; elsewhere the kernel's list is read.
  private static let features: Set<String> = {
    #if arch(x86_64)
      typealias FeatureLeaf = @convention(c) (UInt32) -> UnsafePointer<UInt32>?
      guard let symbol = dlsym(nil, "__x86_get_cpuid_feature_leaf") else {
        return Set(Processor.line("flags").split(separator: " ").map(String.init))
      }
      // Eight words a leaf: what the processor has, then what is usable, in eax, ebx, ecx, edx.
      let leaf = unsafeBitCast(symbol, to: FeatureLeaf.self)
      guard let basic = leaf(0), let extended = leaf(1) else { return [] }
      var found: Set<String> = []
      if basic[6] & 1 << 12 != 0 { found.insert("fma") }
      let names: [(String, Int)] = [
        ("bmi1", 3), ("avx2", 5), ("bmi2", 8), ("avx512f", 16), ("avx512dq", 17), ("avx512cd", 28),
        ("avx512bw", 30), ("avx512vl", 31),
      ]
      for (name, bit) in names where extended[5] & 1 << bit != 0 { found.insert(name) }
      return found
    #else
      return []
    #endif
  }()
}

/// What the system says about the processor.
enum Processor {
  /// The processor's name as its maker writes it.
  static let name: String = {
    let name = line("model name")
    return name.isEmpty ? "processor" : name
  }()

  /// The first value under a key, of lines as in `model name : Some Processor`; empty where there is none.
  static func line(_ key: String, of path: String = "/proc/cpuinfo") -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 16384)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.hasPrefix(key), let colon = text.firstIndex(of: ":") else { continue }
      return String(text[text.index(after: colon)...].drop(while: \.isWhitespace).prefix { !$0.isNewline })
    }
    return ""
  }
}
