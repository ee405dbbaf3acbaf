// Convolutions in groups of few columns, depthwise ones above all, on CPUs: a vector is VW columns of several groups, a
// strip. Where each column has a channel of its own, and strips are full, the source is read where it is; otherwise
// `spread` lays the channels out under the columns that need them, strip after strip.
//
//     C[m, column] = epilogue(Σ_t Σ_k A(m, t)[k * aK + lane] * W[strip][t][k][lane])      column = strip * VW + lane
//
// Here aBatch is the step from strip to strip, N the columns of a group, and `columns` those of all groups. An item makes
// a row of results for SPAN strips, TM results at a time, so that it reads what lies together.
#ifndef TM
#define TM 8
#define SPAN 8
#endif

// x[pixel][channel] → y[strip][pixel][k][lane], zeros beyond the last column; one item a pixel of a strip.
__kernel void spread(ARRAY(const float, x), ARRAY(float, y), const int count, const int pixels, const int columns,
                     const int N, const int K) {
  OPEN(const float, x);
  OPEN(float, y);
  const int i = get_global_id(0);
  if (i < count) {
    const int first = i / pixels * VW;
    int group = first / N, column = first - group * N;
    x += i % pixels * (columns / N * K);
    y += i * K * VW;
    for (int l = 0; l < VW; l++) {
      const int isThere = first + l < columns;
      for (int k = 0; k < K; k++) y[k * VW + l] = isThere ? x[group * K + k] : 0.0f;
      if (++column == N) {
        column = 0;
        group++;
      }
    }
  }
}

// B → W[strip][t][k][lane]; one item a vector.
__kernel void packLanes(ARRAY(const float, b), ARRAY(float, panels), ARRAY(const int4, taps), const int count,
                        const int columns, const Product p) {
  OPEN(const float, b);
  OPEN(float, panels);
  OPEN(const int4, taps);
  const int i = get_global_id(0);
  if (i < count) {
    const int k = i % p.K, row = i / p.K;
    const int first = row / p.taps * VW, place = taps[row % p.taps].w + k * p.bK;
    for (int l = 0; l < VW; l++) {
      const int column = first + l, z = column / p.N;
      panels[i * VW + l] = column < columns ? b[z * p.bBatch + place + (column - z * p.N) * p.bN] : 0.0f;
    }
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void channelwise(ARRAY(const float, a), ARRAY(const float, panels), ARRAY(float, c), ARRAY(const int4, taps),
                 ARRAY(const float, zeros), EPILOGUE, const int columns, const Product p) {
  OPEN(const float, a);
  OPEN(const float, panels);
  OPEN(float, c);
  OPEN(const int4, taps);
  OPEN(const float, zeros);
  OPEN_EPILOGUE;
  const int first = (int)get_group_id(0) * SPAN, last = min(first + SPAN, (columns + VW - 1) / VW);
  Point q = point(p, (int)get_group_id(1) * p.points[2]);
  for (; q.w < p.points[2]; q.w += TM)
    for (int strip = first; strip < last; strip++) {
      __global const float *panel = panels + strip * p.taps * p.K * VW;
      VEC sum[TM];
#pragma unroll
      for (int i = 0; i < TM; i++) sum[i] = (VEC)(0.0f);
      for (int t = 0; t < p.taps; t++) {
        const int4 tap = taps[t];
        const int d = q.d * p.step[0] + tap.x, h = q.h * p.step[1] + tap.y;
        if (d < 0 || d >= p.source[0] || h < 0 || h >= p.source[1]) {
          panel += p.K * VW;
          continue;
        }
        const int place = ((q.image * p.source[0] + d) * p.source[1] + h) * p.source[2];
        __global const float *row[TM], *line = a + (strip * p.aBatch + place * p.aPixel);
#pragma unroll
        for (int i = 0; i < TM; i++) {
          const int w = (q.w + i) * p.step[2] + tap.z;
          row[i] = (uint)w < (uint)p.source[2] ? line + w * p.aPixel : zeros;
        }
        for (int k = 0; k < p.K; k++, panel += VW) {
          const VEC v = LOAD(panel);
#pragma unroll
          for (int i = 0; i < TM; i++) sum[i] = fma(LOAD(row[i] + k * p.aK), v, sum[i]);
        }
      }
      Point to = q;
#pragma unroll
      for (int i = 0; i < TM; i++, to.w++)
        if (to.w < p.points[2])
          finish(sum[i], p, c, target(p, to) + strip * VW, strip * VW, columns - strip * VW, EXTRAS);
    }
}
