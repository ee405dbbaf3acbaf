// The gradient of a convolution's kernel: a product whose inner axis is all pixels of the result, in fixed chunks whose
// sums are added up by `reduce`.
//
//     partial[chunk][t, i, f] = Σ_{pixel in chunk} x[pixel * step + tap(t), group(f) * inputs + i] * dy[pixel, f]
//
// t, i is one axis of rows, since they lie so in the kernel. Macros: VW width of a vector (1, 4, 8, 16), TM rows and TN
// vectors of columns of an item, TS rows where a vector is a strip of groups, and ITEMS of a group: 1 on CPUs.
#ifndef TM
#define TM 6
#define TN 2
#define TS 12
#define ITEMS 64
#endif
#define GN (TN * VW)

typedef struct {
  int pixels, perChunk, chunks;        // of dy
  int rows, filters;                   // taps * inputs, filters of all groups
  int inputs, groups;                  // channels of x in a group
  int result[3], source[3], step[3];   // pixels of dy and x, and steps in x
  int before[3], inside[3];            // pixels of the frame before x, and its own
  int xPixel, dyPixel;                 // numbers of a pixel
} Gradient;

// How many pixels from `pixel` on lie in one row of the result, and before the end.
static inline int run(const Gradient g, const int pixel, const int end) {
  return min(end - pixel, g.result[2] - pixel % g.result[2]);
}

// Where x begins under a pixel.
static inline int place(const Gradient g, const int pixel) {
  const int line = pixel / g.result[2], w = pixel % g.result[2] * g.step[2];
  const int h = line % g.result[1] * g.step[1], plane = line / g.result[1];
  const int d = plane % g.result[0] * g.step[0], image = plane / g.result[0];
  return (((image * g.source[0] + d) * g.source[1] + h) * g.source[2] + w) * g.xPixel;
}

// TM rows by TN vectors of columns of one group. x lies in a frame that holds every tap, and the filters of a group are a
// multiple of GN in dy, by zeros where they were fewer.
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void kernelGradient(ARRAY(const float, x), ARRAY(const float, dy), ARRAY(float, partial), ARRAY(const int4, taps),
                    const int count, const Gradient g) {
  OPEN(const float, x);
  OPEN(const float, dy);
  OPEN(float, partial);
  OPEN(const int4, taps);
  const int item = get_global_id(0);
  if (item < count) {
    const int columns = g.filters / g.groups, padded = g.dyPixel / g.groups;
    const int strips = padded / GN, blocks = (g.rows + TM - 1) / TM;
    const int strip = item % (strips * g.groups), r = item / (strips * g.groups) % blocks * TM;
    const int chunk = item / (strips * g.groups) / blocks;
    const int z = strip / strips, f = strip % strips * GN;
    __global const float *row[TM];
    int4 least = taps[r / g.inputs], most = least;
    VEC sum[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const int at = min(r + i, g.rows - 1);
      const int4 tap = taps[at / g.inputs];
      least = min(least, tap);
      most = max(most, tap);
      row[i] = x + (((tap.x * g.source[1] + tap.y) * g.source[2] + tap.z) * g.xPixel + z * g.inputs + at % g.inputs);
#pragma unroll
      for (int j = 0; j < TN; j++) sum[i][j] = (VEC)(0.0f);
    }
    const int step = g.step[2] * g.xPixel, end = min((chunk + 1) * g.perChunk, g.pixels);
    dy += z * padded + f;
    for (int pixel = chunk * g.perChunk; pixel < end;) {
      const int next = pixel + run(g, pixel, end);
      // What lies in the frame under all taps is left out.
      const int w = pixel % g.result[2], h = pixel / g.result[2] % g.result[1] * g.step[1];
      const int isMissed = h + most.y < g.before[1] || h + least.y >= g.before[1] + g.inside[1];
      const int first = pixel + max(0, (g.before[2] - most.z + g.step[2] - 1) / g.step[2] - w);
      const int last =
          isMissed ? 0 : min(next, pixel + (g.before[2] + g.inside[2] - least.z + g.step[2] - 1) / g.step[2] - w);
      __global const float *line = dy + first * g.dyPixel;
      for (int q = first, o = place(g, pixel) + (first - pixel) * step; q < last; q++, o += step, line += g.dyPixel) {
        VEC v[TN];
#pragma unroll
        for (int j = 0; j < TN; j++) v[j] = LOAD(line + j * VW);
#pragma unroll
        for (int i = 0; i < TM; i++) {
          const VEC u = (VEC)(row[i][o]);
#pragma unroll
          for (int j = 0; j < TN; j++) sum[i][j] = fma(u, v[j], sum[i][j]);
        }
      }
      pixel = next;
    }
    __global float *target = partial + ((chunk * g.rows + r) * g.filters + z * columns + f);
    // Sums whose places are known when the kernel is compiled stay in registers.
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) {
        __global float *to = target + (i * g.filters + j * VW);
        if (r + i < g.rows && f + (j + 1) * VW <= columns) {
          STORE(sum[i][j], to);
        } else if (r + i < g.rows) {
          float y[VW];
          STORE(sum[i][j], y);
#if ITEMS > 1  // a GPU's items keep y in registers, then; for wide vectors that would be much code
#pragma unroll
#endif
          for (int l = 0; l < VW; l++)
            if (f + j * VW + l < columns) to[l] = y[l];
        }
      }
  }
}

