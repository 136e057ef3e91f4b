// --nn-fuse-rows: operations on the same rows become one parallel loop, in which each runs on a few rows while a cache
// holds them. codegen/cpu/RowGroup.h says which.
#include "codegen/Passes.h"
#include "codegen/cpu/DeadRows.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/SharedValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::nn {
#define GEN_PASS_DEF_FUSEROWS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// A group has that many blocks of rows at least, where it has the rows: more than there are tasks in a parallel loop.
static constexpr int64_t minBlocks = 64;

/// How many rows a block has along each of their loops: they divide the rows, so that all blocks are equal, lie next to
/// each other in memory, and fit in the first cache where one row does.
static SmallVector<int64_t> chooseBlock(const RowGroup &group, const CpuTarget &target) {
  ArrayRef<int64_t> extents = group.getRowExtents();
  int64_t most = std::min(target.l1Bytes / std::max<int64_t>(1, group.getRowBytes()), group.getNumRows() / minBlocks);
  SmallVector<int64_t> block(extents.size(), 1);
  for (size_t loop = extents.size(); loop-- > 0; most /= extents[loop]) {
    block[loop] = std::clamp<int64_t>(most, 1, extents[loop]);
    while (extents[loop] % block[loop] != 0)
      --block[loop];
    if (block[loop] < extents[loop])
      break;
  }
  return block;
}

namespace {

/// Makes a group's loop.
class RowLoop {
public:
  RowLoop(OpBuilder &builder, const RowGroup &group, const CpuTarget &target)
      : builder(builder), loc(getLocation(group)), group(group),
        around(linalg::GenericOp(group.members.front().op)->getBlock()), block(chooseBlock(group, target)) {}

  /// Gives the operation that now stands where the last member stood.
  Operation *emit();

private:
  static Location getLocation(const RowGroup &group);
  bool isOnlyInside(Value buffer);
  void emitBlock();
  Value getPart(OpOperand &operand);
  void addFirstRow(linalg::GenericOp op);

  OpBuilder &builder;
  Location loc;
  const RowGroup &group;
  Block *around;
  SmallVector<int64_t> block;
  /// Where the block at hand starts.
  SmallVector<Value> firstRow;
  /// A block's part of each buffer that only the group uses.
  DenseMap<Value, Value> scratch;
};

} // namespace

Location RowLoop::getLocation(const RowGroup &group) {
  SmallVector<Location> locations;
  for (const RowOp &member : group.members)
    locations.push_back(linalg::GenericOp(member.op).getLoc());
  return FusedLoc::get(locations.front().getContext(), locations);
}

/// Whether `buffer` is an allocation of which nobody but the group sees anything: then a block's part of it is enough.
bool RowLoop::isOnlyInside(Value buffer) {
  auto isOurs = [&](OpOperand &use) { return group.contains(use.getOwner()); };
  auto isWritten = [](OpOperand &use) { return cast<linalg::GenericOp>(use.getOwner()).isDpsInit(&use); };
  return buffer.getDefiningOp<memref::AllocOp>() && buffer.getParentBlock() == around &&
         llvm::all_of(buffer.getUses(), isOurs) && llvm::any_of(buffer.getUses(), isWritten);
}

/// The part of an operand that belongs to the block at hand.
Value RowLoop::getPart(OpOperand &operand) {
  auto op = cast<linalg::GenericOp>(operand.getOwner());
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return operand.get();
  SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), builder.getIndexAttr(1));
  SmallVector<int64_t> shape;
  bool isWhole = true;
  for (auto [dimension, result] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(result);
    bool isRow = loop && loop.getPosition() < group.numRowLoops;
    isWhole &= !isRow;
    shape.push_back(isRow ? block[loop.getPosition()] : type.getDimSize(dimension));
    sizes.push_back(builder.getIndexAttr(shape.back()));
    offsets.push_back(isRow ? OpFoldResult(firstRow[loop.getPosition()]) : builder.getIndexAttr(0));
  }
  if (isWhole)
    return operand.get();
  if (auto found = scratch.find(operand.get()); found != scratch.end())
    return found->second;
  if (!isOnlyInside(operand.get()))
    return memref::SubViewOp::create(builder, op.getLoc(), operand.get(), offsets, sizes, strides);
  auto allocation = operand.get().getDefiningOp<memref::AllocOp>();
  Value part = memref::AllocOp::create(builder, allocation.getLoc(), MemRefType::get(shape, type.getElementType()),
                                       allocation.getAlignmentAttr());
  return scratch[operand.get()] = part;
}

