// How diagnostics print that no line of a file is at fault for.
#pragma once
#include "mlir/IR/MLIRContext.h"

namespace mlir::nn {

/// Has `context` print diagnostics at an unknown location, which the command line is at fault for, behind the tool's
/// name, and those of a whole file behind the file's: neither has a line to show.
void printWithoutLines(MLIRContext *context);

} // namespace mlir::nn
