// Sources with zeros around them, so that whoever reads them tests nothing.
//
// Macros: VW width of a vector, ITEMS of a group, which share a line: 1 on CPUs.
#ifndef VW
#define VW 4
#endif
#ifndef ITEMS
#define ITEMS 64
#endif

typedef struct {
  int channels;
  int source[3], framed[3], before[3];  // pixels of the source, of the frame, of the frame before the source
} Frame;

// x[image, d, h, w, channel] → y[image, before + (d, h, w), channel]; one group a line of the frame.
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void frame(ARRAY(const float, x), ARRAY(float, y), const Frame f) {
  OPEN(const float, x);
  OPEN(float, y);
  const int line = get_group_id(0), length = f.framed[2] * f.channels;
  const int h = line % f.framed[1] - f.before[1], rest = line / f.framed[1];
  const int d = rest % f.framed[0] - f.before[0], image = rest / f.framed[0];
  const int isInside = h >= 0 && h < f.source[1] && d >= 0 && d < f.source[0];
  // The line's numbers that the source has.
  const int first = f.before[2] * f.channels, count = isInside ? f.source[2] * f.channels : 0;
  x += isInside ? ((image * f.source[0] + d) * f.source[1] + h) * count : 0;
  y += line * length;
  for (int e = (int)get_local_id(0) * VW; e < length; e += ITEMS * VW) {
    if (e >= first && e + VW <= first + count) {
      STORE(LOAD(x + (e - first)), y + e);
    } else {
      for (int l = e; l < min(e + VW, length); l++)
        y[l] = l >= first && l < first + count ? x[l - first] : 0.0f;
    }
  }
}

// Rows of `narrow` numbers → rows of `width` ones, zeros behind; one item a row.
__kernel void widen(ARRAY(const float, x), ARRAY(float, y), const int count, const int narrow, const int width) {
  OPEN(const float, x);
  OPEN(float, y);
  const int i = get_global_id(0);
  if (i < count) {
    x += i * narrow;
    y += i * width;
    for (int c = 0; c < width; c++) y[c] = c < narrow ? x[c] : 0.0f;
  }
}
