// Combiners of reductions.
#include "codegen/cpu/Reduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

Combiner nn::getAddition(Type type) {
  MLIRContext *context = type.getContext();
  if (!isa<FloatType>(type))
    return {OperationName(arith::AddIOp::getOperationName(), context), IntegerAttr::get(type, 0)};
  // x + -0.0 is x for every x; x + 0.0 is not for -0.0.
  return {OperationName(arith::AddFOp::getOperationName(), context), FloatAttr::get(type, -0.0)};
}

/// Whether each result is of elements that go into no other: a matrix product's sums are chains in the order of its
/// terms, however its factors lie.
static bool readsNothingTwice(linalg::GenericOp op) {
  SmallVector<unsigned> parallel;
  op.getParallelDims(parallel);
  return llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    AffineMap map = op.getMatchingIndexingMap(input);
    return llvm::all_of(parallel, [&](unsigned loop) { return map.isFunctionOfDim(loop); });
  });
}

std::optional<Combiner> nn::matchCombiner(linalg::GenericOp op, OpOperand *output) {
  Value soFar = op.getMatchingBlockArgument(output);
  Value yielded = op.getMatchingYieldValue(output)->get();
  Operation *last = yielded.getDefiningOp();
  if (!soFar.hasOneUse() || !last || last->getBlock() != op.getBody() || !yielded.hasOneUse())
    return std::nullopt;
  if (auto fma = dyn_cast<math::FmaOp>(last); fma && fma.getC() == soFar && readsNothingTwice(op))
    return getAddition(fma.getType());
  if (last->getNumOperands() != 2 || !llvm::is_contained(last->getOperands(), soFar))
    return std::nullopt;
  if (!isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp,
           arith::AddIOp, arith::MulIOp, arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp, arith::AndIOp,
           arith::OrIOp, arith::XOrIOp>(last))
    return std::nullopt;
  if (isa<arith::AddFOp, arith::AddIOp>(last))
    return getAddition(yielded.getType());
  std::optional<TypedAttr> neutral = arith::getNeutralElement(last);
  if (!neutral)
    return std::nullopt;
  return Combiner{last->getName(), *neutral};
}

Value nn::getNeutralValue(OpBuilder &builder, Location loc, const Combiner &combiner) {
  return arith::ConstantOp::create(builder, loc, combiner.neutral);
}

Value nn::getNeutralVector(OpBuilder &builder, Location loc, const Combiner &combiner) {
  auto type = VectorType::get(reductionLanes, combiner.neutral.getType());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, Attribute(combiner.neutral)));
}

Value nn::combine(OpBuilder &builder, Location loc, const Combiner &combiner, Value a, Value b) {
  OperationState state(loc, combiner.name, {a, b}, {a.getType()});
  return builder.create(state)->getResult(0);
}

Value nn::combineLanes(OpBuilder &builder, Location loc, const Combiner &combiner, Value vector) {
  for (int64_t half = reductionLanes / 2; half > 0; half /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(builder, loc, vector, 0, half, 1);
    Value high = vector::ExtractStridedSliceOp::create(builder, loc, vector, half, half, 1);
    vector = combine(builder, loc, combiner, low, high);
  }
  return vector::ExtractOp::create(builder, loc, vector, 0);
}
