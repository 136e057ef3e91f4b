// Optimisers: slots and update rules.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

#define STUB(A) SmallVector<SlotSpec> A::getSlots(RankedTensorType) const { return {}; } \
 SmallVector<Value> A::buildUpdate(OpBuilder &, Location, Value, Value, ValueRange, Value, Value) const { return {}; } \
 double A::getLearningRate() const { return getLr().value; }
STUB(SgdAttr)
STUB(AdamAttr)
STUB(AdamWAttr)
LogicalResult SgdAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number, Number, bool) { return success(); }
LogicalResult AdamAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number, Number, Number, Number) { return success(); }
LogicalResult AdamWAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number, Number, Number, Number, Number) { return success(); }
