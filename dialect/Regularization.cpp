// Dropout: masks and factors are a function of the key and the element's place in its sample, so they are recomputed
// for the gradient, never stored.
#include "dialect/RandomLayer.h"
#include "dialect/RandomNumbers.h"

using namespace mlir;
using namespace mlir::nn;

/// What a layer does to an input, or to the gradient of its result: each is linear.
using ScaleFn = function_ref<Value(ImplicitLocOpBuilder &, Value, ValueRange key)>;

template <typename Layer>
static FailureOr<SmallVector<Value>> lowerScaling(Layer op, OpBuilder &builder, ScaleFn scale) {
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  if (op.getRate() == 0.0)
    return SmallVector<Value>{op.getInput()};
  if (failed(checkHasKey(op, op.getKey())))
    return failure();
  return SmallVector<Value>{scale(b, op.getInput(), op.getKey())};
}

template <typename Layer>
static SmallVector<Value> scaleGradient(Layer op, OpBuilder &builder, ValueRange saved, Value gradient,
                                        ArrayRef<bool> wanted, ScaleFn scale) {
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  SmallVector<Value> gradients(op->getNumOperands());
  if (wanted[0])
    gradients[0] = op.getRate() == 0.0 ? gradient : scale(b, gradient, saved);
  return gradients;
}

/// x / (1 - rate) where the first word keeps the element, else 0.
static Value keepOrDrop(ImplicitLocOpBuilder &b, Value x, Value word, double rate) {
  // Words below the threshold are dropped: a share of `rate` to within 2^-32.
  auto threshold = static_cast<int64_t>(std::min(std::ldexp(rate, 32), 4294967295.0));
  Value limit = arith::ConstantOp::create(b, b.getIntegerAttr(b.getI32Type(), static_cast<int32_t>(threshold)));
  Value kept = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, word, limit);
  Value scaled = arith::MulFOp::create(b, x, constant(b, x.getType(), 1.0 / (1.0 - rate)));
  return arith::SelectOp::create(b, kept, scaled, constant(b, x.getType(), 0.0));
}

//===----------------------------------------------------------------------===//
// nn.dropout
//===----------------------------------------------------------------------===//

LogicalResult DropoutOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &results) {
  DictionaryAttr attributes = adaptor.getAttributes();
  if (failed(checkRate(loc, getOperationName(), attributes, adaptor.getRateAttr())))
    return failure();
  return inferSameType(loc, getOperationName(), attributes, adaptor.getInput(), 1, results);
}

static Value dropElements(DropoutOp op, ImplicitLocOpBuilder &b, Value x, ValueRange key) {
  return mapRandom(b, x, key, op.getStream(), [&](ImplicitLocOpBuilder &b, Value element, ValueRange words) {
    return keepOrDrop(b, element, words[0], op.getRate());
  });
}

FailureOr<SmallVector<Value>> DropoutOp::lower(OpBuilder &builder) {
  return lowerScaling(*this, builder, std::bind_front(dropElements, *this));
}

SmallVector<Value> DropoutOp::getSavedValues() { return llvm::to_vector(getKey()); }

FailureOr<SmallVector<Value>> DropoutOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                      ArrayRef<bool> wanted) {
  return scaleGradient(*this, builder, saved, resultGrads[0], wanted, std::bind_front(dropElements, *this));
}

//===----------------------------------------------------------------------===//
// nn.spatial_dropout_1d
//===----------------------------------------------------------------------===//

LogicalResult SpatialDropout1dOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                                   SmallVectorImpl<Type> &results) {
  DictionaryAttr attributes = adaptor.getAttributes();
  FailureOr<RankedTensorType> input = checkFloatInput(loc, getOperationName(), attributes, adaptor.getInput(), 3, 3);
  if (failed(input) || failed(checkRate(loc, getOperationName(), attributes, adaptor.getRateAttr())))
    return failure();
  results.push_back(*input);
  return success();
}

static Value dropFeatures(SpatialDropout1dOp op, ImplicitLocOpBuilder &b, Value x, ValueRange key) {
  return mapRandom(b, x, key, op.getStream(), /*dims=*/{2},
                   [&](ImplicitLocOpBuilder &b, Value element, ValueRange words) {
                     return keepOrDrop(b, element, words[0], op.getRate());
                   });
}

FailureOr<SmallVector<Value>> SpatialDropout1dOp::lower(OpBuilder &builder) {
  return lowerScaling(*this, builder, std::bind_front(dropFeatures, *this));
}

SmallVector<Value> SpatialDropout1dOp::getSavedValues() { return llvm::to_vector(getKey()); }

FailureOr<SmallVector<Value>> SpatialDropout1dOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                               ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  return scaleGradient(*this, builder, saved, resultGrads[0], wanted, std::bind_front(dropFeatures, *this));
}

//===----------------------------------------------------------------------===//
// nn.gaussian_dropout
//===----------------------------------------------------------------------===//

LogicalResult GaussianDropoutOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                                  SmallVectorImpl<Type> &results) {
  DictionaryAttr attributes = adaptor.getAttributes();
  if (failed(checkRate(loc, getOperationName(), attributes, adaptor.getRateAttr())))
    return failure();
  return inferSameType(loc, getOperationName(), attributes, adaptor.getInput(), 1, results);
}

static Value multiplyByNormal(GaussianDropoutOp op, ImplicitLocOpBuilder &b, Value x, ValueRange key) {
  double stddev = std::sqrt(op.getRate() / (1.0 - op.getRate()));
  return mapRandom(b, x, key, op.getStream(), [&](ImplicitLocOpBuilder &b, Value element, ValueRange words) -> Value {
    Type type = element.getType();
    Value normal = standardNormal(b, type, words[0], words[1]);
    Value factor =
        arith::AddFOp::create(b, arith::MulFOp::create(b, normal, constant(b, type, stddev)), constant(b, type, 1.0));
    return arith::MulFOp::create(b, element, factor);
  });
}

FailureOr<SmallVector<Value>> GaussianDropoutOp::lower(OpBuilder &builder) {
  return lowerScaling(*this, builder, std::bind_front(multiplyByNormal, *this));
}

SmallVector<Value> GaussianDropoutOp::getSavedValues() { return llvm::to_vector(getKey()); }

FailureOr<SmallVector<Value>> GaussianDropoutOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                              ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  return scaleGradient(*this, builder, saved, resultGrads[0], wanted, std::bind_front(multiplyByNormal, *this));
}
