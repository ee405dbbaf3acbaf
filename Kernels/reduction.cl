// Sums, products, extrema and their places over one axis of an array seen as (outer, length, inner).
//
//     y[o, j, i] = x[o, j, i] ∘ x[o, j + chunks, i] ∘ x[o, j + 2 chunks, i] ∘ ...        for 0 <= j < chunks
//
// One item a result. The host runs it again on the results until one chunk is left: a fixed tree. T is the type of the
// elements, W the one of
// sums and products of them (uint for int, which wraps around), KIND what is done with them: 0 sum, 1 product, 2 minimum, 3 maximum, 4 and 5 the places of these.
#ifndef T
#define T float
#define W float
#define LOWEST -INFINITY
#define HIGHEST INFINITY
#endif
#ifndef KIND
#define KIND 0
#endif

#if KIND == 0
#define IDENTITY ((T)0)
static inline T combined(T a, T b) { return (T)((W)a + (W)b); }
#elif KIND == 1
#define IDENTITY ((T)1)
static inline T combined(T a, T b) { return (T)((W)a * (W)b); }
#elif KIND == 2 || KIND == 4
#define IDENTITY HIGHEST
static inline T combined(T a, T b) { return a < b || a != a ? a : b; }
#else
#define IDENTITY LOWEST
static inline T combined(T a, T b) { return a > b || a != a ? a : b; }
#endif

__kernel void reduce(ARRAY(const T, x), ARRAY(T, y), const int count, const int length, const int inner,
                     const int chunks) {
  OPEN(const T, x);
  OPEN(T, y);
  const int g = get_global_id(0);
  if (g < count) {
    const int i = g % inner, j = g / inner % chunks, o = g / inner / chunks;
    __global const T *p = x + (o * length * inner + i);
    T result = IDENTITY;
    for (int k = j; k < length; k += chunks) result = combined(result, p[k * inner]);
    y[g] = result;
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
