// Regularisers: penalties on parameters.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

static LogicalResult verifyFactor(function_ref<InFlightDiagnostic()> emitError, double factor) {
  if (factor >= 0.0 && std::isfinite(factor))
    return success();
  return emitError() << "a regularizer's factor must be finite and not negative, not " << factor;
}
LogicalResult L1Attr::verify(function_ref<InFlightDiagnostic()> emitError, Number factor) { return verifyFactor(emitError, factor.value); }
LogicalResult L2Attr::verify(function_ref<InFlightDiagnostic()> emitError, Number factor) { return verifyFactor(emitError, factor.value); }
Value L1Attr::buildPenalty(OpBuilder &builder, Location loc, Value parameter) const { return {}; }
Value L2Attr::buildPenalty(OpBuilder &builder, Location loc, Value parameter) const { return {}; }
