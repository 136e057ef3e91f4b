// Finds lazy look-ups and refuses what does not go with them; see LazyUpdates.h.
#include "passes/LazyUpdates.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::nn;

FailureOr<SmallVector<RowLookupOpInterface>> nn::findLazyLookups(VariableOp variable, Value table) {
  SmallVector<RowLookupOpInterface> lookups;
  RowLookupOpInterface lazy;
  for (Operation *user : table.getUsers()) {
    auto lookup = dyn_cast<RowLookupOpInterface>(user);
    if (!lookup || lookup.getTable() != table)
      continue;
    lookups.push_back(lookup);
    if (lookup.isLazy())
      lazy = lookup;
  }
  if (!lazy)
    return SmallVector<RowLookupOpInterface>();

  Block *body = table.getParentBlock();
  auto fail = [&](Operation *op, const Twine &message) -> LogicalResult {
    InFlightDiagnostic error = op->emitOpError() << message;
    error.attachNote(lazy->getLoc()) << "@" << variable.getSymName() << " is looked up with 'lazy' here";
    return error;
  };
  if (variable.getRegularizerAttr())
    return fail(variable, "has a regularizer, whose gradient is in every row; a table that is looked up with 'lazy' "
                          "takes none");
  for (Operation *user : table.getUsers()) {
    auto lookup = dyn_cast<RowLookupOpInterface>(user);
    if (!lookup || lookup.getTable() != table)
      return fail(user, "reads @" + variable.getSymName() +
                            ", so that a gradient may arrive at any row of it; with "
                            "'lazy' only look-ups may read a table");
    if (!lookup.isLazy())
      return fail(user, "looks up @" + variable.getSymName() +
                            " without 'lazy', another layer of this step with it; "
                            "those that share a table must all be lazy, or none");
    if (user->getBlock() != body)
      return fail(user, "stands in a region of another op; with 'lazy' a look-up stands in the model's own body");
  }
  llvm::sort(lookups, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return lookups;
}

bool nn::dependsOnData(Value value, unsigned dataInputs) {
  Block *body = &value.getParentRegion()->getParentOfType<func::FuncOp>().getBody().front();
  llvm::SetVector<Value> pending;
  pending.insert(value);
  for (size_t next = 0; next < pending.size(); ++next) {
    if (auto argument = dyn_cast<BlockArgument>(pending[next])) {
      if (argument.getOwner() == body && argument.getArgNumber() < dataInputs)
        return true;
      continue;
    }
    Operation *op = pending[next].getDefiningOp();
    pending.insert_range(op->getOperands());
    getUsedValuesDefinedAbove(op->getRegions(), pending);
  }
  return false;
}
