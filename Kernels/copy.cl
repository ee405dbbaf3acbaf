// Boxes of up to five axes copied between places, element by element.
//
//     y[Σ c_a * outputStride_a] = x[Σ c_a * inputStride_a]      for every coordinate c of the box
//
// T is the type of an element by its size: uint or uchar.
#ifndef T
#define T uint
#endif

typedef struct {
  int count;
  int size[5];
  int input[5];
  int output[5];
} Box;

__kernel void copyBox(ARRAY(const T, x), ARRAY(T, y), const Box box) {
  OPEN(const T, x);
  OPEN(T, y);
  const int i = get_global_id(0);
  if (i < box.count) {
    int rest = i, from = 0, to = 0;
    for (int axis = 4; axis >= 0; axis--) {
      const int quotient = rest / box.size[axis];
      const int place = rest - quotient * box.size[axis];
      from += place * box.input[axis];
      to += place * box.output[axis];
      rest = quotient;
    }
    y[to] = x[from];
  }
}
