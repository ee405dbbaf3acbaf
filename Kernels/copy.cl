// Boxes of up to five axes copied between places.
//
//     y[Σ c_a * outputStep_a] = x[Σ c_a * inputStep_a]      for every coordinate c of the box
//
// T is the type of an element by its size: uint or uchar.
//
//     an item:  a tile of ROWS places of axis 3 by COLUMNS of axis 4
//
// Macros (data of the kind of device): ROWS and COLUMNS are 1 on GPUs; on CPUs so many that a line that was read for one row
// is still near for the next where the elements of x follow each other along axis 3.
#ifndef T
#define T uint
#endif
#ifndef ROWS
#define ROWS 1
#define COLUMNS 1
#endif

typedef struct {
  int items;
  int size[5];
  int input[5];
  int output[5];
} Box;

__kernel void copyBox(ARRAY(const T, x), ARRAY(T, y), const Box box) {
  OPEN(const T, x);
  OPEN(T, y);
  int rest = get_global_id(0);
  if (rest < box.items) {
    const int across = (box.size[4] + COLUMNS - 1) / COLUMNS, down = (box.size[3] + ROWS - 1) / ROWS;
    const int column = rest % across * COLUMNS, row = rest / across % down * ROWS;
    rest = rest / across / down;
    int from = column * box.input[4] + row * box.input[3], to = column * box.output[4] + row * box.output[3];
    for (int axis = 2; axis >= 0; axis--) {
      const int quotient = rest / box.size[axis], place = rest - quotient * box.size[axis];
      from += place * box.input[axis];
      to += place * box.output[axis];
      rest = quotient;
    }
    // A GPU's items have one element each.
    const int rows = ROWS == 1 ? 1 : min(ROWS, box.size[3] - row);
    const int columns = COLUMNS == 1 ? 1 : min(COLUMNS, box.size[4] - column);
    for (int r = 0; r < rows; r++) {
      __global const T *source = x + from + r * box.input[3];
      __global T *target = y + to + r * box.output[3];
      int c = 0;
      if (ROWS > 1 && box.input[4] == 1 && box.output[4] == 1)
        for (; c + 16 <= columns; c += 16) vstore16(vload16(0, source + c), 0, target + c);
      for (; c < columns; c++) target[c * box.output[4]] = source[c * box.input[4]];
    }
  }
}
