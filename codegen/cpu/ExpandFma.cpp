// --nn-expand-fma: a product and a sum where the processor has no FMA, which
// LLVM would otherwise call from libm.
#include "codegen/Passes.h"
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlir::nn {
#define GEN_PASS_DEF_EXPANDFMA
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct ExpandFma : nn::impl::ExpandFmaBase<ExpandFma> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getCpuTarget(getOperation(), march);
    if (failed(target))
      return signalPassFailure();
    if (target->hasFma)
      return;
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](math::FmaOp fma) {
      rewriter.setInsertionPoint(fma);
      Value product = arith::MulFOp::create(rewriter, fma.getLoc(), fma.getA(), fma.getB());
      rewriter.replaceOpWithNewOp<arith::AddFOp>(fma, product, fma.getC());
    });
  }
};
} // namespace
