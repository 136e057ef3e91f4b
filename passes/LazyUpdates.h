// Which parameters a training step updates only where it has looked them up.
#pragma once
#include "dialect/NN.h"

namespace mlir::nn {

/// The look-ups that read `table`, the value of `variable` in an entry point, in the order of its body, where they are
/// lazy; none where they are not, and the whole of it is updated. Fails, with an error, where some are lazy but others
/// are not, or where something else reads the table, whose gradient could arrive at any row.
FailureOr<SmallVector<RowLookupOpInterface>> findLazyLookups(VariableOp variable, Value table);

/// Whether a value differs between the samples of a batch: whether it is computed from the first `dataInputs`
/// arguments of its entry point.
bool dependsOnData(Value value, unsigned dataInputs);

} // namespace mlir::nn
