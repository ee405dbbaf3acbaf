// Batch normalisation over the rows of a matrix (rows, channels), and its closed-form gradient.
//
//     y = (x - mean) / sqrt(variance + epsilon) * gamma + beta
//
// Rows are taken in fixed chunks, one item a chunk and VECTORS vectors of channels. Each chunk's mean and squared deviations are
// taken around its own first estimate of the mean, and merged (Chan, Golub, LeVeque 1983, *Algorithms for computing the
// sample variance*), so that a mean much larger than the deviation does no harm.
//
// Macros (data of the kind of device): VW width of a vector; VECTORS beside one another, where VW * VECTORS divides the
// channels. Where each element is for itself, an item has PLACES rows of SHARE channels, whole ones on CPUs: memory is read
// as it lies. All are 1 on GPUs, where neighbours read neighbours.
#ifndef VW
#define VW 1
#define VECTORS 1
#define PLACES 1
#define SHARE 1
#endif

typedef struct {
  int rows, channels, perChunk, chunks;
} Rows;

// Rows first ... end of the chunk of an item, and the first channel of its vectors.
typedef struct {
  int c, first, end;
} Chunk;

static inline Chunk chunkOf(const int item, const Rows r) {
  const int parts = r.channels / (VECTORS * VW), first = item / parts * r.perChunk;
  const Chunk chunk = {item % parts * (VECTORS * VW), first, min(first + r.perChunk, r.rows)};
  return chunk;
}

#define EACH(v) _Pragma("unroll") for (int v = 0; v < VECTORS; v++)

// Every vector of an item where each element is for itself: its first channel, and its place in the matrix.
#define EACH_ELEMENT(item, rows, channels, c, place)                                             \
  for (int parts = channels / (SHARE), left = item % parts * (SHARE), row = item / parts * PLACES, \
           end = min(row + PLACES, rows); row < end; row++)                                      \
    for (int c = left, place = row * channels + left; c < left + (SHARE); c += VW, place += VW)

// What deviations from the mean are multiplied by, from the variance as both passes know it.
VEC scaleOf(const VEC gamma, const VEC variance, const float epsilon) {
  return TO_VEC(TO_WIDE(gamma) / sqrt(TO_WIDE(variance) + (wide)epsilon));
}

// partial[0 ... 2][chunk][channel]: the estimate, the sum of the deviations from it, and the sum of their squares.
__kernel void moments(ARRAY(const float, x), ARRAY(float, partial), const int items, const Rows r) {
  OPEN(const float, x);
  OPEN(float, partial);
  const int item = get_global_id(0), all = r.chunks * r.channels;
  if (item < items) {
    const Chunk k = chunkOf(item, r);
    VEC estimate[VECTORS], sum[VECTORS], square[VECTORS];
    EACH(v) estimate[v] = sum[v] = square[v] = 0.0f;
    for (int row = k.first; row < k.end; row++)
      EACH(v) estimate[v] += LOAD(x + row * r.channels + k.c + v * VW);
    EACH(v) estimate[v] /= (float)(k.end - k.first);
    for (int row = k.first; row < k.end; row++)
      EACH(v) {
        const VEC d = LOAD(x + row * r.channels + k.c + v * VW) - estimate[v];
        sum[v] += d;
        square[v] = fma(d, d, square[v]);
      }
    EACH(v) {
      __global float *p = partial + (item * VECTORS + v) * VW;
      STORE(estimate[v], p);
      STORE(sum[v], p + all);
      STORE(square[v], p + 2 * all);
    }
  }
}

