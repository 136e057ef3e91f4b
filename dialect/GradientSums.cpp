// Adds gradients, without a temporary where the shape of the addend allows it.
#include "dialect/GradientSums.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::nn;

Value nn::zeroOf(OpBuilder &builder, Location loc, Type type) {
  ImplicitLocOpBuilder b(loc, builder);
  if (auto tensorType = dyn_cast<RankedTensorType>(type))
    return filled(b, tensorType, 0.0);
  return constant(b, type, 0.0);
}

Value nn::addGradients(OpBuilder &builder, Location loc, Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  ImplicitLocOpBuilder build(loc, builder);
  auto type = dyn_cast<RankedTensorType>(a.getType());
  if (!type)
    return arith::AddFOp::create(build, a, b);
  return mapElements(build, type, {a, b}, [](ImplicitLocOpBuilder &body, ValueRange args) -> Value {
    return arith::AddFOp::create(body, args[0], args[1]);
  });
}

Value nn::addInPlace(OpBuilder &builder, Location loc, Value sum, Value grad) {
  if (!isa<RankedTensorType>(sum.getType()))
    return arith::AddFOp::create(builder, loc, sum, grad);
  int64_t rank = cast<RankedTensorType>(sum.getType()).getRank();
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, sum.getType(), grad, sum, maps, iterators,
                                   [](OpBuilder &nested, Location loc, ValueRange args) {
                                     Value next = arith::AddFOp::create(nested, loc, args[1], args[0]);
                                     linalg::YieldOp::create(nested, loc, next);
                                   })
      .getResult(0);
}

static bool isZero(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

/// A sum over iterators that starts from zero.
static bool isSumFromZero(linalg::GenericOp generic) {
  if (generic->getNumResults() != 1 || generic.getNumReductionLoops() == 0 || !isZero(generic.getOutputs()[0]))
    return false;
  BlockArgument out = generic.getBody()->getArguments().back();
  auto add = generic.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return add && out.hasOneUse() && llvm::is_contained(add->getOperands(), out);
}

Value nn::accumulateInto(OpBuilder &builder, Location loc, Value sum, Value grad) {
  Operation *made = grad.getDefiningOp();
  if (!made || !grad.use_empty())
    return {};
  if (auto generic = dyn_cast<linalg::GenericOp>(made); generic && isSumFromZero(generic)) {
    IRMapping mapping;
    auto copy = cast<linalg::GenericOp>(builder.clone(*generic, mapping));
    copy.getOutputsMutable().assign(sum);
    return copy.getResult(0);
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(made); insert && isZero(insert.getDest())) {
    Value slice = tensor::ExtractSliceOp::create(builder, loc, insert.getSourceType(), sum, insert.getMixedOffsets(),
                                                 insert.getMixedSizes(), insert.getMixedStrides());
    slice = addInPlace(builder, loc, slice, insert.getSource());
    return tensor::InsertSliceOp::create(builder, loc, slice, sum, insert.getMixedOffsets(), insert.getMixedSizes(),
                                         insert.getMixedStrides());
  }
  if (auto insert = dyn_cast<tensor::InsertOp>(made); insert && isZero(insert.getDest())) {
    Value element = tensor::ExtractOp::create(builder, loc, sum, insert.getIndices());
    element = arith::AddFOp::create(builder, loc, element, insert.getScalar());
    return tensor::InsertOp::create(builder, loc, element, sum, insert.getIndices());
  }
  return {};
}
