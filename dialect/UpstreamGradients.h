// Gradients of upstream ops: DifferentiableOpInterface attached to arith, math, tensor, linalg and scf from outside.
#pragma once
#include "mlir/IR/DialectRegistry.h"

namespace mlir::nn {

/// Attaches all of them, each when its dialect is loaded.
void registerUpstreamGradients(DialectRegistry &registry);

void registerArithGradients(DialectRegistry &registry);
void registerTensorGradients(DialectRegistry &registry);
void registerLinalgGradients(DialectRegistry &registry);
void registerScfGradients(DialectRegistry &registry);
void registerIfGradients(DialectRegistry &registry);

} // namespace mlir::nn
