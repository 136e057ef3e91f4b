// Combiners of reductions.
#include "codegen/cpu/Reduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

static std::optional<TypedAttr> getNeutral(Operation *combiner) {
  // x + -0.0 is x for every x; x + 0.0 is not for -0.0.
  if (isa<arith::AddFOp>(combiner))
    return FloatAttr::get(combiner->getResult(0).getType(), -0.0);
  return arith::getNeutralElement(combiner);
}

Operation *nn::matchCombiner(linalg::GenericOp op, OpOperand *output) {
  Value soFar = op.getMatchingBlockArgument(output);
  Value yielded = op.getMatchingYieldValue(output)->get();
  Operation *combiner = yielded.getDefiningOp();
  if (!soFar.hasOneUse() || !combiner || combiner->getBlock() != op.getBody() || combiner->getNumOperands() != 2 ||
      !yielded.hasOneUse() || !llvm::is_contained(combiner->getOperands(), soFar))
    return nullptr;
  if (!isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp,
           arith::AddIOp, arith::MulIOp, arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp, arith::AndIOp,
           arith::OrIOp, arith::XOrIOp>(combiner) ||
      !getNeutral(combiner))
    return nullptr;
  return combiner;
}

Value nn::getNeutralValue(OpBuilder &builder, Location loc, Operation *combiner) {
  return arith::ConstantOp::create(builder, loc, *getNeutral(combiner));
}

Value nn::getNeutralVector(OpBuilder &builder, Location loc, Operation *combiner) {
  TypedAttr neutral = *getNeutral(combiner);
  auto type = VectorType::get(reductionLanes, neutral.getType());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, Attribute(neutral)));
}

Value nn::combine(OpBuilder &builder, Location loc, Operation *combiner, Value a, Value b) {
  OperationState state(loc, combiner->getName(), {a, b}, {a.getType()}, combiner->getAttrs());
  return builder.create(state)->getResult(0);
}

Value nn::combineLanes(OpBuilder &builder, Location loc, Operation *combiner, Value vector) {
  for (int64_t half = reductionLanes / 2; half > 0; half /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(builder, loc, vector, 0, half, 1);
    Value high = vector::ExtractStridedSliceOp::create(builder, loc, vector, half, half, 1);
    vector = combine(builder, loc, combiner, low, high);
  }
  return vector::ExtractOp::create(builder, loc, vector, 0);
}
