// Helpers that layers share: shape errors, the expansion of activations, common pieces of lowerings.
#pragma once
#include "dialect/NN.h"
#include "dialect/ShapeRules.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::nn {

/// A scalar computation on one element of each input, inside a linalg.generic body.
using ScalarFn = function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

/// linalg.generic over the shape of `type`: each input has that shape, or a suffix of it (then it is broadcast over
/// the leading dimensions, as a bias is), or rank 0.
Value mapElements(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs, ScalarFn body);

/// The same, each input read by its map from the loops over the shape of `type`.
Value mapElements(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs, SmallVector<AffineMap> maps,
                  ScalarFn body);

/// A scalar constant of a float type (or element type of a tensor type).
Value constant(ImplicitLocOpBuilder &b, Type type, double value);

/// tensor.empty filled with `value`.
Value filled(ImplicitLocOpBuilder &b, RankedTensorType type, double value);

/// The sum over the last dimension (`keepRank` false): [..., n] -> [...]. Accumulates from zero in increasing order.
Value reduceLast(ImplicitLocOpBuilder &b, Value input, double initial,
                 function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine);

/// The sum of what `term` makes of the elements, a scalar tensor: one dimension at a time, the last first.
Value sumElements(ImplicitLocOpBuilder &b, Value input, function_ref<Value(ImplicitLocOpBuilder &, Value)> term);

/// Applies the activation op named by `activation` (null: none) to `value`. Reports an unknown name at `loc`.
FailureOr<Value> applyActivation(OpBuilder &builder, Location loc, StringAttr activation, Value value);

/// The dotted name of the layer that an op came from: materialised parameters put it into locations. Empty where it is
/// no layer's.
std::string getLayerName(Location loc);

/// Where in the model file, as FILE:LINE:COLUMN; empty where that is not known.
std::string getFilePlace(Location loc);

/// The parts of a training step that locations tell apart; what is marked as neither belongs to the forward pass.
constexpr StringLiteral forwardStage = "forward", backwardStage = "backward", updateStage = "update";

/// `loc` as that of an op of `stage`; unchanged where it has a stage already.
Location markStage(Location loc, StringRef stage);

/// The stages of the ops that `loc` is of, each once: several where operations were fused. Empty where `loc` is
/// unknown.
SmallVector<StringRef> getStages(Location loc);

/// Whom an op works for: a layer's dotted name, empty where it is no layer's, and one of the stages.
struct LayerStage {
  std::string layer;
  StringRef stage;

  bool operator==(const LayerStage &other) const { return layer == other.layer && stage == other.stage; }
};

/// Whom the ops that `loc` is of work for, each once, in order: several where operations were fused. Empty where `loc`
/// is unknown.
SmallVector<LayerStage> getLayerStages(Location loc);

/// The first of them: the forward pass of no layer where `loc` is unknown.
LayerStage getLayerStage(Location loc);

/// The place of an op that works for one: the first where `op` has those of several, its parent's where it has none.
Location getOwnLocation(Operation *op);

/// Whether `loc` says whom an op works for; a stage alone says nothing.
bool isKnownLocation(Location loc);

/// `loc`, of no layer: for what layers have in common.
Location dropLayer(Location loc);

/// Checks that `activation` names an op with the Activation trait.
LogicalResult verifyActivation(std::optional<Location> loc, MLIRContext *context, StringRef layer,
                               DictionaryAttr attributes, StringAttr activation);

} // namespace mlir::nn
