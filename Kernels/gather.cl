// Rows taken from places, rows added to places, and the largest elements of rows. T is the type of an element, W the one
// of sums (uint for int, which wraps around).
#ifndef T
#define T float
#define W float
#endif

typedef struct {
  int outer, axis, inner, count, isBatched;
} Gather;

// y[o, i, c] = x[o, indices[i], c], zeros where the index lies outside; one item an element
__kernel void gather(ARRAY(const T, x), ARRAY(const int, indices), ARRAY(T, y), const int total,
                     const Gather g) {
  OPEN(const T, x);
  OPEN(const int, indices);
  OPEN(T, y);
  const int item = get_global_id(0);
  if (item < total) {
    const int c = item % g.inner, row = item / g.inner, o = row / g.count;
    const int index = indices[g.isBatched ? row : row - o * g.count];
    y[item] = index >= 0 && index < g.axis ? x[(o * g.axis + index) * g.inner + c] : (T)0;
  }
}

// x[o, indices[i], c] += y[o, i, c] in the order of i; one item a column, so that nobody else adds to it
__kernel void scatterAdd(ARRAY(const T, y), ARRAY(const int, indices), ARRAY(T, x), const int total,
                         const Gather g) {
  OPEN(const T, y);
  OPEN(const int, indices);
  OPEN(T, x);
  const int item = get_global_id(0);
  if (item < total) {
    const int c = item % g.inner, o = item / g.inner;
    for (int i = 0; i < g.axis; i++) x[(o * g.axis + i) * g.inner + c] = (T)0;
    for (int i = 0; i < g.count; i++) {
      const int index = indices[g.isBatched ? o * g.count + i : i];
      if (index >= 0 && index < g.axis) {
        const int place = (o * g.axis + index) * g.inner + c;
        x[place] = (T)((W)x[place] + (W)y[(o * g.count + i) * g.inner + c]);
      }
    }
  }
}

// The k largest in falling order, NaN first, equal ones by their place; one item a row, whose list is kept in order
__kernel void topK(ARRAY(const T, x), ARRAY(T, values), ARRAY(int, places), const int rows, const int length,
                   const int k) {
  OPEN(const T, x);
  OPEN(T, values);
  OPEN(int, places);
  const int r = get_global_id(0);
  if (r < rows) {
    x += r * length;
    values += r * k;
    places += r * k;
    for (int i = 0, held = 0; i < length; i++) {
      const T a = x[i];
      int place = held;
      while (place > 0 && (a > values[place - 1] || (a != a && values[place - 1] == values[place - 1]))) {
        // NaN is never greater than what follows, so one that is held stays in front.
        if (place < k) {
          values[place] = values[place - 1];
          places[place] = places[place - 1];
        }
        place--;
      }
      if (place < k) {
        values[place] = a;
        places[place] = i;
      }
      held = min(k, held + 1);
    }
  }
}
