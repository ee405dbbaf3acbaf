// Batch normalisation over the rows of a matrix (rows, channels), and its closed-form gradient.
//
//     y = (x - mean) / sqrt(variance + epsilon) * gamma + beta
//
// Rows are taken in fixed chunks, one item a chunk and channel. Each chunk's mean and squared deviations are taken around
// its own first estimate of the mean, and merged (Chan, Golub, LeVeque 1983, *Algorithms for computing the sample
// variance*), so that a mean much larger than the deviation does no harm.

typedef struct {
  int rows, channels, perChunk, chunks;
} Rows;

// What deviations from the mean are multiplied by, from the variance as both passes know it.
float scaleOf(const float gamma, const float variance, const float epsilon) {
  return (float)(gamma / sqrt((wide)variance + (wide)epsilon));
}

// partial[0 ... 2][chunk][channel]: the estimate, the sum of the deviations from it, and the sum of their squares.
__kernel void moments(ARRAY(const float, x), ARRAY(float, partial), const Rows r) {
  OPEN(const float, x);
  OPEN(float, partial);
  const int item = get_global_id(0), all = r.chunks * r.channels;
  if (item < all) {
    const int c = item % r.channels, first = item / r.channels * r.perChunk;
    const int end = min(first + r.perChunk, r.rows);
    float estimate = 0.0f;
    for (int row = first; row < end; row++) estimate += x[row * r.channels + c];
    estimate /= (float)(end - first);
    float sum = 0.0f, square = 0.0f;
    for (int row = first; row < end; row++) {
      const float d = x[row * r.channels + c] - estimate;
      sum += d;
      square = fma(d, d, square);
    }
    partial[item] = estimate;
    partial[all + item] = sum;
    partial[2 * all + item] = square;
  }
}

// One item a channel: the mean and variance of all chunks, and factors[0 ... 2][channel]: the rounded mean, the scale,
// and the shift, which makes up for what the rounding left over.
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
  const int c = get_global_id(0), all = r.chunks * r.channels;
  if (c < r.channels) {
    wide center = 0, total = 0, merged = 0;
    for (int chunk = 0; chunk < r.chunks; chunk++) {
      const wide count = min(r.perChunk, r.rows - chunk * r.perChunk);
      const int i = chunk * r.channels + c;
      const wide sum = partial[all + i], correction = sum / count;
      const wide offset = partial[i] + correction - center;
      const wide within = partial[2 * all + i] - sum * correction;
      total += (within > 0 ? within : 0) + offset * offset * count * merged / (count + merged);
      merged += count;
      center += offset * count / merged;
    }
    const wide v = total / merged, factor = gamma[c] / sqrt((wide)(float)v + (wide)epsilon);
    const float rounded = (float)center;
    mean[c] = rounded;
    variance[c] = (float)v;
    factors[c] = rounded;
    factors[r.channels + c] = scaleOf(gamma[c], (float)v, epsilon);
    factors[2 * r.channels + c] = (float)(beta[c] - (center - (wide)rounded) * factor);
    if (hasShift) shift[c] = factors[2 * r.channels + c];
  }
}

__kernel void normalizeRows(ARRAY(const float, x), ARRAY(const float, factors), ARRAY(const float, residual),
                        ARRAY(float, y), const int count, const int channels, const int hasResidual,
                        const int rectifies) {
  OPEN(const float, x);
  OPEN(const float, factors);
  OPEN(const float, residual);
  OPEN(float, y);
  const int i = get_global_id(0);
  if (i < count) {
    const int c = i % channels;
    float v = fma(x[i] - factors[c], factors[channels + c], factors[2 * channels + c]);
    if (hasResidual) v += residual[i];
    y[i] = rectifies && v < 0.0f ? 0.0f : v;
  }
}

// partial[0 ... 1][chunk][channel]: the sums of dy and of dy (x - mean). Where y was rectified, dy counts where it is
// positive.
__kernel void gradientSums(ARRAY(const float, dy), ARRAY(const float, x), ARRAY(const float, gamma),
                           ARRAY(const float, mean), ARRAY(const float, variance), ARRAY(const float, shift),
                           ARRAY(float, partial), const Rows r, const float epsilon, const int rectified) {
  OPEN(const float, dy);
  OPEN(const float, x);
  OPEN(const float, gamma);
  OPEN(const float, mean);
  OPEN(const float, variance);
  OPEN(const float, shift);
  OPEN(float, partial);
  const int item = get_global_id(0), all = r.chunks * r.channels;
  if (item < all) {
    const int c = item % r.channels, first = item / r.channels * r.perChunk;
    const int end = min(first + r.perChunk, r.rows);
    const float center = mean[c], scale = scaleOf(gamma[c], variance[c], epsilon);
    float sum = 0.0f, product = 0.0f;
    for (int row = first; row < end; row++) {
      const int i = row * r.channels + c;
      const float d = x[i] - center;
      const float g = rectified && !(fma(d, scale, shift[c]) > 0.0f) ? 0.0f : dy[i];
      sum += g;
      product = fma(g, d, product);
    }
    partial[item] = sum;
    partial[all + item] = product;
  }
}

// One item a channel: dgamma, dbeta, factors[0 ... 2][channel] of dx = a dy + b (x - mean) + d, and the scale.
__kernel void mergeGradients(ARRAY(const float, partial), ARRAY(const float, gamma),
                             ARRAY(const float, variance), ARRAY(float, dgamma), ARRAY(float, dbeta),
                             ARRAY(float, factors), const Rows r, const float epsilon) {
  OPEN(const float, partial);
  OPEN(const float, gamma);
  OPEN(const float, variance);
  OPEN(float, dgamma);
  OPEN(float, dbeta);
  OPEN(float, factors);
  const int c = get_global_id(0), all = r.chunks * r.channels;
  if (c < r.channels) {
    wide sum = 0, product = 0;
    for (int chunk = 0; chunk < r.chunks; chunk++) {
      sum += partial[chunk * r.channels + c];
      product += partial[all + chunk * r.channels + c];
    }
    const wide inverse = 1 / sqrt((wide)variance[c] + (wide)epsilon), factor = gamma[c] * inverse;
    dgamma[c] = (float)(product * inverse);
    dbeta[c] = (float)sum;
    factors[c] = (float)factor;
    factors[r.channels + c] = (float)(-factor * inverse * inverse * product / r.rows);
    factors[2 * r.channels + c] = (float)(-factor * sum / r.rows);
    factors[3 * r.channels + c] = scaleOf(gamma[c], variance[c], epsilon);
  }
}

// dx may be dy.
__kernel void normalizeBackward(ARRAY(const float, dy), ARRAY(const float, x), ARRAY(const float, mean),
                                ARRAY(const float, shift), ARRAY(const float, factors), ARRAY(float, dx),
                                const int count, const int channels, const int rectified) {
  OPEN(const float, dy);
  OPEN(const float, x);
  OPEN(const float, mean);
  OPEN(const float, shift);
  OPEN(const float, factors);
  OPEN(float, dx);
  const int i = get_global_id(0);
  if (i < count) {
    const int c = i % channels;
    const float d = x[i] - mean[c];
    const float g = rectified && !(fma(d, factors[3 * channels + c], shift[c]) > 0.0f) ? 0.0f : dy[i];
    dx[i] = fma(factors[c], g, fma(factors[channels + c], d, factors[2 * channels + c]));
  }
}
