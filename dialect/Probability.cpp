// Pieces of the cross-entropies' lowerings and gradients.
#include "dialect/Probability.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr double probabilityEpsilon = 1e-7;

Value nn::clipProbability(ImplicitLocOpBuilder &b, Value probability) {
  Type type = probability.getType();
  Value raised = arith::MaximumFOp::create(b, probability, constant(b, type, probabilityEpsilon));
  return arith::MinimumFOp::create(b, raised, constant(b, type, 1.0 - probabilityEpsilon));
}

Value nn::selectUnclipped(ImplicitLocOpBuilder &b, Value probability, Value value) {
  Type type = probability.getType();
  Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, probability, constant(b, type, probabilityEpsilon));
  Value below =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, probability, constant(b, type, 1.0 - probabilityEpsilon));
  return arith::SelectOp::create(b, arith::AndIOp::create(b, above, below), value, constant(b, type, 0.0));
}

Value nn::smoothLabel(ImplicitLocOpBuilder &b, Value target, double smoothing, int64_t classes) {
  if (smoothing == 0.0)
    return target;
  Type type = target.getType();
  Value kept = arith::MulFOp::create(b, target, constant(b, type, 1.0 - smoothing));
  return arith::AddFOp::create(b, kept, constant(b, type, smoothing / static_cast<double>(classes)));
}

LogicalResult nn::checkLabelSmoothing(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                      Attribute smoothing) {
  double value = toDouble(smoothing);
  if (!(value >= 0.0 && value <= 1.0))
    return emitShapeError(loc, layer, attributes)
           << "got label_smoothing = " << formatAttribute(smoothing) << ", takes a number from 0 to 1";
  return success();
}
