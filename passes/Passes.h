// The passes of nnc on tensors; see Passes.td for what each does.
#pragma once
#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir::nn {
#define GEN_PASS_DECL
#include "passes/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"
} // namespace mlir::nn
