// Pooling over all of time: lowerings, and the maximum's gradient.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

/// [batch, time, features] -> [batch, features], in increasing order of time.
static Value reduceTime(ImplicitLocOpBuilder &b, Value input, TypedAttr initial,
                        function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> shape = {type.getDimSize(0), type.getDimSize(2)};
  Value empty = tensor::EmptyOp::create(b, shape, type.getElementType());
  Value start = arith::ConstantOp::create(b, initial);
  Value init = linalg::FillOp::create(b, ValueRange{start}, ValueRange{empty}).getResult(0);
  AffineMap all = b.getMultiDimIdentityMap(3);
  auto parallel = utils::IteratorType::parallel;
  SmallVector<utils::IteratorType> iterators = {parallel, utils::IteratorType::reduction, parallel};
  return linalg::GenericOp::create(b, TypeRange{init.getType()}, input, ValueRange{init},
                                   ArrayRef<AffineMap>{all, all.dropResult(1)}, iterators,
                                   [&](OpBuilder &nested, Location loc, ValueRange args) {
                                     ImplicitLocOpBuilder inner(loc, nested);
                                     linalg::YieldOp::create(inner, combine(inner, args[0], args[1]));
                                   })
      .getResult(0);
}

/// `pooled`, [batch, features], in the op's result type.
static SmallVector<Value> showPooled(ImplicitLocOpBuilder &b, Value pooled, Type type) {
  if (pooled.getType() == type)
    return {pooled};
  return {tensor::ExpandShapeOp::create(b, type, pooled, SmallVector<ReassociationIndices>{{0, 1}, {2}})};
}

LogicalResult GlobalAveragePooling1dOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (!getMask() || mayBeEqual(cast<RankedTensorType>(getMask().getType()).getShape(), type.getShape().drop_back()))
    return success();
  return emitOpError() << "got a mask of type " << getMask().getType() << " for an input of type " << type
                       << ", takes integers [batch, time]";
}

/// `value` in the steps that the mask does not leave out, else 0: [batch, time, features]. A null value is 1.
static Value selectSteps(ImplicitLocOpBuilder &b, RankedTensorType type, Value mask, Value value) {
  AffineMap all = b.getMultiDimIdentityMap(3);
  SmallVector<Value> inputs = {mask};
  SmallVector<AffineMap> maps = {all.dropResult(2)};
  if (value) {
    inputs.push_back(value);
    maps.push_back(all);
  }
  return mapElements(b, type, inputs, maps, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value none = arith::ConstantOp::create(b, b.getIntegerAttr(args[0].getType(), 0));
    Value isValid = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, args[0], none);
    Value kept = value ? args[1] : constant(b, type, 1.0);
    return arith::SelectOp::create(b, isValid, kept, constant(b, type, 0.0));
  });
}

FailureOr<SmallVector<Value>> GlobalAveragePooling1dOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getInput().getType());
  auto zero = b.getFloatAttr(type.getElementType(), 0.0);
  auto sumTime = [&](Value values) {
    return reduceTime(b, values, zero, [](ImplicitLocOpBuilder &b, Value value, Value sum) -> Value {
      return arith::AddFOp::create(b, sum, value);
    });
  };
  Value mask = getMask();
  Value sum = sumTime(mask ? selectSteps(b, type, mask, getInput()) : getInput());
  auto pooled = cast<RankedTensorType>(sum.getType());
  SmallVector<Value> inputs = {sum};
  // An op of its own, so that no gradient passes through it.
  if (mask)
    inputs.push_back(mapElements(b, pooled, sumTime(selectSteps(b, type, mask, Value())),
                                 [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                                   return arith::MaximumFOp::create(b, args[0], constant(b, type, 1.0));
                                 }));
  Value mean = mapElements(b, pooled, inputs, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::DivFOp::create(b, args[0], mask ? args[1] : constant(b, type, type.getDimSize(1)));
  });
  return showPooled(b, mean, getType());
}

FailureOr<SmallVector<Value>> GlobalMaxPooling1dOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto element = cast<FloatType>(getElementTypeOrSelf(getInput().getType()));
  auto lowest = b.getFloatAttr(element, APFloat::getInf(element.getFloatSemantics(), /*Negative=*/true));
  Value max = reduceTime(b, getInput(), lowest, [](ImplicitLocOpBuilder &b, Value value, Value max) -> Value {
    return arith::MaximumFOp::create(b, value, max);
  });
  return showPooled(b, max, getType());
}

SmallVector<Value> GlobalMaxPooling1dOp::getSavedValues() { return {getInput(), getResult()}; }

/// The gradient over the number of equal maxima, where an element is one.
FailureOr<SmallVector<Value>> GlobalMaxPooling1dOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                                 ArrayRef<Value> resultGrads, ArrayRef<bool>) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(saved[0].getType());
  auto withoutTime = [&](Value value) -> Value {
    if (cast<RankedTensorType>(value.getType()).getRank() == 2)
      return value;
    return tensor::CollapseShapeOp::create(b, value, SmallVector<ReassociationIndices>{{0, 1}, {2}});
  };
  AffineMap all = b.getMultiDimIdentityMap(3), pooled = all.dropResult(1);
  Value max = withoutTime(saved[1]);
  auto selectMax = [&](ImplicitLocOpBuilder &b, ValueRange args, Value value) -> Value {
    Value isMax = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, args[0], args[1]);
    return arith::SelectOp::create(b, isMax, value, constant(b, type, 0.0));
  };
  Value ones = mapElements(b, type, {saved[0], max}, {all, pooled}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
    return selectMax(b, args, constant(b, type, 1.0));
  });
  auto zero = b.getFloatAttr(type.getElementType(), 0.0);
  Value count = reduceTime(b, ones, zero, [](ImplicitLocOpBuilder &b, Value value, Value sum) -> Value {
    return arith::AddFOp::create(b, sum, value);
  });
  return SmallVector<Value>{mapElements(b, type, {saved[0], max, count, withoutTime(resultGrads[0])},
                                        {all, pooled, pooled, pooled}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
                                          return selectMax(b, args, arith::DivFOp::create(b, args[3], args[2]));
                                        })};
}
