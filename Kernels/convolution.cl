// The gradient of a convolution's kernel: a product whose inner axis is all pixels of the result, in fixed chunks whose
// sums are added up by `reduce`.
//
//     partial[chunk][t, i, f] = Σ_{pixel in chunk} x[pixel * stride + tap(t), group(f) * inputs + i] * dy[pixel, f]
//
// with x = 0 outside. t, i is one axis of rows, since they lie so in the kernel. An item makes TM rows by TN vectors of VW
// columns, and reads every pixel of its chunk. Macros: VW (1, 4, 8, 16), TM, TN, and ITEMS of
// a group: 1 on CPUs.
#ifndef VW
#define VW 4
#define TM 6
#define TN 2
#define ITEMS 64
#endif
#define GN (TN * VW)

typedef struct {
  int pixels, perChunk, chunks;     // of dy
  int rows, filters;                // taps * inputs, columns
  int inputs, groups;               // channels of x in a group
  int result[3], source[3], step[3];
} Gradient;

// The sums of one item over its pixels, row by row of the result, with LOADS to bring the columns of dy. `limit` is 0 where
// a whole row of the source lies outside.
#define SUM_PIXELS(LOADS)                                                                                  \
  for (int pixel = chunk * g.perChunk; pixel < end;) {                                                     \
    const int first = pixel % g.result[2], count = min(end - pixel, g.result[2] - first);                  \
    const int line = pixel / g.result[2], image = line / g.result[1] / g.result[0];                        \
    const int h = line % g.result[1] * g.step[1], d = line / g.result[1] % g.result[0] * g.step[0];        \
    int offset[TM], limit[TM];                                                                             \
    _Pragma("unroll") for (int i = 0; i < TM; i++) {                                                       \
      const int sd = d + tap[i].x, sh = h + tap[i].y;                                                      \
      const int isInside = (sd >= 0) & (sd < g.source[0]) & (sh >= 0) & (sh < g.source[1]);                \
      limit[i] = isInside ? g.source[2] : 0;                                                               \
      offset[i] = (((image * g.source[0] + sd) * g.source[1] + sh) * g.source[2] + tap[i].z) * g.inputs +  \
                  channel[i];                                                                              \
    }                                                                                                      \
    for (int w = first * g.step[2], q = 0; q < count; q++, w += g.step[2], pixel++) {                      \
      __global const float *row = dy + pixel * g.filters + f;                                              \
      VEC v[TN];                                                                                           \
      _Pragma("unroll") for (int j = 0; j < TN; j++) v[j] = LOADS;                                         \
      _Pragma("unroll") for (int i = 0; i < TM; i++) {                                                     \
        const int isInside = (uint)(w + tap[i].z) < (uint)limit[i];                                        \
        const float e = x[isInside ? offset[i] + w * g.inputs : 0];                                        \
        const VEC u = (VEC)(isInside ? e : 0.0f);                                                          \
        _Pragma("unroll") for (int j = 0; j < TN; j++) sum[i][j] = fma(u, v[j], sum[i][j]);                \
      }                                                                                                    \
    }                                                                                                      \
  }

// VW columns of a row that ends after `count` of them, zeros beyond.
static inline VEC columns(__global const float *row, const int first, const int count) {
  float x[VW];
#pragma unroll
  for (int l = 0; l < VW; l++) x[l] = first + l < count ? row[first + l] : 0.0f;
  return LOAD(x);
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void kernelGradient(ARRAY(const float, x), ARRAY(const float, dy), ARRAY(float, partial),
                             ARRAY(const int4, taps), const int count, const Gradient g) {
  OPEN(const float, x);
  OPEN(const float, dy);
  OPEN(float, partial);
  OPEN(const int4, taps);
  const int item = get_global_id(0);
  if (item < count) {
    const int strips = (g.filters + GN - 1) / GN, blocks = (g.rows + TM - 1) / TM;
    const int f = item % strips * GN, r = item / strips % blocks * TM, chunk = item / strips / blocks;
    int4 tap[TM];
    int channel[TM];
    VEC sum[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const int row = min(r + i, g.rows - 1);
      tap[i] = taps[row / g.inputs];
      channel[i] = row % g.inputs;
#pragma unroll
      for (int j = 0; j < TN; j++) sum[i][j] = (VEC)(0.0f);
    }
    const int end = min((chunk + 1) * g.perChunk, g.pixels);
    if (f + GN <= g.filters) {
      SUM_PIXELS(LOAD(row + j * VW))
    } else {
      SUM_PIXELS(columns(row, j * VW, g.filters - f))
    }
    __global float *target = partial + (chunk * g.rows + r) * g.filters;
    // Sums whose places are known when the kernel is compiled stay in registers.
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) {
        float y[VW];
        STORE(sum[i][j], y);
#if ITEMS > 1  // a GPU's items keep y in registers, then; for wide vectors that would be much code
#pragma unroll
#endif
        for (int l = 0; l < VW; l++)
          if (r + i < g.rows && f + j * VW + l < g.filters) target[i * g.filters + f + j * VW + l] = y[l];
      }
  }
}

// One item a number of the kernel and chunk, for convolutions in groups.
__kernel void kernelGradientDirect(ARRAY(const float, x), ARRAY(const float, dy), ARRAY(float, partial),
                                   ARRAY(const int4, taps), const int count, const Gradient g) {
  OPEN(const float, x);
  OPEN(const float, dy);
  OPEN(float, partial);
  OPEN(const int4, taps);
  const int item = get_global_id(0);
  if (item < count) {
    const int f = item % g.filters, row = item / g.filters % g.rows, chunk = item / g.filters / g.rows;
    const int4 tap = taps[row / g.inputs];
    const int channel = f / (g.filters / g.groups) * g.inputs + row % g.inputs;
    const int end = min((chunk + 1) * g.perChunk, g.pixels);
    float sum = 0.0f;
    for (int pixel = chunk * g.perChunk; pixel < end; pixel++) {
      int rest = pixel / g.result[2];
      const int w = pixel % g.result[2] * g.step[2] + tap.z;
      const int h = rest % g.result[1] * g.step[1] + tap.y;
      rest /= g.result[1];
      const int d = rest % g.result[0] * g.step[0] + tap.x, image = rest / g.result[0];
      if (d >= 0 && d < g.source[0] && h >= 0 && h < g.source[1] && w >= 0 && w < g.source[2]) {
        const int place = ((image * g.source[0] + d) * g.source[1] + h) * g.source[2] + w;
        sum = fma(x[place * g.inputs * g.groups + channel], dy[pixel * g.filters + f], sum);
      }
    }
    partial[item] = sum;
  }
}
