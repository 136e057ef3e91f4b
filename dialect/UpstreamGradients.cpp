// Gathers the gradients of upstream dialects.
#include "dialect/UpstreamGradients.h"

using namespace mlir;

void nn::registerUpstreamGradients(DialectRegistry &registry) {
  registerArithGradients(registry);
  registerTensorGradients(registry);
  registerLinalgGradients(registry);
  registerScfGradients(registry);
  registerIfGradients(registry);
}
