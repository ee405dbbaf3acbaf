// What a device can do at best, which kernels are measured against: multiply-adds in registers, and a triad of arrays in
// memory (McCalpin 1995, *Memory bandwidth and machine balance in current high performance computers*). Macros: VW (1, 4,
// 8, 16), the width of the device's own vectors; CHAINS of multiply-adds that do not wait for one another.
#ifndef VW
#define VW 4
#define CHAINS 12
#endif

// Numbers x -> a x + b, `turns` times in every chain of every item, and the sum over the chains; turns is a multiple of 16.
__kernel void multiplyAdds(ARRAY(float, y), const int turns, const float a, const float b) {
  OPEN(float, y);
  const int i = get_global_id(0);
  VEC x[CHAINS];
#pragma unroll
  for (int c = 0; c < CHAINS; c++) x[c] = (VEC)((float)c);
  for (int turn = 0; turn < turns; turn += 16)
#pragma unroll
    for (int step = 0; step < 16; step++)
#pragma unroll
      for (int c = 0; c < CHAINS; c++) x[c] = fma(x[c], (VEC)(a), (VEC)(b));
  VEC sum = x[0];
#pragma unroll
  for (int c = 1; c < CHAINS; c++) sum += x[c];
  STORE(sum, y + i * VW);
}

// a = b + s c, a vector an item
__kernel void triad(ARRAY(const float, b), ARRAY(const float, c), ARRAY(float, a), const float s) {
  OPEN(const float, b);
  OPEN(const float, c);
  OPEN(float, a);
  const int i = get_global_id(0) * VW;
  STORE(fma((VEC)(s), LOAD(c + i), LOAD(b + i)), a + i);
}
