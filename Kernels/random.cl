// Counter-based random numbers: element i uses word i % 4 of block i / 4, the very words of every other device. Philox
// 4x32 with ten rounds (Salmon, Moraes, Dror, Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3*). An item takes as
// many blocks as functions have LANES.

typedef CAT(uint, LANES) words;

// Blocks first ... as four words each.
static inline void philox(const uint first, uint k0, uint k1, words *x) {
  uint number[LANES];
  for (int lane = 0; lane < LANES; lane++) number[lane] = first + lane;
  x[0] = LOAD_OF(LANES, number);
  x[1] = x[2] = x[3] = 0;
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const words high0 = mul_hi((words)(0xD2511F53u), x[0]), low0 = 0xD2511F53u * x[0];
    const words high1 = mul_hi((words)(0xCD9E8D57u), x[2]), low1 = 0xCD9E8D57u * x[2];
    x[0] = high1 ^ x[1] ^ k0;
    x[1] = low1;
    x[2] = high0 ^ x[3] ^ k1;
    x[3] = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

// kind: 0 uniform, 1 normal, 2 normal cut at two standard deviations
__kernel void randomNumbers(ARRAY(float, y), const int count, const int kind, const uint k0, const uint k1) {
  OPEN(float, y);
  const long first = get_global_id(0) * 4L * LANES;
  if (first < count) {
    words x[4];
    real u[4];
    philox((uint)(first / 4), k0, k1, x);
    // [0, 1) with 24 bits.
#pragma unroll
    for (int i = 0; i < 4; i++) u[i] = TO_REAL(x[i] >> 8) * 0x1p-24f;
    if (kind == 1) {
#pragma unroll
      for (int i = 0; i < 4; i += 2) {
        // 1 - u keeps zero out of the logarithm.
        const real radius = sqrt(-2.0f * logarithm(1.0f - u[i])), angle = u[i + 1] * 6.28318531f;
        u[i] = radius * sineOfSmall(angle, 1);
        u[i + 1] = radius * sineOfSmall(angle, 0);
      }
    } else if (kind == 2) {
      // 0.9545 is the probability of lying within two standard deviations; the middle of each of 2^24 cells.
#pragma unroll
      for (int i = 0; i < 4; i++) u[i] = inverseNormal(fused(u[i], 2.0f, 0x1p-24f - 1.0f) * 0.954499736f);
    }
    float lanes[4][LANES];
#pragma unroll
    for (int i = 0; i < 4; i++) STORE_OF(LANES, u[i], lanes[i]);
    const int left = (int)min(4L * LANES, count - first);
    y += first;
    if (left == 4 * LANES) {
#pragma unroll
      for (int i = 0; i < 4 * LANES; i++) y[i] = lanes[i % 4][i / 4];
    } else {
      for (int i = 0; i < left; i++) y[i] = lanes[i % 4][i / 4];
    }
  }
}
