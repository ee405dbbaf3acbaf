// What the kernels of products share: how a product is described, and how its results are finished. Convolutions are
// products as well: every result is gathered from the source pixels that the taps reach.
//
//     C[m, n] = epilogue(Σ_t Σ_k A(m, t)[k * aK] * B[t.w + k * bK + n * bN])      0 <= m < M, 0 <= n < N
//
// Row m is the point (image, d, h, w) of a lattice of results; A(m, t) is the source pixel (d, h, w) * step + t.xyz; the
// result goes to pixel start + (d, h, w) * stride. A matrix is a picture of height 1 with one tap. The third axis of the
// grid is the batch, or the groups of a convolution.
//
// Where a tap lies outside of the source, it finds zeros: by a test, or because the source lies in a frame of them (see
// convolution.cl), which then counts as the source.
#ifndef VW
#define VW 4
#endif

typedef struct {
  int M, N, K, taps;
  int images;                                  // how many follow each other before the next point of the lattice
  int points[3], step[3], source[3];           // the lattice, its step in the source, the source's pixels
  int before[3], inside[3];                    // pixels of its frame before it, and its own
  int result[3], start[3], stride[3];          // the result's pixels, where the lattice lies in them
  int aPixel, aK, aBatch, bK, bN, bBatch, cPixel, cBatch;  // steps in elements
  int rowBatch;                                // step of bias, scale and shift
  int columnsOfLine, lineStep;                 // columns go on in another line of the result after so many, so far away
  int epilogue, activation;                    // bits: bias 1, scale 2, shift 4, residual 8, mask 16
} Product;

typedef struct {
  int image, d, h, w;
} Point;

static inline Point point(const Product p, int m) {
  Point q;
  q.w = m % p.points[2];
  m /= p.points[2];
  q.h = m % p.points[1];
  m /= p.points[1];
  q.d = m % p.points[0];
  q.image = m / p.points[0];
  return q;
}

// The source pixel under a tap, or -1 where it lies outside.
static inline int pixel(const Product p, const Point q, const int4 tap) {
  const int d = q.d * p.step[0] + tap.x, h = q.h * p.step[1] + tap.y, w = q.w * p.step[2] + tap.z;
  const int isInside =
      d >= 0 && d < p.source[0] && h >= 0 && h < p.source[1] && w >= 0 && w < p.source[2];
  return isInside ? ((q.image * p.source[0] + d) * p.source[1] + h) * p.source[2] + w : -1;
}

// In a frame, rows are ordered by (block of images, d, h, w, image).
static inline Point framedPoint(const Product p, const int m) {
  Point q = point(p, m / p.images);
  q.image = q.image * p.images + m % p.images;
  return q;
}
static inline Point next(const Product p, Point q) {
  if (++q.image % p.images) return q;
  q.image -= p.images;
  if (++q.w == p.points[2]) {
    q.w = 0;
    if (++q.h == p.points[1]) {
      q.h = 0;
      if (++q.d == p.points[0]) {
        q.d = 0;
        q.image += p.images;
      }
    }
  }
  return q;
}

// The source pixel of a point, and how far from it a tap lies, the same for all points.
static inline int origin(const Product p, const Point q) {
  return ((q.image * p.source[0] + q.d * p.step[0]) * p.source[1] + q.h * p.step[1]) * p.source[2] +
         q.w * p.step[2];
}
static inline int reach(const Product p, const int4 tap) {
  return (tap.x * p.source[1] + tap.y) * p.source[2] + tap.z;
}

// Whether a tap finds nothing but the frame along an axis, from the first to the last of some places.
static inline int misses(const Product p, const int axis, const int first, const int last, const int tap) {
  return last * p.step[axis] + tap < p.before[axis] ||
         first * p.step[axis] + tap >= p.before[axis] + p.inside[axis];
}

// Where the results of a point begin.
static inline int target(const Product p, const Point q) {
  const int d = q.d * p.stride[0] + p.start[0], h = q.h * p.stride[1] + p.start[1],
            w = q.w * p.stride[2] + p.start[2];
  return (((q.image * p.result[0] + d) * p.result[1] + h) * p.result[2] + w) * p.cPixel;
}

// activation((x + bias) * scale + shift + residual), 0 where the mask is not positive; c is the place of the result, n of
// its column's numbers.
static inline float finished(float x, const Product p, const int c, const int n, __global const float *bias,
                             __global const float *scale, __global const float *shift,
                             __global const float *residual, __global const float *mask) {
  if (p.epilogue & 1) x += bias[n];
  if (p.epilogue & 2) x *= scale[n];
  if (p.epilogue & 4) x += shift[n];
  if (p.epilogue & 8) x += residual[c];
  if (p.activation == 1) x = x < 0.0f ? 0.0f : x;
  if (p.activation == 2) x = sigmoid(x);
  if (p.activation == 3) x = hyperbolicTangent(x);
  if (p.epilogue & 16) x = mask[c] > 0.0f ? x : 0.0f;
  return x;
}

// A vector that begins at any number. vstore16 is four stores to some compilers, and this is one.
typedef VEC Unaligned __attribute__((aligned(4)));

// A vector of results of one row, of which the first `count` columns are there, finished and written to their places.
static inline void finish(VEC x, const Product p, __global float *c, const int place, const int n, const int count,
                          __global const float *bias, __global const float *scale, __global const float *shift,
                          __global const float *residual, __global const float *mask) {
  if (count >= VW && p.activation < 2) {
    if (p.epilogue & 1) x += LOAD(bias + n);
    if (p.epilogue & 2) x *= LOAD(scale + n);
    if (p.epilogue & 4) x += LOAD(shift + n);
    if (p.epilogue & 8) x += LOAD(residual + place);
    if (p.activation == 1) x = x < (VEC)(0.0f) ? (VEC)(0.0f) : x;
    if (p.epilogue & 16) x = LOAD(mask + place) > (VEC)(0.0f) ? x : (VEC)(0.0f);
    *(__global Unaligned *)(c + place) = x;
  } else {
    float y[VW];
    STORE(x, y);
    for (int l = 0; l < VW; l++)
      if (l < count) c[place + l] = finished(y[l], p, place + l, n + l, bias, scale, shift, residual, mask);
  }
}

#define EPILOGUE                                                                                       \
  ARRAY(const float, bias), ARRAY(const float, scale), ARRAY(const float, shift), ARRAY(const float, residual), \
      ARRAY(const float, mask)
#define OPEN_EPILOGUE    \
  OPEN(const float, bias); \
  OPEN(const float, scale); \
  OPEN(const float, shift); \
  OPEN(const float, residual); \
  OPEN(const float, mask)
#define EXTRAS bias, scale, shift, residual, mask

// The first `count` numbers of a vector in memory, zeros for the rest.
static inline VEC some(__global const float *x, const int count) {
  if (count >= VW) return LOAD(x);
  float y[VW];
#pragma unroll
  for (int l = 0; l < VW; l++) y[l] = l < count ? x[l] : 0.0f;
  return LOAD(y);
}

static inline void storeSome(const VEC v, __global float *x, const int count) {
  float y[VW];
  STORE(v, y);
  for (int l = 0; l < min(count, VW); l++) x[l] = y[l];
}
