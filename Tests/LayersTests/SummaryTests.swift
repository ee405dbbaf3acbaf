import MartletTestSupport
import Testing

struct SummaryTests {
  @Test func textOfASmallNetwork() throws {
    let model = Sequential {
      Conv2D(4, kernelSize: 3, activation: .relu)
      MaxPool2D(2)
      BatchNormalization()
      Flatten()
      Dense(3)
    }
    let text = """
      layer                                                  output  parameters  MACs  sees
      ─────────────────────────────────────────────────────────────────────────────────────
      layers.0  Conv2D(4, kernelSize: 3, activation: .relu)  4x4x4           40   576     3
      layers.1  MaxPool2D(2)                                 2x2x4            0     0     4
      layers.2  BatchNormalization()                         2x2x4            8     0     4
      layers.3  Flatten()                                    16               0     0   all
      layers.4  Dense(3)                                     3               51    48   all

      input 6x6x1, output 3
      99 parameters, 8 numbers of state, 624 multiply-accumulates a sample
      """
    let summary = try model.summary(input: [6, 6, 1])
    #expect(summary.rows.map(\.path) == ["layers.0", "layers.1", "layers.2", "layers.3", "layers.4"])
    #expect(summary.rows.map(\.parameters) == [40, 0, 8, 0, 51])
    #expect(summary.rows.map(\.multiplyAccumulates) == [576, 0, 0, 0, 48])
    #expect(summary.rows.map(\.receptiveField) == [[3, 3], [4, 4], [4, 4], nil, nil])
    #expect(summary.stateNumbers == 8)
    #expect("\(summary)" == text)
  }

  /// Sizes by hand: 3, then 3 + 2 * 1, pooled 5 + 1, then steps of 2: 6 + 2 * 2 = 10, dilated 10 + 4 * 2 = 18.
  @Test func receptiveFields() throws {
    let model = Sequential {
      Conv2D(1, kernelSize: 3, padding: .same)
      Conv2D(1, kernelSize: [3, 1], padding: .same)
      MaxPool2D(2)
      Conv2D(1, kernelSize: 3, padding: .same)
      Conv2D(1, kernelSize: 3, padding: .same, dilationRate: 2)
      Add {
        Identity()
        Conv2D(1, kernelSize: 1)
      }
    }
    let fields = try model.summary(input: [16, 16, 1]).rows.map(\.receptiveField)
    #expect(fields == [[3, 3], [5, 3], [6, 4], [10, 8], [18, 16], [18, 16], [18, 16]])
  }

  @Test func sharedLayersCountOnce() throws {
    let input = Node()
    let dense = Dense(3)
    let model = Functional(from: input, to: Add()(dense(dense(input)), input))
    let summary = try model.summary(input: [3])
    #expect(summary.parameters == 12)
    #expect(summary.rows.map(\.isShared) == [false, true, false])
    #expect(summary.rows.map(\.parameters) == [12, 0, 0])
    #expect(summary.description.contains("Dense(3)  (shared)"))
  }

  @Test func frozenParameters() throws {
    let model = Sequential {
      Dense(3)
      Dense(2)
    }
    model.parameters[0].parameter.isTrainable = false
    let summary = try model.summary(input: [2])
    #expect(summary.trainableParameters == summary.parameters - 6)
    #expect(summary.description.contains("17 parameters, 6 of them frozen, 12 multiply-accumulates a sample"))
  }
}
