// Cross-entropies over classes: lowerings and gradients.
#include "dialect/Probability.h"

using namespace mlir;
using namespace mlir::nn;

static Value negate(ImplicitLocOpBuilder &b, Value value) { return arith::NegFOp::create(b, value); }

static Value identity(ImplicitLocOpBuilder &, ValueRange args) { return args[0]; }

/// log(softmax(x)) of one element, from its row's maximum and sum of exp(x - maximum).
static Value logSoftmax(ImplicitLocOpBuilder &b, Value x, Value rowMax, Value rowSum) {
  return arith::SubFOp::create(b, arith::SubFOp::create(b, x, rowMax), math::LogOp::create(b, rowSum));
}

static Value softmax(ImplicitLocOpBuilder &b, Value x, Value rowMax, Value rowSum) {
  return arith::DivFOp::create(b, math::ExpOp::create(b, arith::SubFOp::create(b, x, rowMax)), rowSum);
}

/// A cross-entropy of softmax's probabilities is one of the logits: nothing to renormalise or to clip.
LogicalResult SparseCategoricalCrossentropyOp::stabilize(RewriterBase &rewriter) {
  return takeLogits<SoftmaxOp>(rewriter, *this);
}

LogicalResult CategoricalCrossentropyOp::stabilize(RewriterBase &rewriter) {
  return takeLogits<SoftmaxOp>(rewriter, *this);
}

//===----------------------------------------------------------------------===//
// Of a distribution
//===----------------------------------------------------------------------===//

/// -Σ target · log prediction of each row.
static Value lossesOfRows(ImplicitLocOpBuilder &b, Value x, Value target, bool fromLogits) {
  if (fromLogits) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    return sumRows(b, {x, target, rowMax, rowSum}, [](ImplicitLocOpBuilder &b, ValueRange args) {
      return negate(b, arith::MulFOp::create(b, args[1], logSoftmax(b, args[0], args[2], args[3])));
    });
  }
  Value sum = sumRows(b, x, identity);
  return sumRows(b, {x, target, sum}, [](ImplicitLocOpBuilder &b, ValueRange args) {
    Value probability = clipProbability(b, arith::DivFOp::create(b, args[0], args[2]));
    return negate(b, arith::MulFOp::create(b, args[1], math::LogOp::create(b, probability)));
  });
}

/// With respect to the predictions. On logits: softmax · Σt - t. On probabilities p = x / Σx, with t' = t where p is
/// not clipped, else 0: Σt' / Σx - t' / x.
static Value gradientOfPredictions(ImplicitLocOpBuilder &b, Value x, Value target, Value valid, Value scale,
                                   bool fromLogits) {
  auto type = cast<RankedTensorType>(x.getType());
  if (fromLogits) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    Value mass = sumRows(b, target, identity);
    return mapRows(b, type, withValid({x, target, rowMax, rowSum, mass, scale}, valid),
                   [&](ImplicitLocOpBuilder &b, ValueRange args) {
                     Value share = arith::MulFOp::create(b, softmax(b, args[0], args[2], args[3]), args[4]);
                     return scaleSlope(b, arith::SubFOp::create(b, share, args[1]), args[5], validOf(args, 6));
                   });
  }
  Value sum = sumRows(b, x, identity);
  Value mass = sumRows(b, {x, target, sum}, [](ImplicitLocOpBuilder &b, ValueRange args) {
    return selectUnclipped(b, arith::DivFOp::create(b, args[0], args[2]), args[1]);
  });
  return mapRows(b, type, withValid({x, target, sum, mass, scale}, valid),
                 [&](ImplicitLocOpBuilder &b, ValueRange args) {
                   Value probability = arith::DivFOp::create(b, args[0], args[2]);
                   Value own = selectUnclipped(b, probability, arith::DivFOp::create(b, args[1], args[0]));
                   Value slope = arith::SubFOp::create(b, arith::DivFOp::create(b, args[3], args[2]), own);
                   return scaleSlope(b, slope, args[4], validOf(args, 5));
                 });
}

/// With respect to the targets: -log p.
static Value gradientOfTargets(ImplicitLocOpBuilder &b, Value x, Value valid, Value scale, bool fromLogits) {
  auto type = cast<RankedTensorType>(x.getType());
  if (fromLogits) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    return mapRows(b, type, withValid({x, rowMax, rowSum, scale}, valid),
                   [&](ImplicitLocOpBuilder &b, ValueRange args) {
                     Value slope = negate(b, logSoftmax(b, args[0], args[1], args[2]));
                     return scaleSlope(b, slope, args[3], validOf(args, 4));
                   });
  }
  Value sum = sumRows(b, x, identity);
  return mapRows(b, type, withValid({x, sum, scale}, valid), [&](ImplicitLocOpBuilder &b, ValueRange args) {
    Value probability = clipProbability(b, arith::DivFOp::create(b, args[0], args[1]));
    return scaleSlope(b, negate(b, math::LogOp::create(b, probability)), args[2], validOf(args, 3));
  });
}

