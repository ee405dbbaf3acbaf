// Pictures at another size: every result is a sum over the rows and columns that its tables of taps name.
//
//     y[h, w, c] = Σ_k across.weight[k] Σ_j down.weight[j] x[down.place[j], across.place[k], c]
//
// with j in downStarts[h] ... downStarts[h + 1] and k likewise; an item takes PLACES places of a row by VECTORS vectors of VW
// channels (see pooling.cl).
#ifndef VW
#define VW 1
#define VECTORS 1
#define PLACES 1
#endif

typedef struct {
  int items, channels;
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
  int i = get_global_id(0);
  if (i < s.items) {
    const int parts = s.channels / (VECTORS * VW), strips = (s.toWidth + PLACES - 1) / PLACES;
    const int left = i % parts * (VECTORS * VW);
    i /= parts;
    const int first = i % strips * PLACES, end = min(first + PLACES, s.toWidth), row = i / strips;
    const int h = row % s.toHeight, image = row / s.toHeight * s.fromHeight;
    for (int w = first; w < end; w++)
      for (int c = left; c < left + VECTORS * VW; c += VW) {
        VEC sum = 0.0f;
        for (int k = acrossStarts[w]; k < acrossStarts[w + 1]; k++) {
          VEC column = 0.0f;
          for (int j = downStarts[h]; j < downStarts[h + 1]; j++) {
            const int place = ((image + downPlaces[j]) * s.fromWidth + acrossPlaces[k]) * s.channels + c;
            column = fma((VEC)(downWeights[j]), LOAD(x + place), column);
          }
          sum = fma((VEC)(acrossWeights[k]), column, sum);
        }
        STORE(sum, y + (row * s.toWidth + w) * s.channels + c);
      }
  }
}
