// The machine that the compiler runs on.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace mlir::nn {

/// Processors that this process may run on.
int64_t countProcessors();

/// As the system says it: of processors alike to LLVM, caches and clocks differ.
std::string getProcessorName();

/// Version and identity of the compiler: another build may make other code.
std::string getCompilerName();

/// Whether code for `march`, and for `triple` where it is not empty, runs here.
bool runsHere(llvm::StringRef march, llvm::StringRef triple);

} // namespace mlir::nn
