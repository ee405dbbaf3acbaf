// Softmax and its cross-entropy along the last axis, one item a row: the largest element is subtracted first, so that no
// exponential overflows. A row is taken by vectors of LANES elements, and so are its sums, so that long rows lose no digits.

// Elements i ... of a row; fillers where it has ended.
static inline real elements(__global const float *x, const int i, const int length, const float filler) {
  if (i + LANES <= length) return LOAD_OF(LANES, x + i);
  float lanes[LANES];
#pragma unroll
  for (int lane = 0; lane < LANES; lane++) lanes[lane] = i + lane < length ? x[i + lane] : filler;
  return LOAD_OF(LANES, lanes);
}

static inline void store(const real v, __global float *y, const int i, const int length) {
  if (i + LANES <= length) {
    STORE_OF(LANES, v, y + i);
  } else {
    float lanes[LANES];
    STORE_OF(LANES, v, lanes);
#pragma unroll
    for (int lane = 0; lane < LANES; lane++)
      if (i + lane < length) y[i + lane] = lanes[lane];
  }
}

static inline float first(const real v) {
  float lanes[LANES];
  STORE_OF(LANES, v, lanes);
  return lanes[0];
}

static inline float top(__global const float *x, const int length) {
  real most = -INFINITY;
  for (int i = 0; i < length; i += LANES) {
    const real a = elements(x, i, length, -INFINITY);
    most = either(most < a, a, most);
  }
  float lanes[LANES];
  STORE_OF(LANES, most, lanes);
#pragma unroll
  for (int reach = LANES / 2; reach > 0; reach /= 2)
#pragma unroll
    for (int l = 0; l < reach; l++) lanes[l] = lanes[l] < lanes[l + reach] ? lanes[l + reach] : lanes[l];
  return lanes[0];
}

// Of what stands behind the end of the row, the exponential is 0.
static inline float sumOfExponentials(__global const float *x, const int length, const float top) {
  real sum = 0.0f;
  for (int i = 0; i < length; i += LANES) sum += exponential(elements(x, i, length, -INFINITY) - top);
  float lanes[LANES];
  STORE_OF(LANES, sum, lanes);
#pragma unroll
  for (int reach = LANES / 2; reach > 0; reach /= 2)
#pragma unroll
    for (int l = 0; l < reach; l++) lanes[l] += lanes[l + reach];
  return lanes[0];
}

__kernel void softmax(ARRAY(const float, x), ARRAY(float, y), const int rows, const int length,
                      const int logarithmic) {
  OPEN(const float, x);
  OPEN(float, y);
  const int r = get_global_id(0);
  if (r < rows) {
    x += r * length;
    y += r * length;
    const float most = top(x, length), sum = sumOfExponentials(x, length, most);
    const float factor = 1.0f / sum, rest = first(logarithm(sum));
    for (int i = 0; i < length; i += LANES) {
      const real a = elements(x, i, length, most) - most;
      store(logarithmic ? a - rest : exponential(a) * factor, y, i, length);
    }
  }
}

// ln Σ e^x - x[label]; 0 where the label is no class
__kernel void crossEntropy(ARRAY(const float, x), ARRAY(const int, labels), ARRAY(float, losses), const int rows,
                           const int classes) {
  OPEN(const float, x);
  OPEN(const int, labels);
  OPEN(float, losses);
  const int r = get_global_id(0);
  if (r < rows) {
    x += r * classes;
    const int label = labels[r];
    float loss = 0.0f;
    if (label >= 0 && label < classes) {
      const float most = top(x, classes);
      loss = first(logarithm(sumOfExponentials(x, classes, most))) + (most - x[label]);
    }
    losses[r] = loss;
  }
}

// (softmax(x)[c] - (c is the label)) dlosses; 0 where the label is no class
__kernel void crossEntropyBackward(ARRAY(const float, x), ARRAY(const int, labels), ARRAY(const float, dlosses),
                                   ARRAY(float, dx), const int rows, const int classes) {
  OPEN(const float, x);
  OPEN(const int, labels);
  OPEN(const float, dlosses);
  OPEN(float, dx);
  const int r = get_global_id(0);
  if (r < rows) {
    x += r * classes;
    dx += r * classes;
    const int label = labels[r];
    const int isClass = label >= 0 && label < classes;
    const float most = top(x, classes), dloss = dlosses[r];
    const float factor = dloss / sumOfExponentials(x, classes, most);
    for (int c = 0; c < classes; c += LANES) {
      const real y = exponential(elements(x, c, classes, most) - most) * factor;
      store(isClass ? y : (real)(0.0f), dx, c, classes);
    }
    if (isClass) dx[label] -= dloss;
  }
}
