// Initialisers: how parameters get their first values.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

Value ZerosAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const {
  ImplicitLocOpBuilder b(loc, builder);
  return filled(b, type, 0.0);
}
Value OnesAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const {
  ImplicitLocOpBuilder b(loc, builder);
  return filled(b, type, 1.0);
}
Value UnitForgetBiasAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const { return {}; }
Value GlorotUniformAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const { return {}; }
Value RandomUniformAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const { return {}; }
Value OrthogonalAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const { return {}; }
