// What is computed by one step and needed by another; see PassScalars.h.
#include "codegen/gpu/PassScalars.h"
#include "codegen/Placement.h"
#include "codegen/gpu/Steps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::nn;

namespace {
class ScalarPasser {
public:
  ScalarPasser(RewriterBase &rewriter, Block &block) : rewriter(rewriter), block(block) {}

  DenseMap<Operation *, SmallVector<Operation *>> run() {
    SmallVector<Operation *> ops;
    for (Operation &op : block)
      if (!standsOutside(op))
        ops.push_back(&op);
    for (Operation *op : ops)
      for (Value result : op->getResults()) {
        bool isNeededFar = llvm::any_of(result.getUsers(), [&](Operation *user) {
          Operation *other = block.findAncestorOpInBlock(*user);
          for (Operation *between = op; between != other; between = between->getNextNode())
            if (isLargeStep(between) || isLargeStep(other))
              return true;
          return false;
        });
        if (isNeededFar)
          passThroughMemory(op, result);
      }
    return std::move(boundsOf);
  }

private:
  void passThroughMemory(Operation *op, Value scalar) {
    rewriter.setInsertionPointAfter(op);
    Location loc = op->getLoc();
    Value place = memref::AllocOp::create(rewriter, loc, MemRefType::get({}, scalar.getType()),
                                          rewriter.getI64IntegerAttr(bufferAlignment));
    Operation *store = memref::StoreOp::create(rewriter, loc, scalar, place, ValueRange{});
    DenseMap<Operation *, Value> loads;
    for (OpOperand &use : llvm::make_early_inc_range(scalar.getUses())) {
      Operation *user = block.findAncestorOpInBlock(*use.getOwner());
      if (user == store)
        continue;
      if (isa<linalg::GenericOp>(user) && use.getOwner() == user) {
        use.set(place);
        continue;
      }
      Value &load = loads[user];
      if (!load) {
        // In the region that needs it, so that it goes where that goes.
        if (user->getNumRegions() == 1 && use.getOwner() != user)
          rewriter.setInsertionPointToStart(&user->getRegion(0).front());
        else
          rewriter.setInsertionPoint(user);
        load = memref::LoadOp::create(rewriter, loc, place, ValueRange{});
        if (load.getDefiningOp()->getBlock() == &block && isTurnsStep(*user))
          boundsOf[user].push_back(load.getDefiningOp());
      }
      use.set(load);
    }
  }

  RewriterBase &rewriter;
  Block &block;
  DenseMap<Operation *, SmallVector<Operation *>> boundsOf;
};
} // namespace

DenseMap<Operation *, SmallVector<Operation *>> nn::passScalars(RewriterBase &rewriter, Block &block) {
  return ScalarPasser(rewriter, block).run();
}