//===----------------------------------------------------------------------===//
// nn.sparse_categorical_crossentropy
//===----------------------------------------------------------------------===//

/// Inside a linalg body whose last dimension is the classes, `dim`: `value` at the true class, else 0.
static Value selectClass(ImplicitLocOpBuilder &b, int64_t dim, Value target, Value value) {
  Value index = arith::IndexCastOp::create(b, target.getType(), linalg::IndexOp::create(b, dim));
  Value isTarget = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, index, target);
  return arith::SelectOp::create(b, isTarget, value, constant(b, value.getType(), 0.0));
}

/// The distribution that a smoothed class index stands for: [..., classes].
static Value smoothIndices(ImplicitLocOpBuilder &b, RankedTensorType type, Value target, double smoothing) {
  int64_t last = type.getRank() - 1;
  return mapRows(b, type, target, [&](ImplicitLocOpBuilder &b, ValueRange args) {
    Value hit = selectClass(b, last, args[0], constant(b, type, 1.0));
    return smoothLabel(b, hit, smoothing, type.getDimSize(last));
  });
}

LogicalResult SparseCategoricalCrossentropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                                ValueRange operands, DictionaryAttr attributes,
                                                                OpaqueProperties properties, RegionRange regions,
                                                                SmallVectorImpl<Type> &results) {
  Adaptor adaptor(operands, attributes, properties, regions);
  if (failed(checkLabelSmoothing(loc, getOperationName(), attributes, adaptor.getLabelSmoothingAttr())))
    return failure();
  return inferIndexedMean(loc, getOperationName(), attributes, operands, results);
}

std::optional<int64_t> SparseCategoricalCrossentropyOp::getIndexBound(unsigned operandNumber) {
  if (operandNumber != 1)
    return std::nullopt;
  return cast<RankedTensorType>(getPredictions().getType()).getShape().back();
}

RankedTensorType SparseCategoricalCrossentropyOp::getClassWeightsType() {
  auto type = cast<RankedTensorType>(getPredictions().getType());
  return RankedTensorType::get(type.getShape().back(), type.getElementType());
}

/// A sample's loss times the weight of its class is the cross-entropy with a distribution that has been multiplied by
/// it.
Value SparseCategoricalCrossentropyOp::buildWeighted(OpBuilder &builder, Value weights) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getPredictions().getType());
  int64_t last = type.getRank() - 1, classes = type.getShape().back();
  AffineMap all = b.getMultiDimIdentityMap(type.getRank());
  Value targets = mapElements(
      b, type, getTargets(), {all.dropResult(last)}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        // Whatever the index, memory stays safe; a wrong one is refused by the runtime.
        Value largest = arith::ConstantOp::create(b, b.getIntegerAttr(args[0].getType(), classes - 1));
        Value index = arith::IndexCastOp::create(b, b.getIndexType(), arith::MinUIOp::create(b, args[0], largest));
        Value hit = selectClass(b, last, args[0], constant(b, type, 1.0));
        Value weight = tensor::ExtractOp::create(b, weights, index);
        return arith::MulFOp::create(b, weight, smoothLabel(b, hit, getLabelSmoothing(), classes));
      });
  return CategoricalCrossentropyOp::create(b, getPredictions(), targets, getValid(), getFromLogits(),
                                           /*label_smoothing=*/0.0, getNameAttr());
}

FailureOr<SmallVector<Value>> SparseCategoricalCrossentropyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value x = getPredictions(), target = getTargets();
  auto type = cast<RankedTensorType>(x.getType());
  int64_t classes = type.getRank() - 1;
  Value losses;
  if (double smoothing = getLabelSmoothing(); smoothing != 0.0) {
    losses = lossesOfRows(b, x, smoothIndices(b, type, target, smoothing), getFromLogits());
  } else if (getFromLogits()) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    Value chosen = sumRows(b, {x, target, rowMax}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
      return selectClass(b, classes, args[1], arith::SubFOp::create(b, args[0], args[2]));
    });
    losses = mapElements(b, getRowsType(type), {rowSum, chosen}, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
      return arith::SubFOp::create(b, math::LogOp::create(b, args[0]), args[1]);
    });
  } else {
    Value sum = sumRows(b, x, identity);
    Value chosen = sumRows(b, {x, target}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
      return selectClass(b, classes, args[1], args[0]);
    });
    losses = mapElements(b, getRowsType(type), {chosen, sum}, [](ImplicitLocOpBuilder &b, ValueRange args) {
      Value probability = clipProbability(b, arith::DivFOp::create(b, args[0], args[1]));
      return negate(b, math::LogOp::create(b, probability));
    });
  }
  return SmallVector<Value>{meanOverSamples(b, losses, getValid())};
}

SmallVector<Value> SparseCategoricalCrossentropyOp::getSavedValues() { return llvm::to_vector(getOperands()); }

