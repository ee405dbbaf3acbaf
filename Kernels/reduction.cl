// Sums, products, extrema and their places over one axis of an array seen as (outer, length, inner).
//
//     y[o, j, i] = x[o, k, i] ∘ x[o, k + step, i] ∘ x[o, k + 2 step, i] ∘ ...      k = j * start, 0 <= j < chunks
//
// of so many rounds at most; one item VECTORS vectors of results. The host runs it again on the results until one chunk is
// left: a fixed tree. T is the type of the elements (uint for sums and products of int, which wrap around), KIND
// what is done with them: 0 sum, 1 product, 2 minimum, 3 maximum, 4 and 5 the places of these.
//
// Macros (data of the kind of device): VW width of a vector, and VECTORS beside one another, whose product divides inner,
// 1 on GPUs; ALONG 1 where inner and step are 1 and one vector's elements follow along the axis, to meet in the end.
#ifndef T
#define T float
#define LOWEST -INFINITY
#define HIGHEST INFINITY
#endif
#ifndef KIND
#define KIND 0
#endif
#ifndef VW
#define VW 1
#define VECTORS 1
#define ALONG 0
#endif

// For elements and vectors of them alike.
#if KIND == 0
#define IDENTITY 0
#define COMBINED(a, b) ((a) + (b))
#elif KIND == 1
#define IDENTITY 1
#define COMBINED(a, b) ((a) * (b))
#elif KIND == 2 || KIND == 4
#define IDENTITY HIGHEST
#define COMBINED(a, b) select(b, a, (a < b) | (a != a))
#else
#define IDENTITY LOWEST
#define COMBINED(a, b) select(b, a, (a > b) | (a != a))
#endif
typedef CAT(T, VW) Vector;

__kernel void reduce(ARRAY(const T, x), ARRAY(T, y), const int items, const int length, const int inner,
                     const int chunks, const int start, const int step, const int rounds) {
  OPEN(const T, x);
  OPEN(T, y);
  const int item = get_global_id(0);
  if (item < items) {
    const int share = ALONG ? 1 : VECTORS * VW, parts = inner / share;
    const int left = item % parts * share, j = item / parts % chunks, o = item / parts / chunks;
    __global const T *p = x + (o * length * inner + left);
    y += (o * chunks + j) * inner + left;
    int k = j * start;
    const int end = min(k + rounds * step, length);
#if ALONG
    T lanes[VW], rest = IDENTITY;
    Vector result = (Vector)(IDENTITY);
    for (; k + VW <= end; k += VW) result = COMBINED(result, LOAD(p + k));
    for (; k < end; k++) rest = COMBINED(rest, p[k]);
    STORE(result, lanes);
    for (int reach = VW / 2; reach > 0; reach /= 2)
      for (int lane = 0; lane < reach; lane++) lanes[lane] = COMBINED(lanes[lane], lanes[lane + reach]);
    *y = COMBINED(lanes[0], rest);
#else
    Vector results[VECTORS];
    for (int v = 0; v < VECTORS; v++) results[v] = (Vector)(IDENTITY);
    for (; k < end; k += step)
      for (int v = 0; v < VECTORS; v++) results[v] = COMBINED(results[v], LOAD(p + k * inner + v * VW));
    for (int v = 0; v < VECTORS; v++) STORE(results[v], y + v * VW);
#endif
  }
}

// y[o, i] = the first place of the extremum, or of the first NaN
__kernel void place(ARRAY(const T, x), ARRAY(int, y), const int count, const int length, const int inner) {
  OPEN(const T, x);
  OPEN(int, y);
  const int g = get_global_id(0);
  if (g < count) {
    __global const T *p = x + (g / inner * length * inner + g % inner);
    int best = 0;
    for (int k = 1; k < length; k++) {
      const T a = p[best * inner], b = p[k * inner];
      const int isBetter = KIND == 5 ? b > a : b < a;
      if (a == a && (isBetter || b != b)) best = k;
    }
    y[g] = best;
  }
}
