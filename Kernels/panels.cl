// Products in tiles on CPUs; product.cl says of what.
//
//     an item:  blocks of TM rows, each by several strips of GN = TN * VW columns; a tile of both is in registers
//
//     group (x, y, z):  strips x * stripsOfItem ..., blocks y * blocksOfItem ...
//                       or x and y exchanged (stripAxis 1), so that neighbours share a panel
//
// What a tile needs beside its products (divisions for its places, the start of a group) is as much as 64 terms take, so an
// item has several of them. A is read in its frame, or where it is, with zeros for rows that lie outside of it, and B from panels [z][strip][tap][k][GN], which `pack` makes, or where
// it is. Macros: VW width of a vector, TM rows and TN vectors of a tile; it stays in registers while TM * TN <= 28 vectors
// of 16 (AVX-512). Method: Goto, van de Geijn 2008, *Anatomy of high-performance matrix multiplication*.
#ifndef TM
#define TM 12
#define TN 2
#endif
#define GN (TN * VW)
// OpenCL's own function does nothing on some processors, and the compiler's is unknown to simulators, which define another.
#ifndef PREFETCH
#ifndef __has_builtin
#define __has_builtin(name) 0
#endif
#if __has_builtin(__builtin_prefetch)
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) prefetch((p), 16)
#endif
#endif

// B into panels of GN columns, zeros beyond N; one item a row of a panel.
__kernel void pack(ARRAY(const float, b), ARRAY(float, panels), ARRAY(const int4, taps), const int count,
                   const int strips, const Product p) {
  OPEN(const float, b);
  OPEN(float, panels);
  OPEN(const int4, taps);
  const int i = get_global_id(0);
  if (i < count) {
    const int k = i % p.K, row = i / p.K;
    const int tap = row % p.taps, strip = row / p.taps % strips, z = row / p.taps / strips;
    const int n0 = strip * GN;
    b += z * p.bBatch + taps[tap].w + k * p.bK + n0 * p.bN;
    panels += i * GN;
    if (p.bN == 1 && n0 + GN <= p.N) {
#pragma unroll
      for (int n = 0; n < GN; n += VW) STORE(LOAD(b + n), panels + n);
    } else {
      for (int n = 0; n < GN; n++) panels[n] = n0 + n < p.N ? b[n * p.bN] : 0.0f;
    }
  }
}

