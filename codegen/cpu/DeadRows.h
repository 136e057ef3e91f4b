// Buffers of a row group that nobody reads after it.
#pragma once
#include "codegen/cpu/RowGroup.h"

namespace mlir::nn {

/// Has results of the group's members take the place of buffers whose rows are read for the last time before a result's
/// row is written, as a loss's gradient takes that of the logits. Whole operations one after the other would need both.
void reuseDeadRows(const RowGroup &group);

} // namespace mlir::nn
