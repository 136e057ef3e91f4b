// --nn-expand-math: the math dialect's functions as arithmetic; which function is computed how is in
// ElementaryFunctions.cpp.
#include "passes/ElementaryFunctions.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Ops that become an instruction or bit operations on every target.
bool isInstruction(Operation *op) {
  return isa<math::SqrtOp, math::FmaOp, math::AbsFOp, math::CopySignOp, math::AbsIOp, math::IsFiniteOp, math::IsInfOp,
             math::IsNaNOp, math::IsNormalOp>(op);
}

Value buildRsqrt(ImplicitLocOpBuilder &b, Value x) {
  Type type = x.getType();
  TypedAttr one = b.getFloatAttr(getElementTypeOrSelf(type), 1.0);
  if (auto vector = dyn_cast<VectorType>(type))
    one = DenseElementsAttr::get(vector, one);
  return arith::DivFOp::create(b, arith::ConstantOp::create(b, one), math::SqrtOp::create(b, x));
}

/// Null where the op has no expansion.
Value expand(ImplicitLocOpBuilder &b, Operation *op) {
  using Function = Value (*)(ImplicitLocOpBuilder &, Value);
  if (auto power = dyn_cast<math::PowFOp>(op))
    return buildPow(b, power.getLhs(), power.getRhs());
  auto function = llvm::TypeSwitch<Operation *, Function>(op)
                      .Case([](math::ExpOp) { return buildExp; })
                      .Case([](math::Exp2Op) { return buildExp2; })
                      .Case([](math::ExpM1Op) { return buildExpM1; })
                      .Case([](math::LogOp) { return buildLog; })
                      .Case([](math::Log2Op) { return buildLog2; })
                      .Case([](math::Log10Op) { return buildLog10; })
                      .Case([](math::Log1pOp) { return buildLog1p; })
                      .Case([](math::TanhOp) { return buildTanh; })
                      .Case([](math::ErfOp) { return buildErf; })
                      .Case([](math::ErfcOp) { return buildErfc; })
                      .Case([](math::SinOp) { return buildSin; })
                      .Case([](math::CosOp) { return buildCos; })
                      .Case([](math::TanOp) { return buildTan; })
                      .Case([](math::RsqrtOp) { return buildRsqrt; })
                      .Case([](math::RoundEvenOp) { return buildRoundEven; })
                      .Case([](math::FloorOp) { return buildFloor; })
                      .Case([](math::CeilOp) { return buildCeil; })
                      .Case([](math::TruncOp) { return buildTrunc; })
                      .Case([](math::RoundOp) { return buildRound; })
                      .Default([](Operation *) { return nullptr; });
  return function ? function(b, op->getOperand(0)) : Value();
}

struct ExpandMath : nn::impl::ExpandMathBase<ExpandMath> {
  using Base::Base;
  void runOnOperation() override {
    Dialect *dialect = getContext().getLoadedDialect<math::MathDialect>();
    SmallVector<Operation *> functions;
    getOperation()->walk([&](Operation *op) {
      if (op->getDialect() == dialect && !isInstruction(op))
        functions.push_back(op);
    });
    for (Operation *op : functions) {
      ImplicitLocOpBuilder b(op->getLoc(), op);
      Value value = hasElementaryFunctions(op->getOperand(0).getType()) ? expand(b, op) : Value();
      if (!value) {
        op->emitError() << op->getName() << " on " << op->getOperand(0).getType()
                        << " cannot be compiled for this target: no expansion into arithmetic is known";
        signalPassFailure();
        continue;
      }
      op->replaceAllUsesWith(ValueRange{value});
      op->erase();
    }
  }
};

} // namespace
