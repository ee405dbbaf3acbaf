// swift-tools-version: 6.1
import PackageDescription

// SwiftPM refuses unsafe flags in a package that somebody depends on by version. There, unless MARTLET_SIMD_FLAGS is
// set, the kernels are built for the baseline instruction set only: slower, but they build.
let isRoot =
  Context.environment["MARTLET_SIMD_FLAGS"] != nil || !Context.packageDirectory.contains("/checkouts/")

/// Kernels are optimised in debug builds too; -fno-math-errno keeps square roots vectorised.
func kernelSettings(_ flags: [String], defining name: String) -> [SwiftSetting] {
  let optimised = [
    "-Ounchecked", "-wmo", "-num-threads", "2", "-disable-batch-mode", "-Xcc", "-fno-math-errno",
  ]
  return isRoot ? [.define(name), .unsafeFlags(optimised + flags)] : [.define("BASE")]
}
let driverSettings: [SwiftSetting] =
  isRoot ? [.unsafeFlags(["-O", "-wmo", "-num-threads", "2", "-disable-batch-mode"])] : []

// One source for every instruction set: the files of AVX2 and AVX512 are links to those of Base.
var kernelTargets: [Target] = [
  .target(
    name: "MartletKernelsBase", dependencies: ["MartletKernelTable"], path: "Sources/CPUKernels/Base",
    swiftSettings: kernelSettings([], defining: "BASE"))
]
#if arch(x86_64)
  kernelTargets.append(
    .target(
      name: "MartletKernelsAVX2", dependencies: ["MartletKernelTable"], path: "Sources/CPUKernels/AVX2",
      swiftSettings: kernelSettings(["-Xcc", "-march=haswell"], defining: "AVX2")))
  kernelTargets.append(
    .target(
      name: "MartletKernelsAVX512", dependencies: ["MartletKernelTable"], path: "Sources/CPUKernels/AVX512",
      swiftSettings: kernelSettings(["-Xcc", "-march=skylake-avx512"], defining: "AVX512")))
#endif
let kernelNames: [Target.Dependency] = kernelTargets.map { .target(name: $0.name) }

// What needs libpng and libjpeg-turbo: `--disable-default-traits` builds without.
let imaging = Target.Dependency.target(name: "MartletImaging", condition: .when(traits: ["Imaging"]))

