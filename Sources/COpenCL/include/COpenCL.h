// The OpenCL functions as a table of pointers that is filled at run time, so that the same binary starts where there is
// no OpenCL. In Swift: functions.clFinish(queue).
#pragma once
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

// Every function that the engine uses; the types come from the headers.
#define OPENCL_FUNCTIONS(X)                                                                          \
  X(clGetPlatformIDs) X(clGetPlatformInfo) X(clGetDeviceIDs) X(clGetDeviceInfo)                      \
  X(clCreateContext) X(clReleaseContext) X(clCreateCommandQueue) X(clReleaseCommandQueue)            \
  X(clCreateProgramWithSource) X(clCreateProgramWithBinary) X(clBuildProgram) X(clReleaseProgram)    \
  X(clGetProgramInfo) X(clGetProgramBuildInfo) X(clCreateKernel) X(clReleaseKernel)                  \
  X(clSetKernelArg) X(clCreateBuffer) X(clReleaseMemObject)                                          \
  X(clEnqueueWriteBuffer) X(clEnqueueReadBuffer) X(clEnqueueCopyBuffer) X(clEnqueueNDRangeKernel)    \
  X(clEnqueueMapBuffer) X(clEnqueueUnmapMemObject)                                                   \
  X(clWaitForEvents) X(clGetEventProfilingInfo) X(clReleaseEvent) X(clFlush) X(clFinish)

#define OPENCL_FIELD(f) __typeof__(&f) _Nonnull f;
typedef struct {
  OPENCL_FUNCTIONS(OPENCL_FIELD)
} OpenCLFunctions;

/// Fills the table from the machine's OpenCL loader. False where there is none; `why` then says what was missing.
_Bool openclLoad(OpenCLFunctions *_Nonnull table, const char *_Nullable *_Nonnull why);

/// A product of matrices in rows by CLBlast, another library on OpenCL; its header is not needed. 101 is a layout of rows;
/// 111 takes a matrix as it is, 112 transposed. 0 where all went well.
typedef int (*CLBlastSgemm)(int layout, int transposeA, int transposeB, size_t m, size_t n, size_t k, float alpha,
                            cl_mem _Nonnull a, size_t aOffset, size_t aStride, cl_mem _Nonnull b, size_t bOffset,
                            size_t bStride, float beta, cl_mem _Nonnull c, size_t cOffset, size_t cStride,
                            cl_command_queue _Nullable *_Nonnull queue, cl_event _Nullable *_Nullable event);

/// CLBlast's product. Null where the machine has no CLBlast; `why` then says what was missing.
CLBlastSgemm _Nullable clblastLoad(const char *_Nullable *_Nonnull why);
