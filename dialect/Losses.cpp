// Losses: lowerings, and the gradients of the cross-entropies.
#include "dialect/SampleMean.h"

using namespace mlir;
using namespace mlir::nn;

/// Keras' backend.epsilon(): probabilities are kept this far from 0 and 1.
static constexpr double probabilityEpsilon = 1e-7;

static Value clipProbability(ImplicitLocOpBuilder &b, Value probability) {
  Type type = probability.getType();
  Value raised = arith::MaximumFOp::create(b, probability, constant(b, type, probabilityEpsilon));
  return arith::MinimumFOp::create(b, raised, constant(b, type, 1.0 - probabilityEpsilon));
}

/// `value` where the probability was not clipped, else 0: the gradient of clipping.
static Value selectUnclipped(ImplicitLocOpBuilder &b, Value probability, Value value) {
  Type type = probability.getType();
  Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, probability, constant(b, type, probabilityEpsilon));
  Value below =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, probability, constant(b, type, 1.0 - probabilityEpsilon));
  return arith::SelectOp::create(b, arith::AndIOp::create(b, above, below), value, constant(b, type, 0.0));
}

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
template <typename Loss> static LogicalResult takeLogits(RewriterBase &rewriter, Loss loss) {
  if (loss.getFromLogits())
    return failure();
  Value logits = findLogits(rewriter, loss.getPredictions());
  if (!logits)
    return failure();
  rewriter.modifyOpInPlace(loss, [&] {
    loss.getPredictionsMutable().assign(logits);
    loss.setFromLogits(true);
  });
  return success();
}

LogicalResult SparseCategoricalCrossentropyOp::stabilize(RewriterBase &rewriter) { return takeLogits(rewriter, *this); }

LogicalResult CategoricalCrossentropyOp::stabilize(RewriterBase &rewriter) { return takeLogits(rewriter, *this); }

//===----------------------------------------------------------------------===//
// nn.sparse_categorical_crossentropy
//===----------------------------------------------------------------------===//

/// Inside a linalg body whose last dimension is the classes, `dim`: `value` at the true class, else 0.
static Value selectClass(ImplicitLocOpBuilder &b, int64_t dim, Value target, Value value) {
  Value index = arith::IndexCastOp::create(b, target.getType(), linalg::IndexOp::create(b, dim));
  Value isTarget = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, index, target);
  return arith::SelectOp::create(b, isTarget, value, constant(b, value.getType(), 0.0));
}

LogicalResult SparseCategoricalCrossentropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                                ValueRange operands, DictionaryAttr attributes,
                                                                OpaqueProperties, RegionRange,
                                                                SmallVectorImpl<Type> &results) {
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

/// -w log p of the true class is the cross-entropy with a target of w there, and of 0 elsewhere.
Value SparseCategoricalCrossentropyOp::buildWeighted(OpBuilder &builder, Value weights) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getPredictions().getType());
  int64_t classes = type.getRank() - 1;
  AffineMap all = b.getMultiDimIdentityMap(type.getRank());
  Value targets =
      mapElements(b, type, {getTargets(), weights}, {all.dropResult(classes), all.getSubMap(classes)},
                  [&](ImplicitLocOpBuilder &b, ValueRange args) { return selectClass(b, classes, args[0], args[1]); });
  return CategoricalCrossentropyOp::create(b, getPredictions(), targets, getValid(), getFromLogits(), getNameAttr());
}

FailureOr<SmallVector<Value>> SparseCategoricalCrossentropyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value x = getPredictions(), target = getTargets();
  auto type = cast<RankedTensorType>(x.getType());
  int64_t classes = type.getRank() - 1;
  Value losses;
  if (getFromLogits()) {
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
  auto finish = [](ImplicitLocOpBuilder &b, Value slope, Value scale, Value valid) {
    return selectValid(b, valid, arith::MulFOp::create(b, slope, scale));
  };
  if (getFromLogits()) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    gradients[0] = mapRows(b, type, withValid({x, target, rowMax, rowSum, scale}, valid),
                           [&](ImplicitLocOpBuilder &b, ValueRange args) {
                             Value hit = selectClass(b, classes, args[1], constant(b, args[0].getType(), 1.0));
                             Value slope = arith::SubFOp::create(b, softmax(b, args[0], args[2], args[3]), hit);
                             return finish(b, slope, args[4], validOf(args, 5));
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
                           return finish(b, unclipped, args[4], validOf(args, 5));
                         });
  return gradients;
}

//===----------------------------------------------------------------------===//
// nn.categorical_crossentropy
//===----------------------------------------------------------------------===//

