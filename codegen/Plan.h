// How a tool tells nn-plan where to print.
#pragma once
#include "mlir/Pass/PassManager.h"

namespace mlir::nn {

/// Has the nn-plan passes of a pipeline print to `os`, which outlives them, in place of standard output.
void setPlanStream(OpPassManager &pm, raw_ostream &os);

} // namespace mlir::nn