// Whether a tap finds the source at all places from the first to the last along an axis.
static inline int finds(const Product p, const int axis, const int first, const int last, const int tap) {
  return first * p.step[axis] + tap >= 0 && last * p.step[axis] + tap < p.source[axis];
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void multiplyPanels(ARRAY(const float, a), ARRAY(const float, b), ARRAY(float, c), ARRAY(const int4, taps),
                    ARRAY(const float, zeros), EPILOGUE, const int isTested, const int isPacked, const int stripAxis, const int stripsOfItem, const int blocksOfItem,
                    const Product p) {
  OPEN(const float, a);
  OPEN(const float, b);
  OPEN(float, c);
  OPEN(const int4, taps);
  OPEN(const float, zeros);
  OPEN_EPILOGUE;
  const int z = get_group_id(2), strips = (p.N + GN - 1) / GN, step = isPacked ? GN : p.bK;
  const int firstStrip = (int)get_group_id(stripAxis) * stripsOfItem;
  const int lastStrip = min(firstStrip + stripsOfItem, strips);
  const int firstRow = (int)get_group_id(1 - stripAxis) * blocksOfItem * TM;
  const int lastRow = min(firstRow + blocksOfItem * TM, p.M);
  a += z * p.aBatch;
  b += isPacked ? z * strips * p.taps * p.K * GN : z * p.bBatch + taps[0].w;
  Point q = framedPoint(p, firstRow);
  for (int m0 = firstRow; m0 < lastRow; m0 += TM) {
    // Rows beyond M repeat the last one and are never stored.
    Point first = q, last = q;
    __global const float *row[TM];
    int place[TM];
    Point at[TM];
    const int from = origin(p, q) * p.aPixel, to = target(p, q);
    if (p.images == 1 && q.w + TM <= p.points[2]) {  // all in one line
#pragma unroll
      for (int i = 0; i < TM; i++) {
        row[i] = a + (from + i * p.step[2] * p.aPixel);
        place[i] = to + i * p.stride[2] * p.cPixel;
        at[i] = q;
        at[i].w += i;
      }
      q.w += TM - 1;
      last.w = q.w;
      q = next(p, q);
    } else {
#pragma unroll
      for (int i = 0; i < TM; i++) {
        row[i] = a + origin(p, q) * p.aPixel;
        place[i] = target(p, q);
        at[i] = q;
        first.d = min(first.d, q.d);
        last.d = max(last.d, q.d);
        first.h = min(first.h, q.h);
        first.w = min(first.w, q.w);
        last.h = max(last.h, q.h);
        last.w = max(last.w, q.w);
        if (m0 + i + 1 < p.M) q = next(p, q);
      }
    }
    const int follows = origin(p, q) * p.aPixel;
    for (int strip = firstStrip; strip < lastStrip; strip++) {
      // Each strip asks for its share of the next block's rows, which no cache has yet.
      if (p.taps == 1 && p.aK == 1 && p.K <= 256 && m0 + TM < lastRow)
        for (int k = (strip - firstStrip) * 16; k < p.K; k += (lastStrip - firstStrip) * 16)
          for (int i = 0; i < TM; i++) PREFETCH(a + follows + i * p.step[2] * p.aPixel + k);
      __global const float *panel = b + (isPacked ? strip * p.taps * p.K * GN : strip * GN);
      VEC sum[TM][TN];
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) sum[i][j] = (VEC)(0.0f);
#define ADD(offset, from)                                                                 \
  {                                                                                       \
    VEC v[TN];                                                                            \
    _Pragma("unroll") for (int j = 0; j < TN; j++) v[j] = LOAD((from) + j * VW);          \
    _Pragma("unroll") for (int i = 0; i < TM; i++) {                                      \
      const VEC u = (VEC)(under[i][offset]);                                              \
      _Pragma("unroll") for (int j = 0; j < TN; j++) sum[i][j] = fma(u, v[j], sum[i][j]); \
    }                                                                                     \
  }
      for (int t = 0; t < p.taps; t++) {
        const int4 tap = taps[t];
        if (isPacked && (misses(p, 1, first.h, last.h, tap.y) || misses(p, 2, first.w, last.w, tap.z))) {
          panel += p.K * GN;
          continue;
        }
        // The rows under the tap.
        __global const float *under[TM];
        const int shift = reach(p, tap) * p.aPixel;
        if (isTested && !(finds(p, 0, first.d, last.d, tap.x) && finds(p, 1, first.h, last.h, tap.y) &&
                          finds(p, 2, first.w, last.w, tap.z))) {
#pragma unroll
          for (int i = 0; i < TM; i++) under[i] = pixel(p, at[i], tap) < 0 ? zeros : row[i] + shift;
        } else {
#pragma unroll
          for (int i = 0; i < TM; i++) under[i] = row[i] + shift;
        }
        int k = 0, o = 0;
        // Four steps at known distances leave one addition a row, which would be one for each step.
        if (isPacked && p.aK == 1)
          for (; k + 4 <= p.K; k += 4, o += 4, panel += 4 * GN) {
            ADD(o, panel)
            ADD(o + 1, panel + GN)
            ADD(o + 2, panel + 2 * GN)
            ADD(o + 3, panel + 3 * GN)
          }
        for (; k < p.K; k++, o += p.aK, panel += step) ADD(o, panel)
      }
      // A strip lies in one line.
      const int line = strip * GN / p.columnsOfLine, n0 = strip * GN - line * p.columnsOfLine;
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) {
          const int n = n0 + j * VW, at = place[i] + line * p.lineStep + z * p.cBatch + n;
          if (m0 + i < p.M) finish(sum[i][j], p, c, at, n + z * p.rowBatch, p.columnsOfLine - n, EXTRAS);
        }
    }
  }
}
