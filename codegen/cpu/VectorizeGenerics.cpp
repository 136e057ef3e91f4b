// --nn-vectorize-generics: every linalg operation left on buffers becomes
// vector loops.
#include "codegen/Passes.h"
#include "codegen/cpu/CollapseLoops.h"
#include "codegen/cpu/GenericLoops.h"
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::nn {
#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct VectorizeGenerics : nn::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getCpuTarget(getOperation(), march);
    if (failed(target))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic || !generic.hasPureBufferSemantics() || generic.hasDynamicShape()) {
        op.emitError() << "only linalg.generic on buffers of static shape becomes loops "
                          "here; "
                          "--nn-normalize-generics makes named operations generic";
        return signalPassFailure();
      }
      generic = collapseLoops(rewriter, generic);
      emitGenericLoops(rewriter, generic, *target);
      rewriter.eraseOp(generic);
    }
  }
};
} // namespace
