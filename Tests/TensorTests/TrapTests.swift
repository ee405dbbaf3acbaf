import MartletTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// What ends the process, and with which sentence.
struct TrapTests {
  @Test func outsideAScopeAShapeThatDoesNotFitTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 2]) + Tensor([1, 2, 3])
    }
    #expect(sentence(result).contains("shapes do not broadcast: 2 and 3; sizes must be equal or 1"))
  }

  @Test func tensorsOfClosedScopesTrap() async {
    let closed = "this tensor belongs to a scope that is closed; it was made by"
    let read = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var escaped: Tensor?
      _ = try compute { () -> Int in
        escaped = Tensor([1]).reshaped(1, 1)
        return 0
      }
      _ = try escaped!.hostArray()
    }
    #expect(sentence(read).contains("\(closed) reshape (TensorTests/TrapTests.swift:"))
    let used = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var escaped: Tensor?
      _ = try compute { () -> Int in
        escaped = Tensor([1]) + 1
        return 0
      }
      _ = escaped! + 1
    }
    #expect(sentence(used).contains("\(closed) add"))
  }

  @Test func anotherThreadTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Escapee().run()
    }
    #expect(sentence(result).contains("a scope belongs to the thread that opened it"))
  }

  private func sentence(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  /// Hands a traced tensor to another thread.
  final class Escapee: @unchecked Sendable {
    var tensor: Tensor?
    func run() throws {
      _ = try compute { () -> Int in
        tensor = Tensor([1]) + 1
        let box = self
        var thread = pthread_t()
        pthread_create(
          &thread, nil,
          { argument in
            let box = Unmanaged<Escapee>.fromOpaque(argument!).takeUnretainedValue()
            _ = box.tensor! + 1
            return nil
          }, Unmanaged.passUnretained(box).toOpaque())
        pthread_join(thread, nil)
        return 0
      }
    }
  }
}
