// Pooling over windows of pictures (image, depth, height, width, channels).
//
//     window of output (d, h, w):  inputs (d, h, w) * stride - padding ... + size, as far as they lie inside
//
// The gradients gather from every window that holds an element, in order, so that nothing is added by two items.
//
//     an item:  PLACES places of a row by VECTORS vectors of VW channels
//
// Macros (data of the kind of device): VW width of a vector, where VW * VECTORS divides the channels, and PLACES. All are 1
// on GPUs, where neighbours read neighbouring channels; on CPUs so many that finding an item's place costs nothing.
#ifndef VW
#define VW 1
#define VECTORS 1
#define PLACES 1
#endif

typedef struct {
  int count, channels, countsPadding;
  int input[3], output[3], size[3], stride[3], padding[3];
} Window;

// Places w ... end of row (image, d, h), and VECTORS vectors from channel c.
typedef struct {
  int image, d, h, w, end, c;
} Run;

static inline Run runOf(int i, const int channels, const int *extent) {
  const int parts = channels / (VECTORS * VW), strips = (extent[2] + PLACES - 1) / PLACES;
  Run r;
  r.c = i % parts * (VECTORS * VW);
  i /= parts;
  r.w = i % strips * PLACES;
  r.end = min(r.w + PLACES, extent[2]);
  i /= strips;
  r.h = i % extent[1];
  i /= extent[1];
  r.d = i % extent[0];
  r.image = i / extent[0];
  return r;
}

#define EACH_PLACE(r) for (int w = r.w; w < r.end; w++)
#define EACH_VECTOR(v) _Pragma("unroll") for (int v = 0; v < VECTORS; v++)
#define EACH(d, h, w)                           \
  for (int kd = d.first; kd < d.end; kd++)      \
    for (int kh = h.first; kh < h.end; kh++)    \
      for (int kw = w.first; kw < w.end; kw++)

typedef struct {
  int first, end;
} Span;

// The part of a window along an axis that lies inside the input.
static inline Span inside(const Window g, const int axis, const int place) {
  const int start = place * g.stride[axis] - g.padding[axis];
  const Span s = {max(start, 0), min(start + g.size[axis], g.input[axis])};
  return s;
}

// The windows along an axis that hold an input element.
static inline Span holders(const Window g, const int axis, const int place) {
  const int last = place + g.padding[axis], before = last - g.size[axis];
  const Span s = {before < 0 ? 0 : before / g.stride[axis] + 1, min(last / g.stride[axis] + 1, g.output[axis])};
  return s;
}

static inline int placeOf(const int *extent, const int d, const int h, const int w) {
  return (d * extent[1] + h) * extent[2] + w;
}

static inline int placesOf(const int *extent) { return extent[0] * extent[1] * extent[2]; }

__kernel void poolMaximum(ARRAY(const float, x), ARRAY(float, y), ARRAY(int, positions), const Window g) {
  OPEN(const float, x);
  OPEN(float, y);
  OPEN(int, positions);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Run r = runOf(i, g.channels, g.output);
    const Span d = inside(g, 0, r.d), h = inside(g, 1, r.h);
    __global const float *image = x + r.image * placesOf(g.input) * g.channels + r.c;
    EACH_PLACE(r) {
      const Span across = inside(g, 2, w);
      const int first = placeOf(g.input, d.first, h.first, across.first);
      const int result = (r.image * placesOf(g.output) + placeOf(g.output, r.d, r.h, w)) * g.channels + r.c;
      VEC top[VECTORS];
      INTS best[VECTORS];
      EACH_VECTOR(v) {
        top[v] = LOAD(image + first * g.channels + v * VW);
        best[v] = (INTS)(first);
      }
      EACH(d, h, across) {
        const int position = placeOf(g.input, kd, kh, kw);
        EACH_VECTOR(v) {
          const VEC a = LOAD(image + position * g.channels + v * VW);
          const INTS isBetter = ((a > top[v]) | (a != a)) & (top[v] == top[v]);
          top[v] = select(top[v], a, isBetter);
          best[v] = select(best[v], (INTS)(position), isBetter);
        }
      }
      EACH_VECTOR(v) {
        STORE(top[v], y + result + v * VW);
        STORE(best[v], positions + result + v * VW);
      }
    }
  }
}

