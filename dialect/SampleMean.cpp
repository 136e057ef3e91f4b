// Shape rules of losses and metrics, and the masked mean they end with.
#include "dialect/SampleMean.h"

using namespace mlir;
using namespace mlir::nn;

/// Checks the ranks of predictions and targets and, by `match`, that they belong together; `takes` says what would.
static LogicalResult inferMean(std::optional<Location> loc, StringRef op, DictionaryAttr attributes,
                               ValueRange operands, int64_t targetRank,
                               function_ref<bool(RankedTensorType, RankedTensorType)> match, StringRef takes,
                               SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> predictions = checkFloatInput(loc, op, attributes, operands[0], 2);
  FailureOr<RankedTensorType> targets = checkInput(loc, op, attributes, operands[1], targetRank);
  if (failed(predictions) || failed(targets))
    return failure();
  if (!match(*predictions, *targets))
    return emitShapeError(loc, op, attributes)
           << "got predictions " << *predictions << " and targets " << *targets << ", takes " << takes;
  results.push_back(RankedTensorType::get({}, predictions->getElementType()));
  return success();
}

LogicalResult nn::inferIndexedMean(std::optional<Location> loc, StringRef op, DictionaryAttr attributes,
                                   ValueRange operands, SmallVectorImpl<Type> &results) {
  auto match = [](RankedTensorType predictions, RankedTensorType targets) {
    return mayBeEqual(predictions.getShape().drop_back(), targets.getShape());
  };
  return inferMean(loc, op, attributes, operands, /*targetRank=*/1, match,
                   "predictions [batch, ..., classes] and targets [batch, ...] of class indices", results);
}

LogicalResult nn::inferPairedMean(std::optional<Location> loc, StringRef op, DictionaryAttr attributes,
                                  ValueRange operands, SmallVectorImpl<Type> &results) {
  auto match = [](RankedTensorType predictions, RankedTensorType targets) {
    return mayBeEqual(predictions.getShape(), targets.getShape()) &&
           predictions.getElementType() == targets.getElementType();
  };
  return inferMean(loc, op, attributes, operands, /*targetRank=*/2, match,
                   "predictions and targets of the same shape and element type", results);
}

Value nn::selectValid(ImplicitLocOpBuilder &b, Value valid, Value value, double otherwise) {
  if (!valid)
    return value;
  Value sample = arith::IndexCastOp::create(b, b.getI64Type(), linalg::IndexOp::create(b, 0));
  Value isValid = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, sample, valid);
  return arith::SelectOp::create(b, isValid, value, constant(b, value.getType(), otherwise));
}

SmallVector<Value> nn::withValid(ValueRange inputs, Value valid) {
  SmallVector<Value> all(inputs);
  if (valid)
    all.push_back(valid);
  return all;
}

Value nn::divideByCount(ImplicitLocOpBuilder &b, Value scalar, RankedTensorType rows, Value valid) {
  int64_t perSample = rows.getNumElements() / rows.getDimSize(0);
  auto type = cast<RankedTensorType>(scalar.getType());
  return mapElements(b, type, withValid(scalar, valid), [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Type element = type.getElementType();
    if (!valid)
      return arith::DivFOp::create(b, args[0], constant(b, element, rows.getNumElements()));
    Value count = arith::SIToFPOp::create(b, element, args[1]);
    if (perSample != 1)
      count = arith::MulFOp::create(b, count, constant(b, element, perSample));
    return arith::DivFOp::create(b, args[0], count);
  });
}

Value nn::meanOverSamples(ImplicitLocOpBuilder &b, Value rows, Value valid) {
  auto type = cast<RankedTensorType>(rows.getType());
  Value sums = rows;
  for (int64_t rank = type.getRank(); rank > 1; --rank)
    sums = sumRows(b, sums, [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; });
  Value sum = sumRows(b, withValid(sums, valid), [](ImplicitLocOpBuilder &b, ValueRange args) {
    return selectValid(b, validOf(args, 1), args[0]);
  });
  return divideByCount(b, sum, type, valid);
}

Value nn::scaleSlope(ImplicitLocOpBuilder &b, Value slope, Value scale, Value valid) {
  return selectValid(b, valid, arith::MulFOp::create(b, slope, scale));
}

Value nn::meanOfPairs(ImplicitLocOpBuilder &b, Value predictions, Value targets, Value valid, ScalarFn body,
                      std::optional<double> weight) {
  auto type = cast<RankedTensorType>(predictions.getType());
  double features = static_cast<double>(type.getNumElements() / type.getDimSize(0));
  Value sums = sumRows(b, {predictions, targets}, body);
  while (cast<RankedTensorType>(sums.getType()).getRank() > 1)
    sums = sumRows(b, sums, [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; });
  Value losses = mapElements(b, cast<RankedTensorType>(sums.getType()), sums,
                             [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                               Value factor = constant(b, args[0].getType(), weight.value_or(1.0 / features));
                               return arith::MulFOp::create(b, args[0], factor);
                             });
  return meanOverSamples(b, losses, valid);
}

Value nn::findActivated(RewriterBase &rewriter, Value result, StringRef activation) {
  Operation *layer = result.getDefiningOp();
  if (!layer)
    return Value();
  if (layer->getName().getStringRef() == activation)
    return layer->getOperand(0);
  auto name = layer->getAttrOfType<StringAttr>("activation");
  if (!layer->hasTrait<ActivatedResult>() || !name || "nn." + name.getValue().str() != activation)
    return Value();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfter(layer);
  rewriter.modifyOpInPlace(layer, [&] { layer->removeAttr("activation"); });
  FailureOr<Value> split = applyActivation(rewriter, layer->getLoc(), name, result);
  assert(succeeded(split) && "the layer's verifier takes only activations that exist");
  rewriter.replaceAllUsesExcept(result, *split, split->getDefiningOp());
  return result;
}
