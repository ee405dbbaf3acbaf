// Softmax and its cross-entropy along the last axis, one item a row: the largest element is subtracted first, so that no
// exponential overflows.

static inline float top(__global const float *x, const int length) {
  float result = -INFINITY;
  for (int i = 0; i < length; i++) result = result < x[i] ? x[i] : result;
  return result;
}

// In eight sums side by side, so that long rows lose no digits; unrolled, so that they stay in registers.
static inline float sumOfExponentials(__global const float *x, const int length, const float top) {
  float sums[8] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
  int i = 0;
  for (; i + 8 <= length; i += 8)
#pragma unroll
    for (int l = 0; l < 8; l++) sums[l] += exponential(x[i + l] - top);
#pragma unroll
  for (int l = 0; l < 8; l++)
    if (i + l < length) sums[l] += exponential(x[i + l] - top);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
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
    const float factor = 1.0f / sum, rest = logarithm(sum);
    for (int i = 0; i < length; i++)
      y[i] = logarithmic ? x[i] - most - rest : exponential(x[i] - most) * factor;
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
      loss = logarithm(sumOfExponentials(x, classes, most)) + (most - x[label]);
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
    for (int c = 0; c < classes; c++) {
      const float y = exponential(x[c] - most) * factor;
      dx[c] = isClass ? (c == label ? y - dloss : y) : 0.0f;
    }
  }
}
