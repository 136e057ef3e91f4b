// Metrics: lowerings.
#include "dialect/SampleMean.h"

using namespace mlir;
using namespace mlir::nn;

/// The index of the first largest element of each row, as integers of type `index`.
static Value argMax(ImplicitLocOpBuilder &b, Value input, IntegerType index) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t last = type.getRank() - 1;
  auto none = b.getIntegerAttr(index, type.getDimSize(last));
  return reduceRows(
      b, index, {input, maxRows(b, input)}, none,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value position = arith::IndexCastOp::create(b, index, linalg::IndexOp::create(b, last));
        Value isMax = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, args[0], args[1]);
        return arith::SelectOp::create(b, isMax, position, arith::ConstantOp::create(b, none));
      },
      [](ImplicitLocOpBuilder &b, Value position, Value first) -> Value {
        return arith::MinSIOp::create(b, position, first);
      });
}

/// The share of rows, among those of valid samples, where two tensors of class indices agree.
static Value agreement(ImplicitLocOpBuilder &b, Type element, Value left, Value right, Value valid) {
  auto rows = RankedTensorType::get(cast<RankedTensorType>(left.getType()).getShape(), element);
  Value hits = mapElements(b, rows, {left, right}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, args[0], args[1]);
    return arith::SelectOp::create(b, equal, constant(b, element, 1.0), constant(b, element, 0.0));
  });
  return meanOverSamples(b, hits, valid);
}

/// Softmax keeps the order of a row, so that where it only feeds metrics it need not be computed.
static LogicalResult takeLogits(RewriterBase &rewriter, Operation *metric, OpOperand &probabilities) {
  Value logits = findLogits(rewriter, probabilities.get());
  if (!logits)
    return failure();
  rewriter.modifyOpInPlace(metric, [&] { probabilities.set(logits); });
  return success();
}

LogicalResult AccuracyOp::stabilize(RewriterBase &rewriter) {
  return takeLogits(rewriter, *this, getPredictionsMutable());
}

LogicalResult CategoricalAccuracyOp::stabilize(RewriterBase &rewriter) {
  return takeLogits(rewriter, *this, getPredictionsMutable());
}

//===----------------------------------------------------------------------===//
// nn.accuracy
//===----------------------------------------------------------------------===//

LogicalResult AccuracyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                           DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                           SmallVectorImpl<Type> &results) {
  return inferIndexedMean(loc, getOperationName(), attributes, operands, results);
}

std::optional<int64_t> AccuracyOp::getIndexBound(unsigned operandNumber) {
  if (operandNumber != 1)
    return std::nullopt;
  return cast<RankedTensorType>(getPredictions().getType()).getShape().back();
}

FailureOr<SmallVector<Value>> AccuracyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto index = cast<IntegerType>(getElementTypeOrSelf(getTargets().getType()));
  Value predicted = argMax(b, getPredictions(), index);
  Type element = getElementTypeOrSelf(getType());
  return SmallVector<Value>{agreement(b, element, predicted, getTargets(), getValid())};
}

//===----------------------------------------------------------------------===//
// nn.categorical_accuracy
//===----------------------------------------------------------------------===//

LogicalResult CategoricalAccuracyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                      DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                                      SmallVectorImpl<Type> &results) {
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> CategoricalAccuracyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  IntegerType index = b.getI32Type();
  Value predicted = argMax(b, getPredictions(), index), wanted = argMax(b, getTargets(), index);
  Type element = getElementTypeOrSelf(getType());
  return SmallVector<Value>{agreement(b, element, predicted, wanted, getValid())};
}
