#include "COpenCL.h"

#include <dlfcn.h>

// A library by the name that running needs, or else by the one that building needs.
static void *library(const char *name, const char *plain, const char **why) {
  void *found = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!found) found = dlopen(plain, RTLD_NOW | RTLD_LOCAL);
  if (!found) *why = dlerror();
  return found;
}

_Bool openclLoad(OpenCLFunctions *table, const char **why) {
  void *opencl = library("libOpenCL.so.1", "libOpenCL.so", why);
  if (!opencl) return 0;
#define OPENCL_FIND(f)                                       \
  if (!(table->f = (__typeof__(&f))dlsym(opencl, #f))) {    \
    *why = "the OpenCL library lacks " #f;                   \
    return 0;                                                \
  }
  OPENCL_FUNCTIONS(OPENCL_FIND)
  return 1;
}

CLBlastSgemm clblastLoad(const char **why) {
  void *clblast = library("libclblast.so.1", "libclblast.so", why);
  if (!clblast) return 0;
  CLBlastSgemm product = (CLBlastSgemm)dlsym(clblast, "CLBlastSgemm");
  if (!product) *why = "the library of CLBlast lacks CLBlastSgemm";
  return product;
}