/// On logits: softmax - onehot. On probabilities p = x / Σx, unless clipped: 1 / Σx - onehot / x.
FailureOr<SmallVector<Value>> SparseCategoricalCrossentropyOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                                            ArrayRef<Value> resultGrads,
                                                                            ArrayRef<bool> wanted) {
  SmallVector<Value> gradients(saved.size());
  if (!wanted[0])
    return gradients;
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value x = saved[0], target = saved[1], valid = validOf(saved, 2);
  auto type = cast<RankedTensorType>(x.getType());
  int64_t classes = type.getRank() - 1;
  Value scale = divideByCount(b, resultGrads[0], getRowsType(type), valid);
  if (double smoothing = getLabelSmoothing(); smoothing != 0.0) {
    Value smoothed = smoothIndices(b, type, target, smoothing);
    gradients[0] = gradientOfPredictions(b, x, smoothed, valid, scale, getFromLogits());
    return gradients;
  }
  if (getFromLogits()) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    gradients[0] = mapRows(b, type, withValid({x, target, rowMax, rowSum, scale}, valid),
                           [&](ImplicitLocOpBuilder &b, ValueRange args) {
                             Value hit = selectClass(b, classes, args[1], constant(b, args[0].getType(), 1.0));
                             Value slope = arith::SubFOp::create(b, softmax(b, args[0], args[2], args[3]), hit);
                             return scaleSlope(b, slope, args[4], validOf(args, 5));
                           });
    return gradients;
  }
  Value sum = sumRows(b, x, identity);
  Value chosen = sumRows(b, {x, target}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
    return selectClass(b, classes, args[1], args[0]);
  });
  gradients[0] = mapRows(b, type, withValid({x, target, sum, chosen, scale}, valid),
                         [&](ImplicitLocOpBuilder &b, ValueRange args) {
                           Value one = constant(b, args[0].getType(), 1.0);
                           Value hit = selectClass(b, classes, args[1], arith::DivFOp::create(b, one, args[0]));
                           Value slope = arith::SubFOp::create(b, arith::DivFOp::create(b, one, args[2]), hit);
                           Value unclipped = selectUnclipped(b, arith::DivFOp::create(b, args[3], args[2]), slope);
                           return scaleSlope(b, unclipped, args[4], validOf(args, 5));
                         });
  return gradients;
}

//===----------------------------------------------------------------------===//
// nn.categorical_crossentropy
//===----------------------------------------------------------------------===//

LogicalResult CategoricalCrossentropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                          ValueRange operands, DictionaryAttr attributes,
                                                          OpaqueProperties properties, RegionRange regions,
                                                          SmallVectorImpl<Type> &results) {
  Adaptor adaptor(operands, attributes, properties, regions);
  if (failed(checkLabelSmoothing(loc, getOperationName(), attributes, adaptor.getLabelSmoothingAttr())))
    return failure();
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

static Value smoothDistribution(ImplicitLocOpBuilder &b, Value target, double smoothing) {
  if (smoothing == 0.0)
    return target;
  auto type = cast<RankedTensorType>(target.getType());
  return mapElements(b, type, target, [&](ImplicitLocOpBuilder &b, ValueRange args) {
    return smoothLabel(b, args[0], smoothing, type.getShape().back());
  });
}

FailureOr<SmallVector<Value>> CategoricalCrossentropyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value target = smoothDistribution(b, getTargets(), getLabelSmoothing());
  Value losses = lossesOfRows(b, getPredictions(), target, getFromLogits());
  return SmallVector<Value>{meanOverSamples(b, losses, getValid())};
}

SmallVector<Value> CategoricalCrossentropyOp::getSavedValues() { return llvm::to_vector(getOperands()); }

FailureOr<SmallVector<Value>> CategoricalCrossentropyOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                                      ArrayRef<Value> resultGrads,
                                                                      ArrayRef<bool> wanted) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value x = saved[0], valid = validOf(saved, 2);
  auto type = cast<RankedTensorType>(x.getType());
  double smoothing = getLabelSmoothing();
  Value scale = divideByCount(b, resultGrads[0], getRowsType(type), valid);
  SmallVector<Value> gradients(saved.size());
  if (wanted[0]) {
    Value target = smoothDistribution(b, saved[1], smoothing);
    gradients[0] = gradientOfPredictions(b, x, target, valid, scale, getFromLogits());
  }
  if (wanted[1]) {
    // The label counts for 1 - smoothing of the loss.
    Value share = smoothing == 0.0 ? scale
                                   : mapElements(b, cast<RankedTensorType>(scale.getType()), scale,
                                                 [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                                                   Value kept = constant(b, type, 1.0 - smoothing);
                                                   return arith::MulFOp::create(b, args[0], kept);
                                                 });
    gradients[1] = gradientOfTargets(b, x, valid, share, getFromLogits());
  }
  return gradients;
}