// TS rows by one vector of columns, a strip of several groups (see channelwise.cl), whose channels lie under their columns
// in x: `strip` numbers from strip to strip, `xK` from input to input. x has no frame.
__kernel void channelwiseGradient(ARRAY(const float, x), ARRAY(const float, dy), ARRAY(float, partial),
                                  ARRAY(const int4, taps), ARRAY(const float, zeros), const int count,
                                  const int stripStep, const int xK, const Gradient g) {
  OPEN(const float, x);
  OPEN(const float, dy);
  OPEN(float, partial);
  OPEN(const int4, taps);
  OPEN(const float, zeros);
  const int item = get_global_id(0);
  if (item < count) {
    const int strips = g.dyPixel / VW, blocks = (g.rows + TS - 1) / TS;
    const int f = item % strips * VW, r = item / strips % blocks * TS, chunk = item / strips / blocks;
    x += item % strips * stripStep;
    int4 tap[TS];
    int offset[TS];
    VEC sum[TS];
#pragma unroll
    for (int i = 0; i < TS; i++) {
      const int at = min(r + i, g.rows - 1);
      tap[i] = taps[at / g.inputs];
      offset[i] = ((tap[i].x * g.source[1] + tap[i].y) * g.source[2] + tap[i].z) * g.xPixel + at % g.inputs * xK;
      sum[i] = (VEC)(0.0f);
    }
    const int end = min((chunk + 1) * g.perChunk, g.pixels);
    for (int pixel = chunk * g.perChunk; pixel < end;) {
      const int last = pixel + run(g, pixel, end);
      const int line = pixel / g.result[2];
      const int h = line % g.result[1] * g.step[1], d = line / g.result[1] % g.result[0] * g.step[0];
      int limit[TS];
#pragma unroll
      for (int i = 0; i < TS; i++) {
        const int isInside = (uint)(d + tap[i].x) < (uint)g.source[0] && (uint)(h + tap[i].y) < (uint)g.source[1];
        limit[i] = isInside ? g.source[2] : 0;
      }
      int w = pixel % g.result[2] * g.step[2], o = place(g, pixel);
      for (; pixel < last; pixel++, w += g.step[2], o += g.step[2] * g.xPixel) {
        const VEC v = LOAD(dy + (pixel * g.dyPixel + f));
#pragma unroll
        for (int i = 0; i < TS; i++) {
          const int isInside = (uint)(w + tap[i].z) < (uint)limit[i];
          sum[i] = fma(LOAD(isInside ? x + (o + offset[i]) : zeros), v, sum[i]);
        }
      }
    }
    __global float *target = partial + ((chunk * g.rows + r) * g.filters + f);
#pragma unroll
    for (int i = 0; i < TS; i++)
      if (r + i < g.rows) {
        float y[VW];
        STORE(sum[i], y);
        for (int l = 0; l < VW; l++)
          if (f + l < g.filters) target[i * g.filters + l] = y[l];
      }
  }
}

// One item a number of the kernel and chunk, for convolutions in groups on GPUs.
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
