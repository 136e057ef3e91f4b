// Finds operations that can share a loop over rows, by their indexing maps and the buffers they touch.
#include "codegen/cpu/RowGroup.h"
#include "codegen/Buffers.h"
#include "codegen/cpu/Aliases.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::nn;

/// Members that are a row each, not of many elements, do without vectors: together with the others' work theirs must
/// not be seen, were it this many times as much.
static constexpr int64_t scalarFactor = 128;

static AffineMap getMap(OpOperand &operand) {
  return cast<linalg::GenericOp>(operand.getOwner()).getMatchingIndexingMap(&operand);
}

static bool isBuffer(OpOperand &operand) { return isa<MemRefType>(operand.get().getType()); }

static bool isOutput(OpOperand &operand) { return cast<linalg::GenericOp>(operand.getOwner()).isDpsInit(&operand); }

/// Whether an iteration of `loop` touches one index of those dimensions of `operand` that it has to do with.
static bool isPlainIn(OpOperand &operand, unsigned loop) {
  AffineMap map = getMap(operand);
  return (map.isFunctionOfDim(loop) || !isOutput(operand)) && llvm::all_of(map.getResults(), [&](AffineExpr result) {
           return isa<AffineDimExpr>(result) || !result.isFunctionOfDim(loop);
         });
}

/// How many of the first `limit` loops lead both operands through the same dimensions of the same buffer.
static unsigned countAligned(OpOperand &a, OpOperand &b, unsigned limit) {
  if (!isSameView(a.get(), b.get()))
    return 0;
  AffineMap mapA = getMap(a), mapB = getMap(b);
  for (unsigned loop = 0; loop < limit; ++loop) {
    AffineExpr row = getAffineDimExpr(loop, mapA.getContext());
    std::optional<unsigned> position = mapA.getResultPosition(row);
    if (!position || position != mapB.getResultPosition(row))
      return loop;
  }
  return limit;
}

/// How many of the first `limit` loops keep what `writer` writes of a row from being touched by `other` for another.
static unsigned countIndependent(const RowOp &writer, const RowOp &other, unsigned limit) {
  linalg::GenericOp writing = writer.op, touching = other.op;
  for (OpOperand &output : writing.getDpsInitsMutable()) {
    for (OpOperand &operand : touching->getOpOperands())
      if (isBuffer(operand) && mayAlias(output.get(), operand.get()))
        limit = std::min(limit, countAligned(output, operand, limit));
    if (llvm::any_of(other.loaded, [&](Value loaded) { return mayAlias(output.get(), loaded); }))
      return 0;
  }
  return limit;
}

/// How many loops can be rows of both.
static unsigned countShared(const RowOp &a, const RowOp &b, unsigned limit) {
  limit = std::min({limit, a.numRowLoops, b.numRowLoops});
  for (unsigned loop = 0; loop < limit; ++loop)
    if (a.extents[loop] != b.extents[loop])
      limit = loop;
  return countIndependent(b, a, countIndependent(a, b, limit));
}

/// The buffers that the body reads by itself; failure where it has other effects.
static FailureOr<SmallVector<Value>> getLoaded(linalg::GenericOp op) {
  SmallVector<Value> loaded;
  WalkResult result = op.getBody()->walk([&](Operation *inner) {
    if (auto load = dyn_cast<memref::LoadOp>(inner))
      loaded.push_back(load.getMemRef());
    else if (!inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>() && !isMemoryEffectFree(inner))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return result.wasInterrupted() ? FailureOr<SmallVector<Value>>(failure()) : loaded;
}

static RowOp makeRowOp(linalg::GenericOp op, const CpuTarget &target) {
  RowOp row{op, {}, 0, op.getStaticLoopRanges(), {}};
  FailureOr<SmallVector<Value>> loaded = getLoaded(op);
  if (failed(loaded) || !op.hasPureBufferSemantics() || op.hasDynamicShape() || llvm::is_contained(row.extents, 0))
    return row;
  row.loaded = *loaded;
  row.schedule = scheduleGeneric(op, target);
  unsigned limit = op.getNumLoops();
  // Vectors run inside a row: a sum's order depends on it, and a large operation needs them.
  if (row.schedule.vectorLoop && (op.getNumReductionLoops() > 0 || row.schedule.tasks > 1))
    limit = *row.schedule.vectorLoop;
  if (row.schedule.transposedLoop)
    limit = std::min(limit, *row.schedule.transposedLoop);
  auto canBeRow = [&](unsigned loop) {
    return op.getIteratorTypesArray()[loop] == utils::IteratorType::parallel &&
           llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) { return isPlainIn(operand, loop); });
  };
  while (row.numRowLoops < limit && canBeRow(row.numRowLoops))
    ++row.numRowLoops;
  row.numRowLoops = countIndependent(row, row, row.numRowLoops);
  return row;
}

