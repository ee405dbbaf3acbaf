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
  X(clFlush) X(clFinish)

#define OPENCL_FIELD(f) __typeof__(&f) _Nonnull f;
typedef struct {
  OPENCL_FUNCTIONS(OPENCL_FIELD)
} OpenCLFunctions;

/// Fills the table from the machine's OpenCL loader. False where there is none; `why` then says what was missing.
_Bool openclLoad(OpenCLFunctions *_Nonnull table, const char *_Nullable *_Nonnull why);
