// Forgets which ops came from adjoints, so that what forward and backward both compute becomes one.
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_DROPADJOINTMARKS
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;

namespace {
struct DropAdjointMarks : nn::impl::DropAdjointMarksBase<DropAdjointMarks> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([](Operation *op) { op->removeDiscardableAttr("nn.adjoint"); });
  }
};
} // namespace