LogicalResult CategoricalCrossentropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                          ValueRange operands, DictionaryAttr attributes,
                                                          OpaqueProperties, RegionRange,
                                                          SmallVectorImpl<Type> &results) {
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> CategoricalCrossentropyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value x = getPredictions(), target = getTargets(), losses;
  if (getFromLogits()) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    losses = sumRows(b, {x, target, rowMax, rowSum}, [](ImplicitLocOpBuilder &b, ValueRange args) {
      return negate(b, arith::MulFOp::create(b, args[1], logSoftmax(b, args[0], args[2], args[3])));
    });
  } else {
    Value sum = sumRows(b, x, identity);
    losses = sumRows(b, {x, target, sum}, [](ImplicitLocOpBuilder &b, ValueRange args) {
      Value probability = clipProbability(b, arith::DivFOp::create(b, args[0], args[2]));
      return negate(b, arith::MulFOp::create(b, args[1], math::LogOp::create(b, probability)));
    });
  }
  return SmallVector<Value>{meanOverSamples(b, losses, getValid())};
}

SmallVector<Value> CategoricalCrossentropyOp::getSavedValues() { return llvm::to_vector(getOperands()); }

/// On logits: softmax · Σt - t. On probabilities p = x / Σx, with t' = t where p is not clipped, else 0: Σt' / Σx - t'
/// / x. With respect to the targets: -log p.
FailureOr<SmallVector<Value>> CategoricalCrossentropyOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                                      ArrayRef<Value> resultGrads,
                                                                      ArrayRef<bool> wanted) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value x = saved[0], target = saved[1], valid = validOf(saved, 2);
  auto type = cast<RankedTensorType>(x.getType());
  Value scale = divideByCount(b, resultGrads[0], getRowsType(type), valid);
  SmallVector<Value> gradients(saved.size());
  auto finish = [](ImplicitLocOpBuilder &b, Value slope, Value scale, Value valid) {
    return selectValid(b, valid, arith::MulFOp::create(b, slope, scale));
  };
  if (getFromLogits()) {
    auto [rowMax, rowSum] = shiftedExp(b, x);
    if (wanted[0]) {
      Value mass = sumRows(b, target, identity);
      gradients[0] = mapRows(b, type, withValid({x, target, rowMax, rowSum, mass, scale}, valid),
                             [&](ImplicitLocOpBuilder &b, ValueRange args) {
                               Value share = arith::MulFOp::create(b, softmax(b, args[0], args[2], args[3]), args[4]);
                               return finish(b, arith::SubFOp::create(b, share, args[1]), args[5], validOf(args, 6));
                             });
    }
    if (wanted[1])
      gradients[1] =
          mapRows(b, type, withValid({x, rowMax, rowSum, scale}, valid), [&](ImplicitLocOpBuilder &b, ValueRange args) {
            Value slope = negate(b, logSoftmax(b, args[0], args[1], args[2]));
            return finish(b, slope, args[3], validOf(args, 4));
          });
    return gradients;
  }
  Value sum = sumRows(b, x, identity);
  if (wanted[0]) {
    Value mass = sumRows(b, {x, target, sum}, [](ImplicitLocOpBuilder &b, ValueRange args) {
      return selectUnclipped(b, arith::DivFOp::create(b, args[0], args[2]), args[1]);
    });
    gradients[0] = mapRows(b, type, withValid({x, target, sum, mass, scale}, valid),
                           [&](ImplicitLocOpBuilder &b, ValueRange args) {
                             Value probability = arith::DivFOp::create(b, args[0], args[2]);
                             Value own = selectUnclipped(b, probability, arith::DivFOp::create(b, args[1], args[0]));
                             Value slope = arith::SubFOp::create(b, arith::DivFOp::create(b, args[3], args[2]), own);
                             return finish(b, slope, args[4], validOf(args, 5));
                           });
  }
  if (wanted[1])
    gradients[1] = mapRows(b, type, withValid({x, sum, scale}, valid), [&](ImplicitLocOpBuilder &b, ValueRange args) {
      Value probability = clipProbability(b, arith::DivFOp::create(b, args[0], args[1]));
      return finish(b, negate(b, math::LogOp::create(b, probability)), args[2], validOf(args, 3));
    });
  return gradients;
}

//===----------------------------------------------------------------------===//
// nn.mean_squared_error
//===----------------------------------------------------------------------===//

LogicalResult MeanSquaredErrorOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                   DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                                   SmallVectorImpl<Type> &results) {
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> MeanSquaredErrorOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getPredictions().getType());
  int64_t features = type.getNumElements() / type.getDimSize(0);
  Value sums = sumRows(b, {getPredictions(), getTargets()}, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value difference = arith::SubFOp::create(b, args[0], args[1]);
    return arith::MulFOp::create(b, difference, difference);
  });
  while (cast<RankedTensorType>(sums.getType()).getRank() > 1)
    sums = sumRows(b, sums, identity);
  double weight = getHalfSum() ? 0.5 : 1.0 / static_cast<double>(features);
  Value losses = mapElements(b, cast<RankedTensorType>(sums.getType()), sums,
                             [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                               return arith::MulFOp::create(b, args[0], constant(b, args[0].getType(), weight));
                             });
  return SmallVector<Value>{meanOverSamples(b, losses, getValid())};
}
