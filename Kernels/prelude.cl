// What every program begins with: OpenCL C 1.2, and nothing of it that a device may lack.

// a * b + c is rounded twice unless it is written fma(a, b, c), so that results do not depend on the compiler.
#pragma OPENCL FP_CONTRACT OFF

// For sums over whole arrays: double where the device has it.
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define wide double
#else
#define wide float
#endif

// An array of a kernel: a buffer and how many elements from its beginning the array starts. ARRAY stands in the list of
// parameters, OPEN at the top of the kernel.
#define ARRAY(T, name) __global T *name##Memory, const ulong name##Start
#define OPEN(T, name) __global T *name = name##Memory + name##Start

// A kernel that is spoiled on purpose, to try what looks for wrong kernels: every second item, or group, does the work of
// its neighbour instead of its own.
#ifdef BROKEN
#define get_global_id(axis) (get_global_id(axis) & ~(size_t)1)
#define get_group_id(axis) (get_group_id(axis) & ~(size_t)1)
#endif

// Vectors of VW floats, and of as many ints, for programs that define VW; OpenCL C has none of one.
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define VEC CAT(float, VW)
#define INTS CAT(int, VW)
#define WIDE CAT(wide, VW)
#define TO_VEC(v) CAT(convert_, VEC)(v)
#define TO_WIDE(v) CAT(convert_, WIDE)(v)
// Pasted before anything is expanded: drivers may have macros of these names.
#define LOAD_(width, p) vload##width(0, (p))
#define STORE_(width, v, p) vstore##width((v), 0, (p))
#define LOAD_OF(width, p) LOAD_(width, p)
#define STORE_OF(width, v, p) STORE_(width, v, p)
#define LOAD(p) LOAD_OF(VW, p)
#define STORE(v, p) STORE_OF(VW, v, p)
#define float1 float
#define int1 int
#define uint1 uint
#define double1 double
#define vload1(offset, p) (*(p))
#define vstore1(v, offset, p) (*(p) = (v))
