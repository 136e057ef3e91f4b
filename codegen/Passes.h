// The passes of nnc from tensors to machine code; see Passes.td for what each does.
#pragma once
#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir::nn {
#define GEN_PASS_DECL
#include "codegen/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "codegen/Passes.h.inc"
} // namespace mlir::nn
