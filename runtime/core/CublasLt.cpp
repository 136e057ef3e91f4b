// Finds cuBLASLt's functions; see CublasLt.h.
#include "core/CublasLt.h"
#include <cstdlib>
#include <dlfcn.h>

namespace nnc::cublaslt {

Library::Library() {
  const char *chosen = std::getenv("NNC_CUBLASLT");
  std::string problem;
  // Never closed: it has threads and memory of its own.
  for (const char *name : {"libcublasLt.so.13", "libcublasLt.so.12"}) {
    if (chosen && *chosen)
      name = chosen;
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle || name == chosen)
      break;
    if (problem.empty())
      problem = dlerror();
  }
  if (!handle)
    fail(problem.empty() ? std::string(dlerror()) : problem);
}

void *Library::find(const char *symbol) const {
  void *function = dlsym(handle, symbol);
  if (!function)
    fail("it has no ", symbol);
  return function;
}

bool Library::isPlayed() const { return dlsym(handle, "nnc_plays_cublaslt") != nullptr; }

std::string Library::describe(const char *symbol, Status status) const {
  using Text = const char *(*)(Status);
  auto text = [&](const char *function) {
    auto *get = reinterpret_cast<Text>(dlsym(handle, function));
    return get ? std::string(get(status)) : concat("error ", status);
  };
  return concat(symbol, ": ", text("cublasLtGetStatusName"), ", ", text("cublasLtGetStatusString"));
}

std::string Library::version() const {
  constexpr size_t kParts = 100;
  size_t number = reinterpret_cast<size_t (*)()>(find("cublasLtGetVersion"))();
  return concat(number / (kParts * kParts), ".", number / kParts % kParts, ".", number % kParts);
}

} // namespace nnc::cublaslt
