import Glibc
import MartletTestSupport
import Testing

/// The reference cases hold Keras's schedules without options; here are the options, and the texts.
@Suite struct ScheduleTests {
  private func expect(
    _ schedule: any LearningRateSchedule, steps: Int = 40, _ definition: (Double) -> Double,
    _ location: SourceLocation = #_sourceLocation
  ) {
    for step in 0..<steps {
      let (rate, expected) = (Double(schedule.rate(at: step)), definition(Double(step)))
      #expect(abs(rate - expected) < 1e-7, "step \(step): \(rate), not \(expected)", sourceLocation: location)
    }
  }

  @Test func numbersNeverChange() {
    expect(Float(0.25)) { _ in 0.25 }
    expect(0.25) { _ in 0.25 }
  }

  @Test func inverseTimeInJumps() {
    expect(InverseTimeDecay(0.1, decaySteps: 4, decayRate: 0.5, staircase: true)) {
      0.1 / (1 + 0.5 * floor($0 / 4))
    }
  }

  @Test func cosineAfterWarmUp() {
    expect(CosineDecay(0.01, decaySteps: 20, alpha: 0.1, warmupTarget: 0.2, warmupSteps: 5)) { step in
      if step < 5 { return 0.01 + (0.2 - 0.01) * step / 5 }
      return 0.2 * (0.9 * (1 + cos(Double.pi * min(step - 5, 20) / 20)) / 2 + 0.1)
    }
  }

  @Test func polynomialInCycles() {
    expect(PolynomialDecay(0.1, decaySteps: 7, endLearningRate: 0.01, power: 2, cycle: true)) { step in
      let length = 7 * max(1, ceil(step / 7))
      return 0.09 * pow(1 - step / length, 2) + 0.01
    }
  }

  @Test func oneCycleRisesAndFalls() {
    let schedule = OneCycle(0.5, totalSteps: 30)
    expect(schedule) { step in
      let (first, last) = (0.5 / 25, 0.5 / 25 / 10000)
      func between(_ a: Double, _ b: Double, _ share: Double) -> Double {
        b + (a - b) / 2 * (1 + cos(Double.pi * share))
      }
      // The share is a Float, so the top is at 0.3 * 30 - 1 to its rounding.
      let (step, top) = (min(step, 29), Double(Float(0.3)) * 30 - 1)
      return step <= top ? between(first, 0.5, step / top) : between(0.5, last, (step - top) / (29 - top))
    }
    #expect(abs(schedule.rate(at: 8) - 0.5) < 1e-6)
  }

  @Test func warmUpComesBeforeAnotherSchedule() {
    expect(WarmUp(ExponentialDecay(0.4, decaySteps: 10, decayRate: 0.5), steps: 8, start: 0.1)) { step in
      step < 8 ? 0.1 + 0.3 * step / 8 : 0.4 * pow(0.5, (step - 8) / 10)
    }
  }

  @Test(arguments: [
    "0.001", "exponential:initialLearningRate=0.1,decaySteps=5,decayRate=0.5,staircase=true",
    "inverseTime:initialLearningRate=0.1,decaySteps=5,decayRate=0.5,staircase=false",
    "polynomial:initialLearningRate=0.1,decaySteps=10,endLearningRate=0.01,power=2.0,cycle=true",
    "cosine:initialLearningRate=0.1,decaySteps=15,alpha=0.1",
    "cosine:initialLearningRate=0.0,decaySteps=15,alpha=0.1,warmupTarget=0.2,warmupSteps=4",
    "piecewise:boundaries=4/9,values=0.1/0.05/0.01",
    "oneCycle:maximumLearningRate=0.5,totalSteps=100,risingShare=0.25,divisionFactor=10.0,"
      + "finalDivisionFactor=1000.0",
    "warmUp:steps=10,start=0.0,schedule=piecewise:boundaries=4,values=0.1/0.05",
  ])
  func textsReadBack(_ text: String) throws {
    #expect("\(try ScheduleText.parse(text))" == text)
  }

  @Test func theLearningRateOfTheCommandIsTheInitialOne() throws {
    #expect(
      "\(try ScheduleText.parse("cosine:decaySteps=1000,alpha=0.1", learningRate: 0.5))"
        == "cosine:initialLearningRate=0.5,decaySteps=1000,alpha=0.1")
    #expect(
      "\(try ScheduleText.parse("warmUp:steps=3", learningRate: 0.5))"
        == "warmUp:steps=3,start=0.0,schedule=0.5")
  }

  @Test func whatASchedulesTextLeavesOutFollowsFromTheSteps() throws {
    #expect(
      "\(try ScheduleText.parse("warmUp:steps=100,schedule=cosine", learningRate: 0.5, totalSteps: 1000))"
        == "warmUp:steps=100,start=0.0,schedule=cosine:initialLearningRate=0.5,decaySteps=900,alpha=0.0")
    #expect(
      "\(try ScheduleText.parse("oneCycle", learningRate: 0.5, totalSteps: 70))".contains("totalSteps=70"))
  }

  @Test(arguments: [
    (
      "cosin:decaySteps=3",
      "there is no schedule called cosin; there are exponential, inverseTime, polynomial, cosine, piecewise, "
        + "oneCycle, warmUp. Did you mean cosine?"
    ),
    (
      "cosine:decaystep=3",
      "there is no option of cosine called decaystep; there are initialLearningRate, decaySteps, alpha, "
        + "warmupTarget, warmupSteps. Did you mean decaySteps?"
    ),
    ("cosine", "cosine needs decaySteps, as in cosine:decaySteps=…"),
    ("cosine:decaySteps=0", "decaySteps of cosine is a whole number from 1 on; received 0"),
    ("cosine:decaySteps", "options of cosine are written key=value; received decaySteps"),
    ("cosine:alpha=1,alpha=2", "cosine has alpha twice"),
    ("cosine:decaySteps=1,alpha=nan", "alpha of cosine is a number that is not negative; received nan"),
    (
      "oneCycle:totalSteps=9,risingShare=2",
      "risingShare of oneCycle is a number in 0.0 ... 1.0; received 2"
    ),
    (
      "polynomial:decaySteps=1,cycle=yes", "cycle of polynomial is true or false; received yes"
    ),
    (
      "piecewise:boundaries=9/4,values=1/2/3",
      "piecewise needs rising boundaries and one value more than those; received 2 boundaries and 3 values"
    ),
    ("-0.5", "a learning rate is not negative and finite; received -0.5"),
  ])
  func whatCannotBeReadIsSaid(_ text: String, _ message: String) {
    let error = #expect(throws: (any Error).self) { try ScheduleText.parse(text) }
    #expect(error.map { "\($0)" } == message)
  }
}
