// Convolutions of one channel with few kernels, on CPUs: lanes are neighbours in a row of results, which lie one after the
// other in the source as well.
//
//     C[m, n] = epilogue(Σ_t A(m, t) * B[t.w + n * bN])          product.cl says more
//
// The source lies in a frame that reaches as far as whole items do. Macros: VW width of a vector, TV vectors of an item.
//
//     group (x, y, z):  results x * TV * VW ... of row y for column z
#ifndef TV
#define TV 4
#endif

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void planar(ARRAY(const float, a), ARRAY(const float, b), ARRAY(float, c), ARRAY(const int4, taps), EPILOGUE,
            const Product p) {
  OPEN(const float, a);
  OPEN(const float, b);
  OPEN(float, c);
  OPEN(const int4, taps);
  OPEN_EPILOGUE;
  const int n = get_group_id(2), w = (int)get_group_id(0) * TV * VW;
  Point q = point(p, (int)get_group_id(1) * p.points[2]);
  q.w = w;
  a += origin(p, q);
  b += n * p.bN;
  VEC sum[TV];
#pragma unroll
  for (int j = 0; j < TV; j++) sum[j] = (VEC)(0.0f);
  for (int t = 0; t < p.taps; t++) {
    const int4 tap = taps[t];
    const VEC u = (VEC)(b[tap.w]);
    __global const float *row = a + reach(p, tap);
#pragma unroll
    for (int j = 0; j < TV; j++) sum[j] = fma(u, LOAD(row + j * VW), sum[j]);
  }
  const int place = target(p, q) + n, step = p.stride[2] * p.cPixel;
#pragma unroll
  for (int j = 0; j < TV; j++) {
    const int first = j * VW, count = p.points[2] - w - first;
    if (step == 1 && count >= VW && (p.epilogue & 7) == 0) {
      finish(sum[j], p, c, place + first, 0, count, EXTRAS);
    } else {
      float y[VW];
      STORE(sum[j], y);
      for (int l = 0; l < min(count, VW); l++) {
        const int at = place + (first + l) * step;
        c[at] = finished(y[l], p, at, n, EXTRAS);
      }
    }
  }
}
