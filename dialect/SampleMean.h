// What losses and metrics share: shape rules, and the mean over the valid samples of a batch.
#pragma once
#include "dialect/Rows.h"

namespace mlir::nn {

/// The shape rule of a mean over samples whose targets are class indices: [..., classes] and [...].
LogicalResult inferIndexedMean(std::optional<Location> loc, StringRef op, DictionaryAttr attributes,
                               ValueRange operands, SmallVectorImpl<Type> &results);

/// The same where targets have the predictions' type.
LogicalResult inferPairedMean(std::optional<Location> loc, StringRef op, DictionaryAttr attributes, ValueRange operands,
                              SmallVectorImpl<Type> &results);

/// Inside a linalg body whose dimension 0 is the batch: `value` for valid samples, `otherwise` for the padding after
/// them. `valid` is the body's element of the number of valid samples, or null where all are.
Value selectValid(ImplicitLocOpBuilder &b, Value valid, Value value, double otherwise = 0.0);

/// `inputs` with `valid`, where there is one.
SmallVector<Value> withValid(ValueRange inputs, Value valid);

/// The element of `valid` among a body's arguments made of `withValid` on `count` inputs, or null.
inline Value validOf(ValueRange args, size_t count) { return args.size() > count ? args[count] : Value(); }

/// Divides a scalar tensor by the number of values of `rows` that belong to valid samples.
Value divideByCount(ImplicitLocOpBuilder &b, Value scalar, RankedTensorType rows, Value valid);

/// The mean of `rows`, [batch, ...], over the valid samples: a scalar tensor.
Value meanOverSamples(ImplicitLocOpBuilder &b, Value rows, Value valid);

/// The gradient of an element of a mean over samples: slope · scale, and 0 for padding.
Value scaleSlope(ImplicitLocOpBuilder &b, Value slope, Value scale, Value valid);

/// What `body` makes of a prediction and a target, summed over a sample's features and multiplied by `weight`, by
/// default one over their number; the mean of that over the valid samples.
Value meanOfPairs(ImplicitLocOpBuilder &b, Value predictions, Value targets, Value valid, ScalarFn body,
                  std::optional<double> weight = std::nullopt);

/// What the activation op of that name made `result` of, or null where it is not known to have. A layer with it as its
/// activation is split in two for it.
Value findActivated(RewriterBase &rewriter, Value result, StringRef activation);

} // namespace mlir::nn
