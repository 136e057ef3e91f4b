// Expands nn.gradient: reverse mode over the function's block (dialect/ReverseMode.h does the work).
#include "dialect/NN.h"
#include "dialect/ReverseMode.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// Marks what an adjoint made, so that tests can break each of these ops in turn.
static void tagAdjoint(Operation *op) {
  if (!isa<tensor::EmptyOp>(op))
    op->setDiscardableAttr("nn.adjoint", UnitAttr::get(op->getContext()));
}

static LogicalResult expand(GradientOp gradient) {
  ReverseMode reverse(*gradient->getBlock(), gradient, gradient.getValues(), gradient.getScalar());
  if (failed(reverse.check()) || failed(reverse.makeSavingForms()))
    return failure();
  OpBuilder builder(gradient);
  Location loc = gradient.getLoc();
  Value one = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(gradient.getScalar().getType(),
                             builder.getOneAttr(getElementTypeOrSelf(gradient.getScalar().getType()))));
  FailureOr<SmallVector<Value>> grads = reverse.emit(builder, one, tagAdjoint);
  if (failed(grads))
    return failure();
  for (auto [result, grad] : llvm::zip(gradient.getGradients(), *grads))
    result.replaceAllUsesWith(grad ? grad : zeroOf(builder, loc, result.getType()));
  gradient.erase();
  return success();
}

namespace {
struct Differentiate : nn::impl::DifferentiateBase<Differentiate> {
  using Base::Base;
  void runOnOperation() override {
    SmallVector<GradientOp> gradients(getOperation().getOps<GradientOp>());
    for (GradientOp gradient : gradients)
      if (failed(expand(gradient)))
        return signalPassFailure();
  }
};
} // namespace
