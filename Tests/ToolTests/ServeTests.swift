import MartletTestSupport
import Testing

@Suite struct ServeTests {
  /// Drivers wait for a line that begins with this key, then write a request and read a line.
  @Test func theWorkerIsReadyAndAnswersEachLine() throws {
    let requests = try temporaryFolder().appending("requests")
    let lines = [
      #"{"case": "xent_64x10", "pass": "fwd", "repeats": 1, "budget": 0.01}"#,
      #"{"case": "nothing", "pass": "fwd", "repeats": 1, "budget": 0.01}"#, "hello",
    ]
    try File.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: requests)
    let worker = try Command(["serve", "--threads", "1"], of: "martlet-bench", input: requests)
    #expect(worker.status == 0 && worker.lines.count == 4, "\(worker.errors)")
    #expect(worker.lines[0].hasPrefix(#"{"ready":"martlet","#))
    #expect(worker.lines[1].contains(#""case":"xent_64x10""#) && worker.lines[1].contains(#""median_s":"#))
    #expect(worker.lines[2].contains(#""skip":"there is no case of this name""#))
    #expect(worker.lines[3].contains(#""skip":"this line is no request"#))
  }
}