// One item a vector of channels: the mean and variance of all chunks, and factors[0 ... 2][channel]: the rounded mean, the
// scale, and the shift, which makes up for what the rounding left over.
__kernel void mergeMoments(ARRAY(const float, partial), ARRAY(const float, gamma), ARRAY(const float, beta),
                           ARRAY(float, mean), ARRAY(float, variance), ARRAY(float, factors), ARRAY(float, shift),
                           const Rows r, const float epsilon, const int hasShift) {
  OPEN(const float, partial);
  OPEN(const float, gamma);
  OPEN(const float, beta);
  OPEN(float, mean);
  OPEN(float, variance);
  OPEN(float, factors);
  OPEN(float, shift);
  const int c = get_global_id(0) * VW, all = r.chunks * r.channels;
  if (c < r.channels) {
    // Means are taken from the first chunk's, so that they are small.
    const WIDE origin = TO_WIDE(LOAD(partial + c));
    WIDE center = 0, total = 0;
    for (int chunk = 0, i = c; chunk < r.chunks; chunk++, i += r.channels) {
      const wide count = min(r.perChunk, r.rows - chunk * r.perChunk);
      center += (TO_WIDE(LOAD(partial + i)) - origin) * count + TO_WIDE(LOAD(partial + all + i));
    }
    center /= (wide)r.rows;
    for (int chunk = 0, i = c; chunk < r.chunks; chunk++, i += r.channels) {
      const wide count = min(r.perChunk, r.rows - chunk * r.perChunk);
      // Around the estimate, the deviations from it are square, and their sum is what the estimate is off by.
      const WIDE offset = center - (TO_WIDE(LOAD(partial + i)) - origin);
      total += TO_WIDE(LOAD(partial + 2 * all + i))
               + offset * (offset * count - 2 * TO_WIDE(LOAD(partial + all + i)));
    }
    center += origin;
    const VEC rounded = TO_VEC(center), v = TO_VEC(fmax(total, (WIDE)(0)) / (wide)r.rows), g = LOAD(gamma + c);
    const WIDE factor = TO_WIDE(g) / sqrt(TO_WIDE(v) + (wide)epsilon);
    const VEC moved = TO_VEC(TO_WIDE(LOAD(beta + c)) - (center - TO_WIDE(rounded)) * factor);
    STORE(rounded, mean + c);
    STORE(v, variance + c);
    STORE(rounded, factors + c);
    STORE(scaleOf(g, v, epsilon), factors + r.channels + c);
    STORE(moved, factors + 2 * r.channels + c);
    if (hasShift) STORE(moved, shift + c);
  }
}

__kernel void normalizeRows(ARRAY(const float, x), ARRAY(const float, factors), ARRAY(const float, residual),
                        ARRAY(float, y), const int items, const int rows, const int channels,
                        const int hasResidual, const int rectifies) {
  OPEN(const float, x);
  OPEN(const float, factors);
  OPEN(const float, residual);
  OPEN(float, y);
  const int item = get_global_id(0);
  if (item < items) {
    EACH_ELEMENT(item, rows, channels, c, i) {
      const VEC mean = LOAD(factors + c), scale = LOAD(factors + channels + c), shift = LOAD(factors + 2 * channels + c);
      VEC v = fma(LOAD(x + i) - mean, scale, shift);
      if (hasResidual) v += LOAD(residual + i);
      STORE(rectifies ? select(v, (VEC)(0.0f), v < 0.0f) : v, y + i);
    }
  }
}

// The gradient, where y was rectified only where that is positive.
static inline VEC passed(const VEC dy, const VEC d, const VEC scale, const VEC shift, const int rectified) {
  return rectified ? select((VEC)(0.0f), dy, fma(d, scale, shift) > 0.0f) : dy;
}