let rooms: [Target] = [
  // Values and contracts: shapes, geometry, primitives, the protocol of a device.
  .target(name: "MartletCore", path: "Sources/Core", swiftSettings: driverSettings),
  // What every primitive means, in Double, and trials of it: what tests and `martlet doctor` hold devices to.
  .target(
    name: "MartletDefinitions", dependencies: ["MartletCore"], path: "Sources/Definitions",
    swiftSettings: driverSettings),
  // The signatures of the CPU's leaf functions.
  .target(name: "MartletKernelTable", path: "Sources/CPUKernels/Table"),
  // The device in pure Swift.
  .target(
    name: "MartletCPU", dependencies: ["MartletCore", "MartletKernelTable"] + kernelNames,
    path: "Sources/CPU",
    swiftSettings: driverSettings),
  // OpenCL C, embedded as text.
  .target(
    name: "MartletKernels", path: "Kernels",
    exclude: [
      "prelude", "functions", "elementwise", "copy", "reduction", "product", "gemm", "panels", "dots",
      "skinny", "planar", "channelwise", "frame", "convolution", "pooling", "batchnormalization", "softmax",
      "gather", "resampling", "random", "probe",
    ].map { $0 + ".cl" }),
  // The OpenCL functions, found when they are first needed; only their headers are needed to build.
  .target(
    name: "COpenCL", path: "Sources/COpenCL",
    linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
  // The device on OpenCL.
  .target(
    name: "MartletOpenCL", dependencies: ["MartletCore", "MartletKernels", "COpenCL"], path: "Sources/OpenCL",
    swiftSettings: driverSettings),
  // What is computed: tensors, the trace, operations with their derivatives, the planner.
  .target(
    name: "MartletTensor", dependencies: ["MartletCore", "MartletCPU", "MartletOpenCL"],
    path: "Sources/Tensor"),
  // Parameters, layers, initializers, losses.
  .target(name: "MartletLayers", dependencies: ["MartletTensor"], path: "Sources/Layers"),
  // Files and data sets. The libraries are linked as archives; pkg-config would put the shared ones before them.
  .systemLibrary(name: "CZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"])]),
  .systemLibrary(name: "CMessageDigest", path: "Sources/CMessageDigest", providers: [.apt(["libmd-dev"])]),
  .target(
    name: "MartletData",
    dependencies: [
      "MartletTensor", "CZlib", "CMessageDigest",
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    path: "Sources/Data", swiftSettings: driverSettings,
    linkerSettings: [.linkedLibrary(":libz.a"), .linkedLibrary(":libmd.a")]),
  // Pictures: their files, their sizes, drawings for people. Those above know it where the trait is on.
  .systemLibrary(name: "CPNG", path: "Sources/CPNG", providers: [.apt(["libpng-dev"])]),
  .systemLibrary(
    name: "CTurboJPEG", path: "Sources/CTurboJPEG", providers: [.apt(["libturbojpeg0-dev"])]),
  .target(
    name: "MartletImaging", dependencies: ["MartletData", "CPNG", "CTurboJPEG"], path: "Sources/Imaging",
    swiftSettings: driverSettings,
    linkerSettings: [
      .linkedLibrary(":libturbojpeg.a"), .linkedLibrary(":libpng16.a"), .linkedLibrary(":libz.a"),
    ]),
  // Optimizers, the epoch loop, metrics, runs.
  .target(
    name: "MartletTraining",
    dependencies: [
      "MartletLayers", "MartletData", imaging,
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    path: "Sources/Training", exclude: ["TensorBoard/Event.proto"]),
  // Networks with their papers.
  .target(name: "MartletModels", dependencies: ["MartletLayers"], path: "Sources/Models"),
  // All of it under one name, and the catalog of networks.
  .target(
    name: "Martlet", dependencies: ["MartletTraining", "MartletModels", "MartletDefinitions", imaging],
    path: "Sources/Martlet"),
  // The command, and the program that is nothing else.
  .target(
    name: "MartletTool",
    dependencies: ["Martlet", .product(name: "ArgumentParser", package: "swift-argument-parser")],
    path: "Sources/Tool"),
  .executableTarget(name: "martlet", dependencies: ["MartletTool"], path: "Sources/Program"),
  // Tables of speed, and the worker that is timed beside other frameworks; with the command, for the bundle.
  .executableTarget(
    name: "martlet-bench",
    dependencies: ["MartletTool", .product(name: "ArgumentParser", package: "swift-argument-parser")],
    path: "Benchmarks", exclude: ["NOTES.md", "data", "gpu", "peers", "results"]),
]
let tests: [Target] = [
  // The room Imaging is tested whatever the trait; what the trait takes away from the others is not.
  .target(name: "MartletTestSupport", dependencies: ["Martlet", "MartletImaging"], path: "Tests/Support"),
  .testTarget(name: "CoreTests", dependencies: ["MartletCore"]),
  .testTarget(name: "ConformanceTests", dependencies: ["MartletTestSupport"]),
  .testTarget(name: "TensorTests", dependencies: ["MartletTestSupport"]),
  .testTarget(name: "LayersTests", dependencies: ["MartletTestSupport"]),
  .testTarget(name: "ImagingTests", dependencies: ["MartletTestSupport"]),
  .testTarget(name: "DataTests", dependencies: ["MartletTestSupport"]),
  .testTarget(name: "TrainingTests", dependencies: ["MartletTestSupport"]),
  .testTarget(name: "ModelsTests", dependencies: ["MartletTestSupport"]),
  .testTarget(name: "ToolTests", dependencies: ["MartletTestSupport", "martlet", "martlet-bench"]),
]

let package = Package(
  name: "martlet",
  products: [
    .library(name: "Martlet", targets: ["Martlet"]),
    .executable(name: "martlet", targets: ["martlet"]),
    .executable(name: "martlet-bench", targets: ["martlet-bench"]),
  ],
  traits: [
    .trait(name: "Imaging", description: "Files of pictures, and drawings of what a network does."),
    .default(enabledTraits: ["Imaging"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: kernelTargets + rooms + tests,
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c2x)
