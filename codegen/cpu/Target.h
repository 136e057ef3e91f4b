// What the code generator for CPUs knows of the processor it generates for:
// vector registers, FMA, caches. Bits of results never depend on it, except
// that a processor without FMA rounds products.
#pragma once
#include "mlir/IR/Operation.h"
#include "mlir/IR/Types.h"
#include "mlir/Support/LLVM.h"
#include <optional>
#include <string>

namespace mlir::nn {

struct CpuTarget {
  int64_t vectorBits = 128;
  int64_t vectorRegisters = 16;
  bool hasFma = false;
  /// Masked vector loads cost what plain loads cost.
  bool hasMaskedLoad = false;
  /// Masked vector stores too.
  bool hasMaskedStore = false;
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 512 << 10;
  /// Bytes that tiles read anew from the second cache as fast as they are multiplied, besides their accumulators.
  int64_t streamedPanelBytes = 32 << 10;

  /// Elements of `type` in one vector register, at least 1.
  int64_t getLanes(Type type) const;
};

/// The description of `march`: `native`, or an LLVM processor name (`x86-64-v3`, `cortex-a72`, ...); nothing where
/// there is no such processor.
std::optional<CpuTarget> findCpuTarget(StringRef march);

/// What is wrong with a `march` that is no processor.
std::string describeUnknownCpu(StringRef march);

/// The description of `march`, or an error at `op`.
FailureOr<CpuTarget> getCpuTarget(Operation *op, StringRef march);

} // namespace mlir::nn
