// Alias questions on memrefs, answered by following views to their allocation
// or function argument.
#include "codegen/cpu/Aliases.h"
#include "codegen/Buffers.h"
#include "codegen/SharedKernels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::nn;

Value nn::getKnownRoot(Value memref) {
  Value root = getBufferRoot(memref);
  if (auto argument = dyn_cast<BlockArgument>(root))
    return isa<func::FuncOp>(argument.getOwner()->getParentOp()) ? root : Value();
  // Shared memory of a GPU's block is asked for again for each buffer in it (codegen/gpu/SharedMemory.h).
  return isBufferAllocation(root.getDefiningOp()) ||
                 isa<memref::GetGlobalOp, gpu::DynamicSharedMemoryOp>(root.getDefiningOp())
             ? root
             : Value();
}

bool nn::mayAlias(Value a, Value b) {
  if (a == b)
    return true;
  Value rootA = getKnownRoot(a), rootB = getKnownRoot(b);
  if (!rootA || !rootB)
    return true;
  auto globalA = rootA.getDefiningOp<memref::GetGlobalOp>(), globalB = rootB.getDefiningOp<memref::GetGlobalOp>();
  if (globalA && globalB)
    return globalA.getName() == globalB.getName();
  return rootA == rootB;
}

bool nn::isSameView(Value a, Value b) {
  if (a == b)
    return true;
  if (a.getType() != b.getType())
    return false;
  Operation *opA = a.getDefiningOp(), *opB = b.getDefiningOp();
  if (!opA || !opB || opA->getName() != opB->getName() || opA->getAttrDictionary() != opB->getAttrDictionary() ||
      opA->getNumOperands() != opB->getNumOperands() || !isa<ViewLikeOpInterface>(opA))
    return false;
  for (auto [x, y] : llvm::zip_equal(opA->getOperands(), opB->getOperands()))
    if (x != y && !(isa<MemRefType>(x.getType()) && isSameView(x, y)))
      return false;
  return true;
}

/// Whether a call, of a function that touches what it is given and nothing else, may have the effect on `memref`.
template <typename Effect> static bool mayHave(func::CallOp call, Value memref) {
  return llvm::any_of(llvm::enumerate(call.getOperands()), [&](auto operand) {
    if (!isa<MemRefType>(operand.value().getType()) || !mayAlias(operand.value(), memref))
      return false;
    return !std::is_same_v<Effect, MemoryEffects::Write> || mayWriteOperand(call, operand.index());
  });
}

template <typename Effect> static bool mayHave(Operation *op, Value memref) {
  if (auto call = dyn_cast<func::CallOp>(op))
    return mayHave<Effect>(call, memref);
  // It orders what threads do, and does nothing itself.
  if (isa<gpu::BarrierOp>(op))
    return false;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface) {
    if (!op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() && !op->hasTrait<OpTrait::IsTerminator>())
      return true;
  } else {
    SmallVector<MemoryEffects::EffectInstance> effects;
    interface.getEffects(effects);
    for (const MemoryEffects::EffectInstance &effect : effects)
      if (isa<Effect>(effect.getEffect()) &&
          (!effect.getValue() || !isa<MemRefType>(effect.getValue().getType()) || mayAlias(effect.getValue(), memref)))
        return true;
  }
  for (Region &region : op->getRegions())
    for (Operation &nested : region.getOps())
      if (mayHave<Effect>(&nested, memref))
        return true;
  return false;
}

bool nn::mayRead(Operation *op, Value memref) { return mayHave<MemoryEffects::Read>(op, memref); }
bool nn::mayWrite(Operation *op, Value memref) { return mayHave<MemoryEffects::Write>(op, memref); }

