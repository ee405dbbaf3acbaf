// Counter-based random numbers: element i uses word i % 4 of block i / 4, the very words of every other device. Philox
// 4x32 with ten rounds (Salmon, Moraes, Dror, Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3*). One item a block.

static inline uint4 philox(const uint block, uint k0, uint k1) {
  uint4 x = (uint4)(block, 0, 0, 0);
  for (int round = 0; round < 10; round++) {
    const uint high0 = mul_hi(0xD2511F53u, x.s0), low0 = 0xD2511F53u * x.s0;
    const uint high1 = mul_hi(0xCD9E8D57u, x.s2), low1 = 0xCD9E8D57u * x.s2;
    x = (uint4)(high1 ^ x.s1 ^ k0, low1, high0 ^ x.s3 ^ k1, low0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return x;
}

// [0, 1) with 24 bits.
static inline float unit(const uint word) { return (float)(word >> 8) * 0x1p-24f; }

// kind: 0 uniform, 1 normal, 2 normal cut at two standard deviations
__kernel void randomNumbers(ARRAY(float, y), const int count, const int kind, const uint k0, const uint k1) {
  OPEN(float, y);
  const int block = get_global_id(0);
  if (block * 4L < count) {
    const uint4 word = philox((uint)block, k0, k1);
    float u[4] = {unit(word.s0), unit(word.s1), unit(word.s2), unit(word.s3)};
    if (kind == 1) {
      for (int i = 0; i < 4; i += 2) {
        // 1 - u keeps zero out of the logarithm.
        const float radius = sqrt(-2.0f * logarithm(1.0f - u[i])), angle = u[i + 1] * 6.28318531f;
        u[i] = radius * sineOfSmall(angle, 1);
        u[i + 1] = radius * sineOfSmall(angle, 0);
      }
    } else if (kind == 2) {
      // 0.9545 is the probability of lying within two standard deviations; the middle of each of 2^24 cells.
      for (int i = 0; i < 4; i++) u[i] = inverseNormal(fma(u[i], 2.0f, 0x1p-24f - 1.0f) * 0.954499736f);
    }
    for (int i = 0; i < 4; i++)
      if (block * 4L + i < count) y[block * 4 + i] = u[i];
  }
}
