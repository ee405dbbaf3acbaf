#include "COpenCL.h"

#include <dlfcn.h>

_Bool openclLoad(OpenCLFunctions *table, const char **why) {
  void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libOpenCL.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    *why = dlerror();
    return 0;
  }
#define OPENCL_FIND(f)                                       \
  if (!(table->f = (__typeof__(&f))dlsym(library, #f))) {    \
    *why = "the OpenCL library lacks " #f;                   \
    return 0;                                                \
  }
  OPENCL_FUNCTIONS(OPENCL_FIND)
  return 1;
}
