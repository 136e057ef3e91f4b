// What the cross-entropies share: probabilities as Keras treats them, and smoothed labels.
#pragma once
#include "dialect/SampleMean.h"

namespace mlir::nn {

/// A probability, a scalar, kept 1e-7 (Keras' backend.epsilon()) from 0 and 1.
Value clipProbability(ImplicitLocOpBuilder &b, Value probability);

/// `value` where the probability was not clipped, else 0: the gradient of clipping.
Value selectUnclipped(ImplicitLocOpBuilder &b, Value probability, Value value);

/// target · (1 - smoothing) + smoothing / classes, a scalar; the target itself where nothing is smoothed.
Value smoothLabel(ImplicitLocOpBuilder &b, Value target, double smoothing, int64_t classes);

/// Refuses a `label_smoothing` that is no number from 0 to 1.
LogicalResult checkLabelSmoothing(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                  Attribute smoothing);

/// Makes a loss of probabilities that the activation op `activation` made one of what it made them of.
template <typename Activation, typename Loss> LogicalResult takeLogits(RewriterBase &rewriter, Loss loss) {
  if (loss.getFromLogits())
    return failure();
  Value logits = findActivated(rewriter, loss.getPredictions(), Activation::getOperationName());
  if (!logits)
    return failure();
  rewriter.modifyOpInPlace(loss, [&] {
    loss.getPredictionsMutable().assign(logits);
    loss.setFromLogits(true);
  });
  return success();
}

} // namespace mlir::nn