int64_t RowGroup::getRowBytes() const {
  SmallVector<Value> seen;
  int64_t bytes = 0, rows = getNumRows();
  for (const RowOp &member : members)
    for (OpOperand &operand : member.op->getOpOperands()) {
      if (!isBuffer(operand) || !getMap(operand).isFunctionOfDim(numRowLoops - 1) ||
          llvm::any_of(seen, [&](Value other) { return isSameView(operand.get(), other); }))
        continue;
      seen.push_back(operand.get());
      bytes += llvm::divideCeil(getBufferBytes(cast<MemRefType>(operand.get().getType())).value_or(0), rows);
    }
  return bytes;
}

int64_t RowGroup::getNumTasks() const {
  int64_t work = 0;
  for (const RowOp &member : members)
    work += member.schedule.work;
  return std::min(nn::getNumTasks(work), getNumRows());
}

/// Whether the order of two operations of one block matters.
static bool dependOnEachOther(Operation *a, Operation *b) {
  WalkResult result = a->walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()))
        continue;
      Access access = getAccess(inner, operand);
      if ((writes(access) && mayTouch(b, operand.get())) || (reads(access) && mayWrite(b, operand.get())))
        return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// Whether `op`, or one inside it, takes a result of `source`.
static bool usesResult(Operation *op, Operation *source) {
  return llvm::any_of(source->getUsers(), [&](Operation *user) { return op->isAncestor(user); });
}

namespace {

/// Operations of a piece of a block that have to do with the same rows.
class GroupFinder {
public:
  GroupFinder(ArrayRef<RowOp> ops, const CpuTarget &target) : ops(ops), target(target) {}

  std::optional<RowGroup> find() const;

private:
  RowGroup growFrom(size_t first) const;
  bool join(RowGroup &group, const RowOp &op) const;
  bool gains(const RowGroup &group) const;

  ArrayRef<RowOp> ops;
  const CpuTarget &target;
};

} // namespace

/// Makes `op` a member of `group` where it can be one.
bool GroupFinder::join(RowGroup &group, const RowOp &op) const {
  RowGroup joined = group;
  for (const RowOp &member : group.members)
    joined.numRowLoops = countShared(member, op, joined.numRowLoops);
  joined.members.push_back(op);
  // Fewer loops are longer rows: they must not leave the cache for it.
  if (joined.numRowLoops == 0 || (joined.numRowLoops < group.numRowLoops && joined.getRowBytes() > target.l1Bytes))
    return false;
  group = std::move(joined);
  return true;
}

RowGroup GroupFinder::growFrom(size_t first) const {
  RowGroup group{{ops[first]}, ops[first].numRowLoops, {}};
  const RowOp *next = &ops[first] + 1;
  Operation *last = ops.back().op;
  for (Operation *op = ops[first].op->getNextNode(); op != last->getNextNode(); op = op->getNextNode()) {
    bool isOurs = next != ops.end() && next->op == op;
    const RowOp *row = isOurs ? next++ : nullptr;
    bool isAfter = llvm::any_of(
        group.after, [&](Operation *earlier) { return usesResult(op, earlier) || dependOnEachOther(op, earlier); });
    if (!isAfter && row && join(group, *row))
      continue;
    if (isAfter || llvm::any_of(group.members, [&](const RowOp &member) { return dependOnEachOther(op, member.op); }))
      group.after.push_back(op);
  }
  Operation *end = group.members.back().op;
  llvm::erase_if(group.after, [&](Operation *op) { return end->isBeforeInBlock(op); });
  return group;
}

