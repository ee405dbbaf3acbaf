// Pooling over windows of pictures (image, depth, height, width, channels), one item an element of the result.
//
//     window of output (d, h, w):  inputs (d, h, w) * stride - padding ... + size, as far as they lie inside
//
// The gradients gather from every window that holds an element, in order, so that nothing is added by two items.

typedef struct {
  int count, channels, countsPadding;
  int input[3], output[3], size[3], stride[3], padding[3];
} Window;

typedef struct {
  int c, image, place[3];
} Element;

static inline Element element(int i, const int channels, const int *extent) {
  Element e;
  e.c = i % channels;
  i /= channels;
#pragma unroll
  for (int axis = 2; axis >= 0; axis--) {
    e.place[axis] = i % extent[axis];
    i /= extent[axis];
  }
  e.image = i;
  return e;
}

// The part of a window along each axis that lies inside the input.
#define SPAN(g, place, first, end)                                     \
  int first[3], end[3];                                                \
  _Pragma("unroll") for (int axis = 0; axis < 3; axis++) {             \
    const int start = place[axis] * g.stride[axis] - g.padding[axis];  \
    first[axis] = max(start, 0);                                       \
    end[axis] = min(start + g.size[axis], g.input[axis]);              \
  }

// The windows along each axis that hold an input element.
#define WINDOWS(g, place, first, end)                                               \
  int first[3], end[3];                                                             \
  _Pragma("unroll") for (int axis = 0; axis < 3; axis++) {                          \
    const int last = place[axis] + g.padding[axis];                                 \
    first[axis] = max(0, (last - g.size[axis] + g.stride[axis]) / g.stride[axis]);  \
    if (last < g.size[axis]) first[axis] = 0;                                       \
    end[axis] = min(last / g.stride[axis] + 1, g.output[axis]);                     \
  }

#define EACH(first, end)                          \
  for (int d = first[0]; d < end[0]; d++)         \
    for (int h = first[1]; h < end[1]; h++)       \
      for (int w = first[2]; w < end[2]; w++)

__kernel void poolMaximum(ARRAY(const float, x), ARRAY(float, y), ARRAY(int, positions), const Window g) {
  OPEN(const float, x);
  OPEN(float, y);
  OPEN(int, positions);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Element e = element(i, g.channels, g.output);
    SPAN(g, e.place, first, end)
    __global const float *image = x + e.image * g.input[0] * g.input[1] * g.input[2] * g.channels + e.c;
    int best = (first[0] * g.input[1] + first[1]) * g.input[2] + first[2];
    float top = image[best * g.channels];
    EACH(first, end) {
      const int position = (d * g.input[1] + h) * g.input[2] + w;
      const float v = image[position * g.channels];
      const int isBetter = !(v <= top) && top == top;
      top = isBetter ? v : top;
      best = isBetter ? position : best;
    }
    y[i] = top;
    positions[i] = best;
  }
}

static inline float weight(const Window g, const int *place) {
  SPAN(g, place, first, end)
  const int inside = (end[0] - first[0]) * (end[1] - first[1]) * (end[2] - first[2]);
  return 1.0f / (float)(g.countsPadding ? g.size[0] * g.size[1] * g.size[2] : inside);
}

__kernel void poolAverage(ARRAY(const float, x), ARRAY(float, y), const Window g) {
  OPEN(const float, x);
  OPEN(float, y);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Element e = element(i, g.channels, g.output);
    SPAN(g, e.place, first, end)
    __global const float *image = x + e.image * g.input[0] * g.input[1] * g.input[2] * g.channels + e.c;
    float sum = 0.0f;
    EACH(first, end) sum += image[((d * g.input[1] + h) * g.input[2] + w) * g.channels];
    y[i] = sum * weight(g, e.place);
  }
}

__kernel void poolMaximumBackward(ARRAY(const float, dy), ARRAY(const int, positions), ARRAY(float, dx),
                                  const Window g) {
  OPEN(const float, dy);
  OPEN(const int, positions);
  OPEN(float, dx);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Element e = element(i, g.channels, g.input);
    WINDOWS(g, e.place, first, end)
    const int own = (e.place[0] * g.input[1] + e.place[1]) * g.input[2] + e.place[2];
    const int image = e.image * g.output[0] * g.output[1] * g.output[2] * g.channels + e.c;
    float sum = 0.0f;
    EACH(first, end) {
      const int place = image + ((d * g.output[1] + h) * g.output[2] + w) * g.channels;
      if (positions[place] == own) sum += dy[place];
    }
    dx[i] = sum;
  }
}

__kernel void poolAverageBackward(ARRAY(const float, dy), ARRAY(float, dx), const Window g) {
  OPEN(const float, dy);
  OPEN(float, dx);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Element e = element(i, g.channels, g.input);
    WINDOWS(g, e.place, first, end)
    const int image = e.image * g.output[0] * g.output[1] * g.output[2] * g.channels + e.c;
    float sum = 0.0f;
    EACH(first, end) {
      const int place[3] = {d, h, w};
      sum += dy[image + ((d * g.output[1] + h) * g.output[2] + w) * g.channels] * weight(g, place);
    }
    dx[i] = sum;
  }
}

__kernel void poolPick(ARRAY(const float, x), ARRAY(const int, positions), ARRAY(float, y), const Window g) {
  OPEN(const float, x);
  OPEN(const int, positions);
  OPEN(float, y);
  const int i = get_global_id(0);
  if (i < g.count) {
    const Element e = element(i, g.channels, g.output);
    const int image = e.image * g.input[0] * g.input[1] * g.input[2];
    y[i] = x[(image + positions[i]) * g.channels + e.c];
  }
}
