// Values that operations of a row group compute more than once.
#pragma once
#include "codegen/cpu/RowGroup.h"

namespace mlir::nn {

/// Has the first member that computes a costly value, such as softmax's exponentials, store it for a later one that
/// computes the same of the same elements: in the loop over the rows it stays in a cache. Operations may be replaced.
void shareValues(RowGroup &group, const CpuTarget &target);

} // namespace mlir::nn
