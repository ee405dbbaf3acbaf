// Pictures at another size: every result is a sum over the rows and columns that its tables of taps name.
//
//     y[h, w, c] = Σ_k across.weight[k] Σ_j down.weight[j] x[down.place[j], across.place[k], c]
//
// with j in downStarts[h] ... downStarts[h + 1] and k likewise; one item a result.

typedef struct {
  int count, channels;
  int fromHeight, fromWidth, toHeight, toWidth;
} Sizes;

__kernel void resample(ARRAY(const float, x), ARRAY(float, y), ARRAY(const int, downStarts),
                       ARRAY(const int, downPlaces), ARRAY(const float, downWeights),
                       ARRAY(const int, acrossStarts), ARRAY(const int, acrossPlaces),
                       ARRAY(const float, acrossWeights), const Sizes s) {
  OPEN(const float, x);
  OPEN(float, y);
  OPEN(const int, downStarts);
  OPEN(const int, downPlaces);
  OPEN(const float, downWeights);
  OPEN(const int, acrossStarts);
  OPEN(const int, acrossPlaces);
  OPEN(const float, acrossWeights);
  const int i = get_global_id(0);
  if (i < s.count) {
    const int c = i % s.channels, w = i / s.channels % s.toWidth, row = i / s.channels / s.toWidth;
    const int h = row % s.toHeight, image = row / s.toHeight * s.fromHeight;
    float sum = 0.0f;
    for (int k = acrossStarts[w]; k < acrossStarts[w + 1]; k++) {
      float column = 0.0f;
      for (int j = downStarts[h]; j < downStarts[h + 1]; j++) {
        const int place = ((image + downPlaces[j]) * s.fromWidth + acrossPlaces[k]) * s.channels + c;
        column = fma(downWeights[j], x[place], column);
      }
      sum = fma(acrossWeights[k], column, sum);
    }
    y[i] = sum;
  }
}
