// The gradient of a convolution's kernel: a product whose inner axis is all pixels of the result, in fixed chunks whose
// sums are added up by `reduce`.
//
//     partial[chunk][t, i, f] = Σ_{pixel in chunk} x[pixel * stride + tap(t), group(f) * inputs + i] * dy[pixel, f]
//
// with x = 0 outside. t, i is one axis of rows, since they lie so in the kernel. An item makes TM rows by TN vectors of VW
// columns, and reads every pixel of its chunk. Macros: VW (1, 4, 8, 16), TM, TN.
#ifndef VW
#define VW 4
#define TM 6
#define TN 2
#endif
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#if VW == 1
#define VEC float
#define LOAD(p) (*(p))
#define STORE(v, p) (*(p) = (v))
#else
#define VEC CAT(float, VW)
#define LOAD(p) CAT(vload, VW)(0, (p))
#define STORE(v, p) CAT(vstore, VW)((v), 0, (p))
#endif
#define GN (TN * VW)

typedef struct {
  int pixels, perChunk, chunks;     // of dy
  int rows, filters;                // taps * inputs, columns
  int inputs, groups;               // channels of x in a group
  int result[3], source[3], step[3];
} Gradient;

// The first VW columns from f on, zeros beyond the last.
static inline VEC columns(__global const float *p, const int f, const int filters) {
  if (f + VW <= filters) return LOAD(p + f);
  float x[VW];
  for (int l = 0; l < VW; l++) x[l] = f + l < filters ? p[f + l] : 0.0f;
  return LOAD(x);
}

__kernel void kernelGradient(ARRAY(const float, x), ARRAY(const float, dy), ARRAY(float, partial),
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
    for (int pixel = chunk * g.perChunk; pixel < end; pixel++) {
      int rest = pixel / g.result[2];
      const int w = pixel % g.result[2] * g.step[2];
      const int h = rest % g.result[1] * g.step[1];
      rest /= g.result[1];
      const int d = rest % g.result[0] * g.step[0], image = rest / g.result[0];
      VEC v[TN];
#pragma unroll
      for (int j = 0; j < TN; j++) v[j] = columns(dy + pixel * g.filters, f + j * VW, g.filters);
#pragma unroll
      for (int i = 0; i < TM; i++) {
        const int sd = d + tap[i].x, sh = h + tap[i].y, sw = w + tap[i].z;
        const int isInside = sd >= 0 && sd < g.source[0] && sh >= 0 && sh < g.source[1] && sw >= 0 &&
                             sw < g.source[2];
        const int place = ((image * g.source[0] + sd) * g.source[1] + sh) * g.source[2] + sw;
        const VEC u = (VEC)(isInside ? x[place * g.inputs + channel[i]] : 0.0f);
#pragma unroll
        for (int j = 0; j < TN; j++) sum[i][j] = fma(u, v[j], sum[i][j]);
      }
    }
    __global float *target = partial + (chunk * g.rows + r) * g.filters;
    for (int i = 0; i < TM; i++)
      for (int j = 0; j < TN; j++) {
        float y[VW];
        STORE(sum[i][j], y);
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
