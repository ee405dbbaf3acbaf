// Products with few columns, or few rows by a transposed B: every result is a sum of products along k, which lies together
// in A and in B (aK = bK = 1), so lanes are neighbours along k. An item makes DM x DN results in as many vectors, whose
// lanes are added up in the end. A lies in its frame (product.cl says what is computed).
//
//     group (x, y, z):  rows x * DM ... + DM, columns y * DN ... + DN, whose part of B stays near for all rows
#ifndef DM
#define DM 4
#define DN 4
#endif

static inline float sum1(const float v) { return v; }
static inline float sum4(const float4 v) { return v.s0 + v.s2 + (v.s1 + v.s3); }
static inline float sum8(const float8 v) { return sum4(v.lo + v.hi); }
// Halves by their address: oclgrind 21.10 takes one of the elements of v.hi, picked by its number, for never written.
static inline float sum16(const float16 v) {
  const float8 *halves = (const float8 *)&v;
  return sum8(halves[0] + halves[1]);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void dots(ARRAY(const float, a), ARRAY(const float, b), ARRAY(float, c), ARRAY(const int4, taps), EPILOGUE,
          const Product p) {
  OPEN(const float, a);
  OPEN(const float, b);
  OPEN(float, c);
  OPEN(const int4, taps);
  OPEN_EPILOGUE;
  const int z = get_group_id(2), n0 = get_group_id(1) * DN, m0 = get_group_id(0) * DM;
  // Rows beyond M and columns beyond N repeat the last ones and are never stored.
  Point q = framedPoint(p, m0);
  __global const float *row[DM], *column[DN];
#pragma unroll
  for (int i = 0; i < DM; i++) {
    row[i] = a + (z * p.aBatch + origin(p, q) * p.aPixel);
    if (m0 + i + 1 < p.M) q = next(p, q);
  }
#pragma unroll
  for (int j = 0; j < DN; j++) column[j] = b + (z * p.bBatch + min(n0 + j, p.N - 1) * p.bN);
  VEC sum[DM][DN];
#pragma unroll
  for (int i = 0; i < DM; i++)
#pragma unroll
    for (int j = 0; j < DN; j++) sum[i][j] = (VEC)(0.0f);

#define ADD(LOADED)                                                                     \
  VEC v[DN];                                                                            \
  _Pragma("unroll") for (int j = 0; j < DN; j++) v[j] = LOADED(column[j] + w + k);      \
  _Pragma("unroll") for (int i = 0; i < DM; i++) {                                      \
    const VEC u = LOADED(row[i] + o + k);                                               \
    _Pragma("unroll") for (int j = 0; j < DN; j++) sum[i][j] = fma(u, v[j], sum[i][j]); \
  }
#define REST(x) some(x, p.K - k)
  for (int t = 0; t < p.taps; t++) {
    const int4 tap = taps[t];
    const int o = reach(p, tap) * p.aPixel, w = tap.w;
    int k = 0;
    for (; k + VW <= p.K; k += VW) {
      ADD(LOAD)
    }
    if (k < p.K) {
      ADD(REST)
    }
  }

  q = framedPoint(p, m0);
#pragma unroll
  for (int i = 0; i < DM; i++) {
    if (m0 + i < p.M) {
      const int place = target(p, q) + z * p.cBatch;
#pragma unroll
      for (int j = 0; j < DN; j++) {
        const int n = n0 + j;
        if (n < p.N)
          c[place + n] = finished(CAT(sum, VW)(sum[i][j]), p, place + n, n + z * p.rowBatch, EXTRAS);
      }
    }
    q = next(p, q);
  }
}
