// Products in tiles on GPUs; product.cl says of what.
//
//     group (x, y, z):  columns  n0 = x * GN ... n0 + GN         GN = WN * TN * VW
//                       rows     m0 = y * GM ... m0 + GM         GM = WM * TM
//     an item:          TM rows by TN vectors of VW columns, in registers
//
// Slabs of A and B are staged in local memory. Macros: VW width of a vector (1, 4), TM rows and TN vectors of an item, WM x WN
// items of a group, TK depth of a slab, a multiple of 4. The tile stays in registers while TM * TN * VW <= 64 numbers. One
// of bK and bN is 1, and so is aK unless A is transposed. Method: Goto, van de Geijn 2008, *Anatomy of high-performance matrix
// multiplication*.
#ifndef TM
#define TM 8
#define TN 2
#define WM 16
#define WN 16
#define TK 16
#endif
#define GN (WN * TN * VW)
#define GM (WM * TM)

// The first numbers of x, at most four, and zeros behind them; at once where x begins at a vector.
static inline float4 four(__global const float *x, const int count, const int isAligned) {
  if (count >= 4 && isAligned) return *(__global const float4 *)x;
  return (float4)(count > 0 ? x[0] : 0.0f, count > 1 ? x[1] : 0.0f, count > 2 ? x[2] : 0.0f,
                  count > 3 ? x[3] : 0.0f);
}

// Whether every row begins at a vector.
#define ALIGNED(x, step) (((ulong)(x) & 15) == 0 && (step) % 4 == 0)

__kernel __attribute__((reqd_work_group_size(WN, WM, 1)))
void multiply(ARRAY(const float, a), ARRAY(const float, b), ARRAY(float, c), ARRAY(const int4, taps),
              EPILOGUE, const Product p) {
  OPEN(const float, a);
  OPEN(const float, b);
  OPEN(float, c);
  OPEN(const int4, taps);
  OPEN_EPILOGUE;
  const int z = get_group_id(2), ln = get_local_id(0), lm = get_local_id(1);
  const int n0 = (int)get_group_id(0) * GN, m0 = (int)get_group_id(1) * GM;
  VEC sum[TM][TN];
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++) sum[i][j] = (VEC)(0.0f);
  a += z * p.aBatch;

  // Aligned, so that four numbers are read at once; a little wider than they need be, so that neighbours along k, which
  // are written at the same time, do not all lie in one bank of the memory.
  __local float slabA[TK][GM + 4] __attribute__((aligned(16)));
  __local float slabB[TK][GN + 4] __attribute__((aligned(16)));
  __local Point rows[GM];
  b += z * p.bBatch;
  const int isAlignedA = ALIGNED(a, p.aPixel), isAlignedB = ALIGNED(b, p.bN == 1 ? p.bK : p.bN);
  const int item = lm * WN + ln;
  for (int e = item; e < GM; e += WM * WN) rows[e] = point(p, min(m0 + e, p.M - 1));
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int t = 0; t < p.taps; t++) {
    const int4 tap = taps[t];
    for (int k0 = 0; k0 < p.K; k0 += TK) {
      // Neighbours read neighbours in memory, whichever way the matrices lie.
      if (p.aK == 1) {
        for (int e = item; e < GM * TK / 4; e += WM * WN) {
          const int k = e % (TK / 4) * 4, m = e / (TK / 4);
          const int place = pixel(p, rows[m], tap);
          const float4 v = four(a + (place * p.aPixel + k0 + k), place >= 0 ? p.K - k0 - k : 0, isAlignedA);
          slabA[k][m] = v.s0;
          slabA[k + 1][m] = v.s1;
          slabA[k + 2][m] = v.s2;
          slabA[k + 3][m] = v.s3;
        }
      } else {
        for (int e = item; e < GM * TK; e += WM * WN) {
          const int k = e / GM, m = e % GM, place = pixel(p, rows[m], tap);
          slabA[k][m] = place >= 0 && k0 + k < p.K ? a[place * p.aPixel + (k0 + k) * p.aK] : 0.0f;
        }
      }
      for (int e = item; e < GN * TK / 4; e += WM * WN) {
        if (p.bN == 1) {
          const int k = e / (GN / 4), n = e % (GN / 4) * 4;
          *(__local float4 *)&slabB[k][n] =
              four(b + (tap.w + (k0 + k) * p.bK + n0 + n), k0 + k < p.K ? p.N - n0 - n : 0, isAlignedB);
        } else {
          const int k = e % (TK / 4) * 4, n = e / (TK / 4);
          const int count = n0 + n < p.N ? p.K - k0 - k : 0;
          const float4 v = four(b + (tap.w + k0 + k + (n0 + n) * p.bN), count, isAlignedB);
          slabB[k][n] = v.s0;
          slabB[k + 1][n] = v.s1;
          slabB[k + 2][n] = v.s2;
          slabB[k + 3][n] = v.s3;
        }
      }
      barrier(CLK_LOCAL_MEM_FENCE);  // the slabs are complete
#pragma unroll
      for (int k = 0; k < TK; k++) {
        VEC v[TN];
#pragma unroll
        for (int j = 0; j < TN; j++) v[j] = LOAD(&slabB[k][(j * WN + ln) * VW]);
#pragma unroll
        for (int i = 0; i < TM; i++) {
          const VEC u = (VEC)(slabA[k][lm * TM + i]);
#pragma unroll
          for (int j = 0; j < TN; j++) sum[i][j] = fma(u, v[j], sum[i][j]);
        }
      }
      barrier(CLK_LOCAL_MEM_FENCE);  // the slabs are used up
    }
  }
  Point to = point(p, m0 + lm * TM);
#pragma unroll
  for (int i = 0; i < TM; i++) {
    if (m0 + lm * TM + i < p.M) {
      const int place = target(p, to) + z * p.cBatch;
#pragma unroll
      for (int j = 0; j < TN; j++) {
        const int n = n0 + (j * WN + ln) * VW;
        finish(sum[i][j], p, c, place + n, n + z * p.rowBatch, p.N - n, EXTRAS);
      }
    }
    to = next(p, to);
  }
}

// One item a result, for products with few columns in each of many groups: depthwise convolutions on GPUs.
__kernel void multiplyDirect(ARRAY(const float, a), ARRAY(const float, b), ARRAY(float, c),
                             ARRAY(const int4, taps), EPILOGUE, const int count, const int groups,
                             const Product p) {
  OPEN(const float, a);
  OPEN(const float, b);
  OPEN(float, c);
  OPEN(const int4, taps);
  OPEN_EPILOGUE;
  const int i = get_global_id(0);
  if (i < count) {
    const int column = i % (p.N * groups), m = i / (p.N * groups);
    const int z = column / p.N, n = column % p.N;
    const Point q = point(p, m);
    float sum = 0.0f;
    for (int t = 0; t < p.taps; t++) {
      const int place = pixel(p, q, taps[t]);
      if (place >= 0) {
        __global const float *u = a + (place * p.aPixel + z * p.aBatch);
        __global const float *v = b + (taps[t].w + z * p.bBatch + n * p.bN);
        for (int k = 0; k < p.K; k++) sum = fma(u[k * p.aK], v[k * p.bK], sum);
      }
    }
    const int place = target(p, q) + z * p.cBatch + n;
    c[place] = finished(sum, p, place, n + z * p.rowBatch, EXTRAS);
  }
}