bool nn::touchesKnownRootsOnly(Operation *root) {
  auto isKnown = [](const MemoryEffects::EffectInstance &effect) {
    return effect.getValue() && isa<MemRefType>(effect.getValue().getType()) && getKnownRoot(effect.getValue());
  };
  return !root->walk([&](Operation *op) {
                auto interface = dyn_cast<MemoryEffectOpInterface>(op);
                SmallVector<MemoryEffects::EffectInstance> effects;
                if (isa<func::CallOp>(op))
                  return WalkResult(success(llvm::all_of(op->getOperands(), [](Value operand) {
                    return !isa<MemRefType>(operand.getType()) || getKnownRoot(operand);
                  })));
                if (interface)
                  interface.getEffects(effects);
                else if (op != root && !op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() &&
                         !op->hasTrait<OpTrait::IsTerminator>())
                  return WalkResult::interrupt();
                return WalkResult(success(llvm::all_of(effects, isKnown)));
              })
              .wasInterrupted();
}

static bool mayWriteOperand(OpOperand &use) {
  Operation *user = use.getOwner();
  if (auto op = dyn_cast<DestinationStyleOpInterface>(user))
    return op.isDpsInit(&use);
  if (auto call = dyn_cast<func::CallOp>(user))
    return mayWriteOperand(call, use.getOperandNumber());
  return writes(getAccess(user, use));
}

static void collectUsers(Value memref, bool writersOnly, Block *block, llvm::SetVector<Operation *> &users) {
  for (OpOperand &use : memref.getUses()) {
    Operation *user = use.getOwner();
    auto view = dyn_cast<ViewLikeOpInterface>(user);
    bool counts = !writersOnly || (!view && mayWriteOperand(use));
    if (Operation *ancestor = counts ? block->findAncestorOpInBlock(*user) : nullptr)
      users.insert(ancestor);
    if (view)
      for (Value result : view->getResults())
        collectUsers(result, writersOnly, block, users);
  }
}

SmallVector<Operation *> nn::findUsers(Block *block, ArrayRef<Value> touched, ArrayRef<Value> read) {
  llvm::SetVector<Operation *> users;
  auto collect = [&](ArrayRef<Value> values, bool writersOnly) {
    return llvm::all_of(values, [&](Value value) {
      if (!isa<MemRefType>(value.getType()))
        return true;
      Value root = getKnownRoot(value);
      // Other ops may name the same global.
      if (!root || root.getDefiningOp<memref::GetGlobalOp>())
        return false;
      collectUsers(root, writersOnly, block, users);
      return true;
    });
  };
  if (!collect(touched, /*writersOnly=*/false) || !collect(read, /*writersOnly=*/true))
    return llvm::map_to_vector(*block, [](Operation &op) { return &op; });
  SmallVector<Operation *> sorted = users.takeVector();
  llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return sorted;
}

static bool areUsersAmong(Value memref, llvm::ArrayRef<Operation *> users) {
  return llvm::all_of(memref.getUsers(), [&](Operation *user) {
    if (isa<memref::DeallocOp>(user) || llvm::is_contained(users, user))
      return true;
    auto view = dyn_cast<ViewLikeOpInterface>(user);
    return view && view.getViewSource() == memref &&
           llvm::all_of(view->getResults(), [&](Value result) { return areUsersAmong(result, users); });
  });
}

bool nn::isOnlyUsedBy(Value memref, llvm::ArrayRef<Operation *> users) {
  Value root = getKnownRoot(memref);
  return root && root.getDefiningOp<memref::AllocOp>() && areUsersAmong(root, users);
}

static void eraseUsers(Value memref) {
  for (Operation *user : llvm::make_early_inc_range(memref.getUsers())) {
    for (Value result : user->getResults())
      eraseUsers(result);
    user->erase();
  }
}

void nn::eraseIfUnused(Value allocation) {
  Operation *op = allocation.getDefiningOp();
  if (!op || !isOnlyUsedBy(allocation, {}))
    return;
  eraseUsers(allocation);
  op->erase();
}

Operation *nn::findCopyPlace(Operation *user, Value source) {
  Operation *place = user;
  for (Operation *parent = user->getParentOp(); isa<scf::ForOp, scf::ForallOp>(parent);
       parent = parent->getParentOp()) {
    if (parent->isAncestor(source.getParentRegion()->getParentOp()) || mayWrite(parent, source))
      break;
    place = parent;
  }
  return place;
}
