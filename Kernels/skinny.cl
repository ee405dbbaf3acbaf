// Products of a few rows with a large B, on CPUs: all time goes into reading B, which happens once and in place, DEPTH rows
// over a stretch of columns at a time, as many streams as a processor follows. What is summed up so far stays in the
// nearest caches. The inner axis is cut in chunks, whose sums `skinnySum` adds and finishes.
//
//     partial[z][chunk][m, n] = Σ_{k in chunk} A[m * aPixel + k * aK] * B[k * bK + n]      product.cl says more
//
// Macros: VW width of a vector, DEPTH, CHUNK a multiple of DEPTH, STRETCH columns, a multiple of VW.
#ifndef DEPTH
#define DEPTH 8
#define CHUNK 512
#define STRETCH 1024
#endif

// One item a stretch and chunk.
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void skinny(ARRAY(const float, a), ARRAY(const float, b), ARRAY(float, partial), const Product p) {
  OPEN(const float, a);
  OPEN(const float, b);
  OPEN(float, partial);
  const int first = (int)get_group_id(0) * STRETCH, chunk = get_group_id(1), z = get_group_id(2);
  const int chunks = get_num_groups(1), last = min(first + STRETCH, p.N), end = min((chunk + 1) * CHUNK, p.K);
  a += z * p.aBatch;
  b += z * p.bBatch;
  partial += (z * chunks + chunk) * p.M * p.N;
#define ADD(LOADED, STORED)                                                                             \
  VEC v[DEPTH];                                                                                         \
  _Pragma("unroll") for (int k = 0; k < DEPTH; k++)                                                     \
    v[k] = k0 + k < end ? LOADED(b + ((k0 + k) * p.bK + n)) : (VEC)(0.0f);                              \
  for (int m = 0; m < p.M; m++) {                                                                       \
    __global const float *row = a + (m * p.aPixel + k0 * p.aK);                                         \
    __global float *to = partial + (m * p.N + n);                                                       \
    VEC sum = k0 == chunk * CHUNK ? (VEC)(0.0f) : LOADED(to);                                           \
    _Pragma("unroll") for (int k = 0; k < DEPTH; k++)                                                   \
      sum = fma((VEC)(k0 + k < end ? row[k * p.aK] : 0.0f), v[k], sum);                                 \
    STORED(sum, to);                                                                                    \
  }
#define SOME(x) some(x, last - n)
#define STORE_SOME(v, x) storeSome(v, x, last - n)
  for (int k0 = chunk * CHUNK; k0 < end; k0 += DEPTH) {
    int n = first;
    for (; n + VW <= last; n += VW) {
      ADD(LOAD, STORE)
    }
    if (n < last) {
      ADD(SOME, STORE_SOME)
    }
  }
}

// One item a vector of columns of a row: vectors of all rows of all matrices.
__kernel void skinnySum(ARRAY(const float, partial), ARRAY(float, c), EPILOGUE, const int count, const int chunks,
                        const Product p) {
  OPEN(const float, partial);
  OPEN(float, c);
  OPEN_EPILOGUE;
  const int i = get_global_id(0);
  if (i < count) {
    const int vectors = (p.N + VW - 1) / VW, n = i % vectors * VW, m = i / vectors % p.M, z = i / vectors / p.M;
    partial += (z * chunks * p.M + m) * p.N + n;
    VEC sum = (VEC)(0.0f);
    for (int k = 0; k < chunks; k++) sum += some(partial + k * p.M * p.N, p.N - n);
    finish(sum, p, c, m * p.cPixel + z * p.cBatch + n, n + z * p.rowBatch, p.N - n, EXTRAS);
  }
}
