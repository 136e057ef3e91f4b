// The binary cross-entropy: lowering and gradient.
#include "dialect/Elementwise.h"
#include "dialect/Probability.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult BinaryCrossentropyOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                     DictionaryAttr attributes, OpaqueProperties properties,
                                                     RegionRange regions, SmallVectorImpl<Type> &results) {
  Adaptor adaptor(operands, attributes, properties, regions);
  if (failed(checkLabelSmoothing(loc, getOperationName(), attributes, adaptor.getLabelSmoothingAttr())))
    return failure();
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

LogicalResult BinaryCrossentropyOp::stabilize(RewriterBase &rewriter) { return takeLogits<SigmoidOp>(rewriter, *this); }

FailureOr<SmallVector<Value>> BinaryCrossentropyOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  double smoothing = getLabelSmoothing();
  auto ofLogit = [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value target = smoothLabel(b, args[1], smoothing, 2);
    return arith::SubFOp::create(b, softplus(b, args[0]), arith::MulFOp::create(b, args[0], target));
  };
  auto ofProbability = [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value target = smoothLabel(b, args[1], smoothing, 2), p = clipProbability(b, args[0]);
    Value yes = arith::MulFOp::create(b, target, math::LogOp::create(b, p));
    Value no = arith::MulFOp::create(b, oneMinus(b, target), math::LogOp::create(b, oneMinus(b, p)));
    return arith::NegFOp::create(b, arith::AddFOp::create(b, yes, no));
  };
  ScalarFn body = ofProbability;
  if (getFromLogits())
    body = ofLogit;
  return SmallVector<Value>{meanOfPairs(b, getPredictions(), getTargets(), getValid(), body)};
}

SmallVector<Value> BinaryCrossentropyOp::getSavedValues() { return llvm::to_vector(getOperands()); }

/// On logits: sigmoid(x) - t, and -x with respect to the targets. On probabilities, unless clipped: (1 - t) / (1 - p) -
/// t / p, and log(1 - p) - log p.
FailureOr<SmallVector<Value>> BinaryCrossentropyOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                                 ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value x = saved[0], valid = validOf(saved, 2);
  auto type = cast<RankedTensorType>(x.getType());
  double smoothing = getLabelSmoothing();
  bool fromLogits = getFromLogits();
  Value scale = divideByCount(b, resultGrads[0], type, valid);
  SmallVector<Value> gradients(saved.size());
  if (wanted[0])
    gradients[0] =
        mapRows(b, type, withValid({x, saved[1], scale}, valid), [&](ImplicitLocOpBuilder &b, ValueRange args) {
          Value target = smoothLabel(b, args[1], smoothing, 2), p = args[0], slope;
          if (fromLogits) {
            slope = arith::SubFOp::create(b, sigmoid(b, p), target);
          } else {
            Value no = arith::DivFOp::create(b, oneMinus(b, target), oneMinus(b, p));
            Value yes = arith::DivFOp::create(b, target, p);
            slope = selectUnclipped(b, p, arith::SubFOp::create(b, no, yes));
          }
          return scaleSlope(b, slope, args[2], validOf(args, 3));
        });
  if (wanted[1])
    gradients[1] = mapRows(b, type, withValid({x, scale}, valid), [&](ImplicitLocOpBuilder &b, ValueRange args) {
      Value slope;
      if (fromLogits) {
        slope = arith::NegFOp::create(b, args[0]);
      } else {
        Value p = clipProbability(b, args[0]);
        slope = arith::SubFOp::create(b, math::LogOp::create(b, oneMinus(b, p)), math::LogOp::create(b, p));
      }
      // The label counts for 1 - smoothing of the loss.
      if (smoothing != 0.0)
        slope = arith::MulFOp::create(b, slope, constant(b, type, 1.0 - smoothing));
      return scaleSlope(b, slope, args[1], validOf(args, 2));
    });
  return gradients;
}
