// Expands nn.gradient: reverse mode over the function's block (dialect/ReverseMode.h does the work).
#include "dialect/Layer.h"
#include "dialect/NN.h"
#include "dialect/ReverseMode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "llvm/Support/InterleavedRange.h"

namespace mlir::nn {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// Marks what an adjoint made: by its location as part of the backward pass, and so that tests can break each of these
/// ops in turn.
static void tagAdjoint(Operation *op) {
  op->walk([](Operation *inner) { inner->setLoc(markStage(inner->getLoc(), backwardStage)); });
  if (!isa<tensor::EmptyOp>(op))
    op->setDiscardableAttr("nn.adjoint", UnitAttr::get(op->getContext()));
}

/// Elsewhere a gradient of zero is what was asked for.
static bool isTraining(GradientOp gradient) {
  auto entry = gradient->getParentOfType<func::FuncOp>()->getAttrOfType<StringAttr>("nn.entry");
  return entry && entry.getValue() == "train";
}

static LogicalResult reportNothingToLearn(GradientOp gradient) {
  constexpr size_t maxNames = 4;
  auto function = gradient->getParentOfType<func::FuncOp>();
  SmallVector<Attribute> names;
  for (Value value : gradient.getValues())
    if (auto argument = dyn_cast<BlockArgument>(value))
      if (Attribute name = function.getArgAttr(argument.getArgNumber(), "nn.variable"))
        names.push_back(name);
  InFlightDiagnostic error = emitError(gradient.getLoc())
                             << "the loss does not depend, in a way that has a gradient, on any parameter that it is "
                             << "minimised over";
  if (!names.empty())
    error << " (" << llvm::interleaved(ArrayRef(names).take_front(maxNames)) << (names.size() > maxNames ? ", …" : "")
          << ")";
  return error << ": nothing would be learned";
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
  if (llvm::none_of(*grads, [](Value grad) { return bool(grad); }) && isTraining(gradient))
    return reportNothingToLearn(gradient);
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
