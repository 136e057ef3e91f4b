// Metrics: lowerings.
#include "dialect/SampleMean.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::nn;

static int64_t getClasses(Value predictions) { return cast<RankedTensorType>(predictions.getType()).getShape().back(); }

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

static Value selectOne(ImplicitLocOpBuilder &b, Type element, Value condition) {
  return arith::SelectOp::create(b, condition, constant(b, element, 1.0), constant(b, element, 0.0));
}

/// The share of rows, among those of valid samples, where two tensors of class indices agree.
static Value agreement(ImplicitLocOpBuilder &b, Type element, Value left, Value right, Value valid) {
  auto rows = RankedTensorType::get(cast<RankedTensorType>(left.getType()).getShape(), element);
  Value hits = mapElements(b, rows, {left, right}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, args[0], args[1]);
    return selectOne(b, element, equal);
  });
  return meanOverSamples(b, hits, valid);
}

/// Softmax keeps the order of a row, so that where it only feeds metrics it need not be computed.
static LogicalResult takeLogits(RewriterBase &rewriter, Operation *metric, OpOperand &probabilities) {
  Value logits = findActivated(rewriter, probabilities.get(), SoftmaxOp::getOperationName());
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

LogicalResult SparseTopKCategoricalAccuracyOp::stabilize(RewriterBase &rewriter) {
  return takeLogits(rewriter, *this, getPredictionsMutable());
}

LogicalResult TopKCategoricalAccuracyOp::stabilize(RewriterBase &rewriter) {
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
  return operandNumber == 1 ? std::optional(getClasses(getPredictions())) : std::nullopt;
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

//===----------------------------------------------------------------------===//
// nn.binary_accuracy
//===----------------------------------------------------------------------===//

LogicalResult BinaryAccuracyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                 DictionaryAttr attributes, OpaqueProperties properties,
                                                 RegionRange regions, SmallVectorImpl<Type> &results) {
  Adaptor adaptor(operands, attributes, properties, regions);
  if (std::isnan(adaptor.getThreshold()))
    return emitShapeError(loc, getOperationName(), attributes)
           << "got threshold = " << formatAttribute(adaptor.getThresholdAttr()) << ", takes a number";
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> BinaryAccuracyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  double threshold = getThreshold();
  auto isRight = [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Type type = args[0].getType();
    Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, args[0], constant(b, type, threshold));
    Value equal = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, selectOne(b, type, isAbove), args[1]);
    return selectOne(b, type, equal);
  };
  return SmallVector<Value>{meanOfPairs(b, getPredictions(), getTargets(), getValid(), isRight)};
}

//===----------------------------------------------------------------------===//
// nn.sparse_top_k_categorical_accuracy and nn.top_k_categorical_accuracy
//===----------------------------------------------------------------------===//

/// The share of rows in which fewer than k predictions are larger than that of the class of index `target`. One that is
/// no number counts as the least, as in Keras on JAX.
static Value shareOfTopK(ImplicitLocOpBuilder &b, Value predictions, Value target, int64_t k, Value valid) {
  auto type = cast<RankedTensorType>(predictions.getType());
  auto element = cast<FloatType>(type.getElementType());
  double lowest = -std::numeric_limits<double>::infinity();
  int64_t last = type.getRank() - 1;
  Value own = reduceRows(
      b, element, {predictions, target}, b.getFloatAttr(element, lowest),
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value position = arith::IndexCastOp::create(b, args[1].getType(), linalg::IndexOp::create(b, last));
        Value isTarget = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, position, args[1]);
        Value isNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, args[0], args[0]);
        Value isRead = arith::AndIOp::create(b, isTarget, isNumber);
        return arith::SelectOp::create(b, isRead, args[0], constant(b, element, lowest));
      },
      [](ImplicitLocOpBuilder &b, Value value, Value max) -> Value {
        return arith::MaximumFOp::create(b, value, max);
      });
  Value above = reduceRows(
      b, b.getI32Type(), {predictions, own}, b.getI32IntegerAttr(0),
      [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, args[0], args[1]);
        return arith::ExtUIOp::create(b, b.getI32Type(), isAbove);
      },
      [](ImplicitLocOpBuilder &b, Value one, Value count) -> Value { return arith::AddIOp::create(b, count, one); });
  Value hits = mapElements(b, getRowsType(type), above, [&](ImplicitLocOpBuilder &b, ValueRange args) {
    Value limit = arith::ConstantOp::create(b, b.getI32IntegerAttr(std::min<int64_t>(k, INT32_MAX)));
    return selectOne(b, element, arith::CmpIOp::create(b, arith::CmpIPredicate::slt, args[0], limit));
  });
  return meanOverSamples(b, hits, valid);
}

LogicalResult SparseTopKCategoricalAccuracyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                                ValueRange operands, DictionaryAttr attributes,
                                                                OpaqueProperties, RegionRange,
                                                                SmallVectorImpl<Type> &results) {
  return inferIndexedMean(loc, getOperationName(), attributes, operands, results);
}

std::optional<int64_t> SparseTopKCategoricalAccuracyOp::getIndexBound(unsigned operandNumber) {
  return operandNumber == 1 ? std::optional(getClasses(getPredictions())) : std::nullopt;
}

FailureOr<SmallVector<Value>> SparseTopKCategoricalAccuracyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  return SmallVector<Value>{shareOfTopK(b, getPredictions(), getTargets(), getK(), getValid())};
}

LogicalResult TopKCategoricalAccuracyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                          ValueRange operands, DictionaryAttr attributes,
                                                          OpaqueProperties, RegionRange,
                                                          SmallVectorImpl<Type> &results) {
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> TopKCategoricalAccuracyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value target = argMax(b, getTargets(), b.getI32Type());
  return SmallVector<Value>{shareOfTopK(b, getPredictions(), target, getK(), getValid())};
}