// partial[0 ... 1][chunk][channel]: the sums of dy and of dy (x - mean).
__kernel void gradientSums(ARRAY(const float, dy), ARRAY(const float, x), ARRAY(const float, gamma),
                           ARRAY(const float, mean), ARRAY(const float, variance), ARRAY(const float, shift),
                           ARRAY(float, partial), const int items, const Rows r, const float epsilon,
                           const int rectified) {
  OPEN(const float, dy);
  OPEN(const float, x);
  OPEN(const float, gamma);
  OPEN(const float, mean);
  OPEN(const float, variance);
  OPEN(const float, shift);
  OPEN(float, partial);
  const int item = get_global_id(0), all = r.chunks * r.channels;
  if (item < items) {
    const Chunk k = chunkOf(item, r);
    VEC center[VECTORS], scale[VECTORS], moved[VECTORS], sum[VECTORS], product[VECTORS];
    EACH(v) {
      const int c = k.c + v * VW;
      center[v] = LOAD(mean + c);
      scale[v] = scaleOf(LOAD(gamma + c), LOAD(variance + c), epsilon);
      moved[v] = LOAD(shift + c);
      sum[v] = product[v] = 0.0f;
    }
    for (int row = k.first; row < k.end; row++)
      EACH(v) {
        const int i = row * r.channels + k.c + v * VW;
        const VEC d = LOAD(x + i) - center[v], g = passed(LOAD(dy + i), d, scale[v], moved[v], rectified);
        sum[v] += g;
        product[v] = fma(g, d, product[v]);
      }
    EACH(v) {
      __global float *p = partial + (item * VECTORS + v) * VW;
      STORE(sum[v], p);
      STORE(product[v], p + all);
    }
  }
}

// One item a vector of channels: dgamma, dbeta, factors[0 ... 2][channel] of dx = a dy + b (x - mean) + d, and the scale.
__kernel void mergeGradients(ARRAY(const float, partial), ARRAY(const float, gamma),
                             ARRAY(const float, variance), ARRAY(float, dgamma), ARRAY(float, dbeta),
                             ARRAY(float, factors), const Rows r, const float epsilon) {
  OPEN(const float, partial);
  OPEN(const float, gamma);
  OPEN(const float, variance);
  OPEN(float, dgamma);
  OPEN(float, dbeta);
  OPEN(float, factors);
  const int c = get_global_id(0) * VW, all = r.chunks * r.channels;
  if (c < r.channels) {
    WIDE sum = 0, product = 0;
    for (int chunk = 0, i = c; chunk < r.chunks; chunk++, i += r.channels) {
      sum += TO_WIDE(LOAD(partial + i));
      product += TO_WIDE(LOAD(partial + all + i));
    }
    const VEC g = LOAD(gamma + c), v = LOAD(variance + c);
    const WIDE inverse = 1 / sqrt(TO_WIDE(v) + (wide)epsilon), factor = TO_WIDE(g) * inverse;
    STORE(TO_VEC(product * inverse), dgamma + c);
    STORE(TO_VEC(sum), dbeta + c);
    STORE(TO_VEC(factor), factors + c);
    STORE(TO_VEC(-factor * inverse * inverse * product / (wide)r.rows), factors + r.channels + c);
    STORE(TO_VEC(-factor * sum / (wide)r.rows), factors + 2 * r.channels + c);
    STORE(scaleOf(g, v, epsilon), factors + 3 * r.channels + c);
  }
}

// dx may be dy.
__kernel void normalizeBackward(ARRAY(const float, dy), ARRAY(const float, x), ARRAY(const float, mean),
                                ARRAY(const float, shift), ARRAY(const float, factors), ARRAY(float, dx),
                                const int items, const int rows, const int channels, const int rectified) {
  OPEN(const float, dy);
  OPEN(const float, x);
  OPEN(const float, mean);
  OPEN(const float, shift);
  OPEN(const float, factors);
  OPEN(float, dx);
  const int item = get_global_id(0);
  if (item < items) {
    EACH_ELEMENT(item, rows, channels, c, i) {
      const VEC d = LOAD(x + i) - LOAD(mean + c);
      const VEC g = passed(LOAD(dy + i), d, LOAD(factors + 3 * channels + c), LOAD(shift + c), rectified);
      const VEC rest = fma(LOAD(factors + channels + c), d, LOAD(factors + 2 * channels + c));
      STORE(fma(LOAD(factors + c), g, rest), dx + i);
    }
  }
}
