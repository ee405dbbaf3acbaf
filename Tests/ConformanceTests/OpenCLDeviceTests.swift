import MartletCore
import MartletDefinitions
import MartletOpenCL
import Testing

/// What devices on OpenCL have beside primitives.
@Suite(.serialized) struct OpenCLDeviceTests {
  /// Probes look at what they computed, and throw where it is wrong.
  @Test(arguments: Hardware.all) func probesComputeRight(_ hardware: Hardware) throws {
    let device = try OpenCLDevice(hardware)
    #expect(try device.multiplyAddRate(seconds: 0) > 0)
    #expect(try device.memoryRate(floats: 1000) > 0)
    for way in OpenCLDevice.Transfer.allCases {
      #expect(try device.transferRate(way, isPinned: false, byteCount: 1000)! > 0)
      #expect(try device.transferRate(way, isPinned: true, byteCount: 1000) ?? 1 > 0)
    }
  }

  @Test(arguments: Hardware.all) func commandsHaveTimesWhereTheyAreAskedFor(_ hardware: Hardware) throws {
    let device = TestDevice(device: try OpenCLDevice(hardware, isProfiled: true), testDescription: "")
    _ = try device.run(
      .gemm(GEMM(m: 300, n: 200, k: 500), .none), [noise([300, 500], seed: 1), noise([500, 200], seed: 2)],
      output: [300, 200])
    let openCL = try #require(device.device as? OpenCLDevice)
    let times = try openCL.takeCommandTimes()
    #expect(times.count { $0.name == "multiplyPanels" } == 1)
    #expect(times.count { $0.name == "download" } == 1)
    #expect(times.first { $0.name == "multiplyPanels" }!.seconds > 0)
    #expect(times.allSatisfy { $0.seconds >= 0 && $0.seconds < 60 })
    #expect(try openCL.takeCommandTimes().isEmpty)

    let plain = try OpenCLDevice(hardware)
    let y = Operand(try plain.allocate(byteCount: 4), shape: [1])
    try plain.encode(.fill, inputs: [.scalar(1 as Float)], outputs: [y])
    #expect(try plain.takeCommandTimes().isEmpty)
  }

  /// Uploads of several chunks behind work that keeps them waiting, from memory that changes as soon as they return.
  @Test(arguments: Hardware.all) func stagedUploadsKeepTheirOrderAndBytes(_ hardware: Hardware) throws {
    let device = TestDevice(device: try OpenCLDevice(hardware, stagesUploads: true), testDescription: "")
    let count = (9 << 18) + 3
    let a = try device.upload(noise([700, 700], seed: 1))
    let product = try device.upload(noise([700, 700], seed: 1))
    let x = try device.upload(HostArray([Float](repeating: -1, count: count + 5), shape: [count + 5]))
    let sum = try device.upload(HostArray([Float](repeating: 0, count: count), shape: [count]))
    let part = Operand(x.buffer!, byteOffset: 12, shape: [count])
    var values = [Float](repeating: 0, count: count)
    for round in 1...3 {
      for index in values.indices { values[index] = Float(round * (index % 1000)) }
      for _ in 0..<4 {
        try device.device.encode(
          .gemm(GEMM(m: 700, n: 700, k: 700), .none), inputs: [a, a], outputs: [product])
      }
      try values.withUnsafeBytes { try device.device.upload($0, to: part.buffer!, at: part.byteOffset) }
      try device.device.encode(.elementwise(.single(.add)), inputs: [sum, part], outputs: [sum])
    }
    let sums: [Float] = try device.download(sum).values()
    #expect(sums.indices.first { sums[$0] != Float(6 * ($0 % 1000)) } == nil)
    let all: [Float] = try device.download(x).values()
    #expect(all.prefix(3).allSatisfy { $0 == -1 } && all.suffix(2).allSatisfy { $0 == -1 })
  }

  /// Tiles that are shaped for GPUs give what those of this device give, wherever vectors may be read at once and where
  /// not: at sizes that are multiples of four and others, and from buffers that begin between two vectors.
  @Test(arguments: Hardware.all) func tilesOfGPUsComputeTheSame(_ hardware: Hardware) throws {
    let own = TestDevice(device: try OpenCLDevice(hardware), testDescription: "")
    let gpu = TestDevice(device: try OpenCLDevice(hardware, shape: .gpu), testDescription: "")
    func compare(_ primitive: Primitive, _ a: Shape, _ b: Shape, _ result: Shape) throws {
      for shift in [0, 1] {
        let results = try [own, gpu].map { device -> [Float] in
          let inputs = try [a, b].enumerated().map { index, shape in
            let all = try device.upload(noise([shape.count + shift], seed: UInt64(index)))
            return Operand(all.buffer!, byteOffset: 4 * shift, shape: shape)
          }
          let c = try device.upload(HostArray([Float](repeating: .nan, count: result.count), shape: result))
          try device.device.encode(primitive, inputs: inputs, outputs: [c])
          return try device.download(c).values()
        }
        // Sums of up to 300 products below 1.
        expectClose(
          results[1], results[0].map(Double.init), relative: 0, absolute: 300 * 0x1p-20, "\(primitive)")
      }
    }
    for (m, n, k) in [(132, 136, 40), (131, 37, 19)] {
      for transposeA in [false, true] {
        for transposeB in [false, true] {
          try compare(
            .gemm(GEMM(m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB), .none),
            transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n], [m, n])
        }
      }
    }
    for (channels, filters, groups) in [(8, 16, 1), (3, 5, 1), (44, 36, 2)] {
      let g = try Convolution(kernelSize: 3, strides: 2, padding: .same, groups: groups)
        .geometry(input: [2, 9, 7, channels], filters: filters)
      try compare(.convolution(.forward, g, .none), g.inputShape, g.kernelShape, g.outputShape)
      try compare(.convolution(.backwardData, g, .none), g.outputShape, g.kernelShape, g.inputShape)
      try compare(.convolution(.backwardKernel, g, .none), g.inputShape, g.outputShape, g.kernelShape)
    }
  }

  @Test(.enabled(if: CLBlast.absence == nil), arguments: Hardware.all)
  func productsOfCLBlastAreOurs(_ hardware: Hardware) throws {
    let openCL = try OpenCLDevice(hardware)
    let device = TestDevice(device: openCL, testDescription: "")
    let clblast = try #require(CLBlast(openCL))
    for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
      let g = GEMM(m: 37, n: 21, k: 45, transposeA: transposeA, transposeB: transposeB)
      let a = try device.upload(noise(transposeA ? [g.k, g.m] : [g.m, g.k], seed: 1))
      let b = try device.upload(noise(transposeB ? [g.n, g.k] : [g.k, g.n], seed: 2))
      let results = try (0..<2).map { _ in
        try device.upload(HostArray([Float](repeating: .nan, count: g.m * g.n), shape: [g.m, g.n]))
      }
      try openCL.encode(.gemm(g, .none), inputs: [a, b], outputs: [results[0]])
      try clblast.encode(g, a: a, b: b, c: results[1])
      let (ours, theirs): ([Float], [Float]) = try (
        device.download(results[0]).values(), device.download(results[1]).values()
      )
      // 45 products of at most 1, each rounded once.
      expectClose(theirs, ours.map(Double.init), relative: 0, absolute: 45 * 0x1p-20, "\(g)")
    }
  }
}
