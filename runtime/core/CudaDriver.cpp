// Finds the CUDA driver's functions; see CudaDriver.h.
#include "core/CudaDriver.h"
#include <cstdlib>
#include <dlfcn.h>

namespace nnc::cuda {

Library::Library() {
  const char *chosen = std::getenv("NNC_CUDA_DRIVER");
  // Never closed: the driver has threads of its own.
  handle = dlopen(chosen && *chosen ? chosen : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle)
    fail("this program is for an NVIDIA GPU, and there is no NVIDIA driver (", dlerror(), "); ", kOnTheCpu);
}

void *Library::find(const char *symbol) const {
  void *function = dlsym(handle, symbol);
  if (!function)
    fail("this program is for an NVIDIA GPU, and the NVIDIA driver is too old for it: it has no ", symbol,
         " (CUDA 11.4 and later have it); ", kOnTheCpu);
  return function;
}

std::string Library::describe(const char *symbol, Result result) const {
  using Text = Result (*)(Result, const char **);
  auto text = [&](const char *function) {
    const char *found = nullptr;
    if (auto *get = reinterpret_cast<Text>(dlsym(handle, function)))
      get(result, &found);
    return found ? std::string(found) : concat("error ", result);
  };
  return concat(symbol, ": ", text("cuGetErrorName"), ", ", text("cuGetErrorString"));
}

} // namespace nnc::cuda