static inline float weight(const Window g, const Span d, const Span h, const Span w) {
  const int covered = (d.end - d.first) * (h.end - h.first) * (w.end - w.first);
  return 1.0f / (float)(g.countsPadding ? placesOf(g.size) : covered);
}

__kernel void poolAverage(ARRAY(const float, x), ARRAY(float, y), const Window g) {
  OPEN(const float, x);
  OPEN(float, y);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Run r = runOf(i, g.channels, g.output);
    const Span d = inside(g, 0, r.d), h = inside(g, 1, r.h);
    __global const float *image = x + r.image * placesOf(g.input) * g.channels + r.c;
    EACH_PLACE(r) {
      const Span across = inside(g, 2, w);
      const float share = weight(g, d, h, across);
      const int result = (r.image * placesOf(g.output) + placeOf(g.output, r.d, r.h, w)) * g.channels + r.c;
      VEC sum[VECTORS];
      EACH_VECTOR(v) sum[v] = 0.0f;
      EACH(d, h, across) {
        const int from = placeOf(g.input, kd, kh, kw) * g.channels;
        EACH_VECTOR(v) sum[v] += LOAD(image + from + v * VW);
      }
      EACH_VECTOR(v) STORE(sum[v] * share, y + result + v * VW);
    }
  }
}

__kernel void poolMaximumBackward(ARRAY(const float, dy), ARRAY(const int, positions), ARRAY(float, dx),
                                  const Window g) {
  OPEN(const float, dy);
  OPEN(const int, positions);
  OPEN(float, dx);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Run r = runOf(i, g.channels, g.input);
    const Span d = holders(g, 0, r.d), h = holders(g, 1, r.h);
    const int image = r.image * placesOf(g.output);
    EACH_PLACE(r) {
      const Span across = holders(g, 2, w);
      const int own = placeOf(g.input, r.d, r.h, w);
      const int result = (r.image * placesOf(g.input) + own) * g.channels + r.c;
      VEC sum[VECTORS];
      EACH_VECTOR(v) sum[v] = 0.0f;
      EACH(d, h, across) {
        const int from = (image + placeOf(g.output, kd, kh, kw)) * g.channels + r.c;
        EACH_VECTOR(v) {
          const INTS isOwn = LOAD(positions + from + v * VW) == (INTS)(own);
          sum[v] += select((VEC)(0.0f), LOAD(dy + from + v * VW), isOwn);
        }
      }
      EACH_VECTOR(v) STORE(sum[v], dx + result + v * VW);
    }
  }
}

__kernel void poolAverageBackward(ARRAY(const float, dy), ARRAY(float, dx), const Window g) {
  OPEN(const float, dy);
  OPEN(float, dx);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Run r = runOf(i, g.channels, g.input);
    const Span d = holders(g, 0, r.d), h = holders(g, 1, r.h);
    const int image = r.image * placesOf(g.output);
    EACH_PLACE(r) {
      const Span across = holders(g, 2, w);
      const int result = (r.image * placesOf(g.input) + placeOf(g.input, r.d, r.h, w)) * g.channels + r.c;
      VEC sum[VECTORS];
      EACH_VECTOR(v) sum[v] = 0.0f;
      EACH(d, h, across) {
        const float share = weight(g, inside(g, 0, kd), inside(g, 1, kh), inside(g, 2, kw));
        const int from = (image + placeOf(g.output, kd, kh, kw)) * g.channels + r.c;
        EACH_VECTOR(v) sum[v] += LOAD(dy + from + v * VW) * share;
      }
      EACH_VECTOR(v) STORE(sum[v], dx + result + v * VW);
    }
  }
}

__kernel void poolPick(ARRAY(const float, x), ARRAY(const int, positions), ARRAY(float, y), const Window g) {
  OPEN(const float, x);
  OPEN(const int, positions);
  OPEN(float, y);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Run r = runOf(i, g.channels, g.output);
    const int image = r.image * placesOf(g.input);
    EACH_PLACE(r) {
      const int result = (r.image * placesOf(g.output) + placeOf(g.output, r.d, r.h, w)) * g.channels + r.c;
      for (int c = 0; c < VECTORS * VW; c++)
        y[result + c] = x[(image + positions[result + c]) * g.channels + r.c + c];
    }
  }
}
