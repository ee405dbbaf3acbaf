import MartletCore
import Testing

struct PhiloxTests {
  /// The known answers of Random123 for philox4x32-10.
  @Test func knownAnswers() {
    #expect(
      Philox(key: 0).block(0, 0) == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
    #expect(
      Philox(key: .max).block(.max, .max) == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
    #expect(
      Philox(key: 0x299F_31D0_A409_3822).block(0x85A3_08D3_243F_6A88, 0x0370_7344_1319_8A2E)
        == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
  }

  @Test func theGeneratorGivesTheWordsOfItsStreamInOrder() {
    var generator = PhiloxGenerator(seed: 3, stream: 9)
    for counter in 0..<5 as Range<UInt64> {
      let block = Philox(key: 3).block(counter, 9)
      for lane in 0..<4 { #expect(generator.word() == block[lane]) }
    }
    let block = Philox(key: 3).block(5, 9)
    #expect(generator.next() == UInt64(block[0]) | UInt64(block[1]) << 32)
    #expect(generator.unit() == Float(block[2] >> 8) / 16_777_216)
  }

  @Test func unitsStayBelowOne() {
    #expect(Philox.unit(0) == 0)
    #expect(Philox.unit(.max) == Float(1).nextDown)
  }
}