/// Large operations that become one loop read from a cache what the one before has read or written, and threads start
/// once. That must not leave much fewer tasks than one of them has alone.
bool GroupFinder::gains(const RowGroup &group) const {
  int64_t numLarge = llvm::count_if(group.members, [](const RowOp &member) { return member.schedule.tasks > 1; });
  return numLarge > 1 && group.getNumRows() > 1 && group.getRowBytes() <= getMaxRowBytes(target) &&
         llvm::all_of(group.members,
                      [&](const RowOp &member) { return group.getNumTasks() * 2 >= member.schedule.tasks; });
}

std::optional<RowGroup> GroupFinder::find() const {
  for (size_t first = 0; first + 1 < ops.size(); ++first)
    if (RowGroup group = growFrom(first); gains(group))
      return group;
  return std::nullopt;
}

/// Whether two operations touch the same rows of a buffer.
static bool shareRows(const RowOp &a, const RowOp &b) {
  return llvm::any_of(a.op->getOpOperands(), [&](OpOperand &x) {
    return isBuffer(x) &&
           llvm::any_of(b.op->getOpOperands(), [&](OpOperand &y) { return isBuffer(y) && countAligned(x, y, 1) == 1; });
  });
}

/// The operations of a piece of a block that share rows, directly or through others, with at least two large ones
/// among them.
static SmallVector<SmallVector<RowOp>> findConnected(ArrayRef<RowOp> ops) {
  llvm::EquivalenceClasses<unsigned> classes;
  llvm::MapVector<Value, SmallVector<unsigned>> users;
  for (unsigned i = 0; i < ops.size(); ++i) {
    classes.insert(i);
    llvm::SmallSetVector<Value, 8> roots;
    for (OpOperand &operand : ops[i].op->getOpOperands())
      if (Value root = isBuffer(operand) ? getKnownRoot(operand.get()) : Value())
        roots.insert(root);
    for (Value root : roots) {
      for (unsigned other : users[root])
        if (!classes.isEquivalent(i, other) && shareRows(ops[i], ops[other]))
          classes.unionSets(i, other);
      users[root].push_back(i);
    }
  }
  llvm::MapVector<unsigned, SmallVector<RowOp>> connected;
  for (unsigned i = 0; i < ops.size(); ++i)
    connected[classes.getLeaderValue(i)].push_back(ops[i]);
  SmallVector<SmallVector<RowOp>> result;
  for (auto &[leader, members] : connected) {
    int64_t work = 0;
    for (const RowOp &member : members)
      work += member.schedule.work;
    llvm::erase_if(members, [&](const RowOp &member) {
      bool isRowEach = member.schedule.vectorLoop && *member.schedule.vectorLoop < member.numRowLoops;
      return isRowEach && member.schedule.work > work / scalarFactor;
    });
    if (llvm::count_if(members, [](const RowOp &member) { return member.schedule.tasks > 1; }) > 1)
      result.push_back(std::move(members));
  }
  return result;
}

bool nn::endsRowGroups(Operation &op) {
  bool isKnown = isBufferView(&op) || isa<MemoryEffectOpInterface>(op) || isPure(&op);
  return (op.getNumRegions() != 0 && !isa<linalg::GenericOp>(op)) || !isKnown || isa<memref::DeallocOp>(op) ||
         op.hasTrait<OpTrait::IsTerminator>();
}

std::optional<RowGroup> nn::findRowGroup(llvm::iterator_range<Block::iterator> ops, const CpuTarget &target) {
  SmallVector<RowOp> rowOps;
  for (Operation &op : ops)
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      if (RowOp row = makeRowOp(generic, target); row.numRowLoops > 0)
        rowOps.push_back(std::move(row));
  for (ArrayRef<RowOp> connected : findConnected(rowOps))
    if (std::optional<RowGroup> group = GroupFinder(connected, target).find())
      return group;
  return std::nullopt;
}
