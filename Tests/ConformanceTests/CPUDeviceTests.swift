import Glibc
import MartletCore
import Testing

@testable import MartletCPU

@Suite struct CPUDeviceTests {
  @Test func theBaseInstructionsAreAlwaysThere() throws {
    #expect(InstructionSet.available.first == .base)
    let device = try CPUDevice(threads: 3, simd: .base)
    #expect(device.threads == 3)
    #expect(device.summary.hasSuffix(", base, 3 threads"))
  }

  @Test func aWrongNumberOfThreadsIsRefused() {
    #expect(throws: DeviceError("the number of threads must be 1 to 1024; received 0", device: "cpu")) {
      try CPUDevice(threads: 0)
    }
  }

  @Test func aMissingInstructionSetIsRefused() {
    for wanted in InstructionSet.allCases where !InstructionSet.available.contains(wanted) {
      #expect(throws: DeviceError.self) { try CPUDevice(threads: 1, simd: wanted) }
    }
  }

  @Test func memoryIsCounted() throws {
    let device = try CPUDevice(threads: 1)
    let buffer = try device.allocate(byteCount: 1 << 20)
    #expect(device.memory.inUse >= 1 << 20)
    #expect(device.memory.peak >= device.memory.inUse)
    #expect(buffer.byteCount == 1 << 20)
  }
}