/// Lets the body see the same indices as before.
void RowLoop::addFirstRow(linalg::GenericOp op) {
  OpBuilder::InsertionGuard guard(builder);
  for (auto index : llvm::to_vector(op.getBody()->getOps<linalg::IndexOp>())) {
    if (index.getDim() >= group.numRowLoops)
      continue;
    builder.setInsertionPointAfter(index);
    Value sum = arith::AddIOp::create(builder, index.getLoc(), index, firstRow[index.getDim()]);
    index.getResult().replaceAllUsesExcept(sum, sum.getDefiningOp());
  }
}

void RowLoop::emitBlock() {
  for (const RowOp &member : group.members) {
    linalg::GenericOp op = member.op;
    SmallVector<Value> parts =
        llvm::map_to_vector(op->getOpOperands(), [&](OpOperand &operand) { return getPart(operand); });
    op->remove();
    builder.insert(op);
    addFirstRow(op);
    op->setOperands(parts);
  }
}

Operation *RowLoop::emit() {
  Operation *last = group.members.back().op;
  for (Operation *op : llvm::reverse(group.after))
    op->moveAfter(last);
  Operation *next = last->getNextNode();
  builder.setInsertionPoint(last);
  ArrayRef<int64_t> extents = group.getRowExtents();
  SmallVector<unsigned> loops = llvm::to_vector(llvm::seq<unsigned>(0, extents.size()));
  SmallVector<int64_t> counts;
  int64_t total = 1;
  for (auto [extent, size] : llvm::zip_equal(extents, block)) {
    counts.push_back(extent / size);
    total *= counts.back();
  }
  firstRow.resize(extents.size());
  buildParallelPieces(
      builder, loc, total, llvm::divideCeil(total, std::min(total, group.getNumTasks())), [&](Value begin, Value end) {
        buildLoop(builder, loc, begin, end, 1, [&](Value point) {
          delinearize(builder, loc, point, loops, counts, firstRow);
          for (auto [first, size] : llvm::zip_equal(firstRow, block))
            first = computeIndex<arith::MulIOp>(builder, loc, first, getIndexConstant(builder, loc, size));
          emitBlock();
        });
      });
  for (auto [buffer, part] : scratch)
    buffer.getDefiningOp()->erase();
  return next->getPrevNode();
}

namespace {
struct FuseRows : nn::impl::FuseRowsBase<FuseRows> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getCpuTarget(getOperation(), march);
    if (failed(target))
      return signalPassFailure();
    SmallVector<Block *> blocks;
    getOperation()->walk([&](Block *block) {
      if (!isa<linalg::LinalgOp, scf::ForallOp>(block->getParentOp()) && !isInsideParallelLoop(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      fuseIn(*block, *target);
  }

  void fuseIn(Block &block, const CpuTarget &target) {
    SmallVector<Operation *> ends;
    for (Operation &op : block)
      if (endsRowGroups(op))
        ends.push_back(&op);
    Operation *previous = nullptr;
    for (Operation *end : ends) {
      fuseBetween(block, previous, end, target);
      previous = end;
    }
  }

  /// Among the operations behind `begin` (all, where it is null) and before `end`.
  void fuseBetween(Block &block, Operation *begin, Operation *end, const CpuTarget &target) {
    Block::iterator first = begin ? std::next(begin->getIterator()) : block.begin();
    std::optional<RowGroup> group = findRowGroup({first, end->getIterator()}, target);
    if (!group)
      return;
    shareValues(*group, target);
    reuseDeadRows(*group);
    OpBuilder builder(&getContext());
    Operation *loop = RowLoop(builder, *group, target).emit();
    fuseBetween(block, begin, loop, target);
    fuseBetween(block, loop, end, target);
  }
};
} // namespace
