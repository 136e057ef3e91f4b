// Counts what a step computes and moves; see StepCost.h.
#include "codegen/gpu/StepCost.h"
#include "codegen/KernelCost.h"
#include "codegen/KernelNames.h"
#include "codegen/MemoryPlan.h"
#include "codegen/cpu/Aliases.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::nn;

/// Whether anything but `ops` touches a buffer.
static bool isSeenBeyond(Value root, ArrayRef<Operation *> ops) {
  if (isa<BlockArgument>(root))
    return true;
  SmallVector<Value> views = {root};
  while (!views.empty())
    for (Operation *user : views.pop_back_val().getUsers()) {
      if (isBufferView(user))
        views.push_back(user->getResult(0));
      else if (llvm::none_of(ops, [&](Operation *op) { return op->isAncestor(user); }))
        return true;
    }
  return false;
}

/// Of buffers that the first of `ops` to touch them writes: what is left to count.
static DenseMap<Value, Access> findKept(ArrayRef<Operation *> ops) {
  SmallVector<Operation *> ordered(ops);
  llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  DenseMap<Value, Access> counted;
  for (Operation *op : ordered)
    for (OpOperand &operand : op->getOpOperands()) {
      Value root = isa<MemRefType>(operand.get().getType()) ? getKnownRoot(operand.get()) : Value();
      if (!root)
        continue;
      bool startsHere = getAccess(op, operand) == Access::write;
      counted.try_emplace(root, !startsHere               ? Access::readWrite
                                : isSeenBeyond(root, ops) ? Access::write
                                                          : Access::none);
    }
  return counted;
}

SmallVector<NamedAttrList> nn::describeStep(ArrayRef<Operation *> ops, bool keepsOnChip) {
  DenseMap<Value, Access> kept;
  if (keepsOnChip)
    kept = findKept(ops);
  KernelCost cost = countCost(ops, [&](Value root) {
    auto known = kept.find(root);
    return known == kept.end() ? Access::readWrite : known->second;
  });
  if (cost.shares.empty())
    cost.shares.push_back({getLayerStage(getOwnLocation(ops.front()))});
  return cost.describeShares(ops.front()->getContext());
}

FlopsOfLayers nn::countProductFlops(linalg::GenericOp product) {
  FlopsOfLayers flops;
  Operation *op = product;
  KernelCost cost = countCost(op, [](Value) { return Access::none; });
  for (const KernelShare &share : cost.shares)
    flops.push_back({share.of, share.flops});
  return flops;
}

void nn::addTensorFlops(MutableArrayRef<NamedAttrList> parts, const FlopsOfLayers &flops) {
  for (const auto &[of, count] : flops)
    for (NamedAttrList &part : parts) {
      auto getText = [&](StringRef name) {
        auto text = dyn_cast_or_null<StringAttr>(part.get(name));
        return text ? text.getValue() : StringRef();
      };
      if (getText("layer") != of.layer || getText("stage") != of.stage)
        continue;
      auto all = cast<IntegerAttr>(part.get("flops")), before = dyn_cast_or_null<IntegerAttr>(part.get("tensor_flops"));
      uint64_t sum = llvm::SaturatingAdd<uint64_t>(before ? before.getInt() : 0, count);
      part.set("tensor_flops", IntegerAttr::get(all.getType(), std::min<uint64_t>(sum, all.getInt())));
      break;
    }
}

void nn::markStages(func::FuncOp entry) {
  llvm::MapVector<Operation *, std::pair<std::string, std::string>> stages;
  for (Operation &op : entry.getBody().front()) {
    std::string stage = describeKernel(entry, op.getLoc()).stage;
    forEachAccess(&op, [&](Value memref, Access) {
      Operation *source = getBufferRoot(memref).getDefiningOp();
      if (source && isBufferAllocation(source))
        stages.insert({source, {stage, stage}}).first->second.second = stage;
    });
  }
  Builder builder(entry.getContext());
  for (auto &[source, ofOps] : stages)
    source->setAttr(stagesAttributeName, builder.getStrArrayAttr({ofOps.first, ofOps.second}));
}
