// Stands between a program and oclgrind 21.10, whose search for values that were never written has three faults.
//
// - When the host writes to a buffer, it forgets which other bytes were written, as if the buffer were as large as what is
//   written now. So a kernel writes, which it follows byte by byte: an upload goes to a buffer of its own size, and from there
//   by the kernel to where it belongs. Copies take the same kernel.
// - It does not notice that a buffer is freed, and takes what it knew of it for the next one in its place. So nothing is freed.
// - It keeps its notes in memory that a thread gets by making a context, and crashes in threads that made none. So each
//   thread makes one.
//
// Compiled with -DCPU, it says that the simulator is a CPU, for the kernels that only CPUs run.
#define CL_TARGET_OPENCL_VERSION 120
#define _GNU_SOURCE
#include <CL/cl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char *source =
    "kernel void upload(global const uchar *x, ulong from, global uchar *y, ulong to, ulong count) {"
    "  ulong i = 16 * get_global_id(0);"
    "  if (i + 16 <= count) vstore16(vload16(0, x + from + i), 0, y + to + i);"
    "  else for (; i < count; i++) y[to + i] = x[from + i];"
    "}";

// The simulator's own function.
#define SIMULATED(f) ((__typeof__(&f))dlsym(RTLD_NEXT, #f))

static void check(cl_int status, const char *what) {
  if (status == CL_SUCCESS) return;
  fprintf(stderr, "%s under oclgrind failed: OpenCL status %d\n", what, status);
  abort();
}

static void prepareThread(void) {
  static _Thread_local cl_context own;
  if (own) return;
  cl_platform_id platform;
  cl_device_id device;
  cl_int status;
  check(clGetPlatformIDs(1, &platform, NULL), "finding the platform");
  check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "finding the device");
  own = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  check(status, "making a thread's context");
}

static cl_context contextOf(cl_command_queue queue) {
  cl_context context;
  check(clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL), "finding the context");
  return context;
}

// A new kernel, of a program that is built once for each context.
static cl_kernel kernelOf(cl_context context) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct { cl_context context; cl_program program; } known[1024];
  cl_int status;
  int i = 0;
  pthread_mutex_lock(&lock);
  while (known[i].context && known[i].context != context) i++;
  if (!known[i].context) {
    known[i].program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
    check(clBuildProgram(known[i].program, 0, NULL, "", NULL, NULL), "building the upload");
    known[i].context = context;
  }
  cl_kernel kernel = clCreateKernel(known[i].program, "upload", &status);
  check(status, "making the kernel");
  pthread_mutex_unlock(&lock);
  return kernel;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint axes, const size_t *offset, const size_t *items,
                              const size_t *group, cl_uint waits, const cl_event *wait, cl_event *event) {
  prepareThread();
  return SIMULATED(clEnqueueNDRangeKernel)(queue, kernel, axes, offset, items, group, waits, wait, event);
}

cl_int clEnqueueCopyBuffer(cl_command_queue queue, cl_mem x, cl_mem y, size_t from, size_t to, size_t count, cl_uint waits,
                           const cl_event *wait, cl_event *event) {
  cl_kernel upload = kernelOf(contextOf(queue));
  const cl_ulong numbers[] = {from, to, count};
  const size_t items = (count + 15) / 16;
  check(clSetKernelArg(upload, 0, sizeof x, &x), "an argument");
  check(clSetKernelArg(upload, 1, 8, &numbers[0]), "an argument");
  check(clSetKernelArg(upload, 2, sizeof y, &y), "an argument");
  check(clSetKernelArg(upload, 3, 8, &numbers[1]), "an argument");
  check(clSetKernelArg(upload, 4, 8, &numbers[2]), "an argument");
  return clEnqueueNDRangeKernel(queue, upload, 1, NULL, &items, NULL, waits, wait, event);
}

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem y, cl_bool blocking, size_t to, size_t count, const void *bytes,
                            cl_uint waits, const cl_event *wait, cl_event *event) {
  cl_int status;
  prepareThread();
  cl_mem x = clCreateBuffer(contextOf(queue), CL_MEM_READ_WRITE, count, NULL, &status);
  check(status, "making a buffer");
  check(SIMULATED(clEnqueueWriteBuffer)(queue, x, CL_TRUE, 0, count, bytes, waits, wait, NULL), "an upload");
  status = clEnqueueCopyBuffer(queue, x, y, 0, to, count, 0, NULL, event);
  if (blocking) clFinish(queue);
  return status;
}

cl_int clReleaseMemObject(cl_mem memory) { return CL_SUCCESS; }
cl_int clReleaseContext(cl_context context) { return CL_SUCCESS; }

#ifdef CPU
cl_int clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t size, void *value, size_t *needed) {
  cl_int status = SIMULATED(clGetDeviceInfo)(device, what, size, value, needed);
  if (what == CL_DEVICE_TYPE && value && status == CL_SUCCESS) *(cl_device_type *)value = CL_DEVICE_TYPE_CPU;
  return status;
}
#endif
