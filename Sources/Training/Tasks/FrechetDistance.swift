/// How far two clouds of points are apart, each taken for a normal distribution with its mean and covariance:
/// |m - n|² + tr(A + B - 2 (AB)^½) (Fréchet 1957; Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter 2017, *GANs trained
/// by a two time-scale update rule converge to a local Nash equilibrium*).
enum FrechetDistance {
  /// - Parameter sums: of each cloud how many points it has, their sum (d), and the sum of x xᵀ (d x d), row by row.
  static func of(_ sums: [Double]) -> Double {
    guard let size = size(sums.count) else { preconditionFailure("\(sums.count) numbers are no two clouds") }
    let (a, b) = (Normal(sums.prefix(sums.count / 2), size), Normal(sums.suffix(sums.count / 2), size))
    let apart = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    // AB has the eigenvalues of Lᵀ B L, where A = L Lᵀ.
    let l = a.covariance.choleskyFactor()
    let shared = (l.transposed() * b.covariance * l).eigenvalues().reduce(0) { $0 + max(0, $1).squareRoot() }
    return max(0, apart + a.covariance.trace + b.covariance.trace - 2 * shared)
  }

  /// The d of so many sums; nil where no d has as many.
  static func size(_ count: Int) -> Int? {
    guard count.isMultiple(of: 2), count >= 6, count <= 1 << 20 else { return nil }
    let size = Int(Double(count / 2 - 1).squareRoot())
    return 1 + size + size * size == count / 2 ? size : nil
  }

  /// The mean and the covariance of a cloud.
  private struct Normal {
    let mean: [Double]
    let covariance: SquareMatrix

    init(_ sums: ArraySlice<Double>, _ size: Int) {
      let (count, first) = (max(1, sums.first!), sums.startIndex + 1)
      let mean = sums[first..<first + size].map { $0 / count }
      self.mean = mean
      covariance = SquareMatrix(size) { row, column in
        sums[first + size + row * size + column] / count - mean[row] * mean[column]
      }
    }
  }
}

/// A small square matrix of Double, for what follows from covariances.
struct SquareMatrix {
  let size: Int
  private var values: [Double]

  init(_ size: Int, _ value: (_ row: Int, _ column: Int) -> Double) {
    self.size = size
    values = (0..<size * size).map { value($0 / size, $0 % size) }
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * size + column] }
    set { values[row * size + column] = newValue }
  }

  var trace: Double { (0..<size).reduce(0) { $0 + self[$1, $1] } }

  func transposed() -> SquareMatrix { SquareMatrix(size) { self[$1, $0] } }

  static func * (a: SquareMatrix, b: SquareMatrix) -> SquareMatrix {
    SquareMatrix(a.size) { row, column in (0..<a.size).reduce(0) { $0 + a[row, $1] * b[$1, column] } }
  }

  /// The lower triangle L with L Lᵀ = self, which has no negative eigenvalue. Directions without extent, as those of
  /// features that are always 0, stay 0.
  func choleskyFactor() -> SquareMatrix {
    var l = SquareMatrix(size) { _, _ in 0 }
    let least = 1e-12 * (0..<size).reduce(0) { max($0, self[$1, $1]) }
    for column in 0..<size {
      let rest = (0..<column).reduce(self[column, column]) { $0 - l[column, $1] * l[column, $1] }
      guard rest > least else { continue }
      l[column, column] = rest.squareRoot()
      for row in column + 1..<max(size, column + 1) {
        let rest = (0..<column).reduce(self[row, column]) { $0 - l[row, $1] * l[column, $1] }
        l[row, column] = rest / l[column, column]
      }
    }
    return l
  }

  /// The eigenvalues of a symmetric matrix: rotations make the numbers off its diagonal 0, one after another, until all
  /// are small (Jacobi 1846).
  func eigenvalues() -> [Double] {
    var a = self
    let scale = values.reduce(0) { max($0, abs($1)) }
    for _ in 0..<50 {
      var largest = 0.0
      for p in 0..<size {
        for q in p + 1..<max(size, p + 1) where a[p, q] != 0 {
          largest = max(largest, abs(a[p, q]))
          a.rotate(p, q)
        }
      }
      if largest <= 1e-15 * scale { break }
    }
    return (0..<size).map { a[$0, $0] }
  }

  /// Makes [p, q] and [q, p] 0.
  private mutating func rotate(_ p: Int, _ q: Int) {
    let slope = (self[q, q] - self[p, p]) / (2 * self[p, q])
    let tangent = (slope < 0 ? -1 : 1) / (abs(slope) + (slope * slope + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    for k in 0..<size {
      let (x, y) = (self[k, p], self[k, q])
      (self[k, p], self[k, q]) = (cosine * x - sine * y, sine * x + cosine * y)
    }
    for k in 0..<size {
      let (x, y) = (self[p, k], self[q, k])
      (self[p, k], self[q, k]) = (cosine * x - sine * y, sine * x + cosine * y)
    }
  }
}
