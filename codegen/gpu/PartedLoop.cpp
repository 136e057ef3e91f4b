// Which turns blocks can share, and a turn's code as that of one of them; see PartedLoop.h.
#include "codegen/gpu/PartedLoop.h"
#include "codegen/Buffers.h"
#include "codegen/ParallelLoops.h"
#include "codegen/Placement.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/Loops.h"
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/PointGroup.h"
#include "codegen/gpu/VectorLoad.h"
#include "dialect/Recurrent.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::nn;

static int64_t getLastSize(Value memref) { return cast<MemRefType>(memref.getType()).getShape().back(); }

/// The loop of `op` that runs along units: that of all outputs' last dimension.
static std::optional<unsigned> getUnitLoop(linalg::GenericOp op) {
  std::optional<unsigned> loop;
  for (OpOperand &output : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&output);
    auto last = map.getNumResults() == 0 ? AffineDimExpr(nullptr) : dyn_cast<AffineDimExpr>(map.getResults().back());
    if (!last || (loop && *loop != last.getPosition()))
      return std::nullopt;
    loop = last.getPosition();
  }
  bool isParallel = loop && op.getIteratorTypesArray()[*loop] == utils::IteratorType::parallel;
  return isParallel ? loop : std::nullopt;
}

/// What an operand's elements have to do with the units.
enum class UnitAccess { none, last, other };

static UnitAccess getUnitAccess(linalg::GenericOp op, OpOperand &operand, unsigned loop) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!map.isFunctionOfDim(loop))
    return UnitAccess::none;
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  bool isElsewhere = llvm::any_of(map.getResults().drop_back(), [&](AffineExpr e) { return e.isFunctionOfDim(loop); });
  return last && last.getPosition() == loop && !isElsewhere ? UnitAccess::last : UnitAccess::other;
}

/// A product whose second factor is a matrix that lies in memory before the loop over time.
static FailureOr<Contraction> matchRecurrentProduct(linalg::GenericOp op) {
  FailureOr<Contraction> product = matchContraction(op);
  if (failed(product) || !product->hasOneB() || !isa<scf::ForOp>(op->getParentOp()))
    return failure();
  AffineMap a = op.getMatchingIndexingMap(product->a), b = op.getMatchingIndexingMap(product->b);
  auto along = dyn_cast<AffineDimExpr>(a.getResults().back());
  bool fits = getUnitLoop(op) == product->columns[0] && along && along.getPosition() == product->sums[0] &&
              !a.isFunctionOfDim(product->columns[0]) && b.getNumResults() == 2 &&
              b.isFunctionOfDim(product->columns[0]) && b.isFunctionOfDim(product->sums[0]) &&
              b.isProjectedPermutation() &&
              !op->getParentOp()->isAncestor(product->b->get().getParentRegion()->getParentOp());
  return fits ? product : FailureOr<Contraction>(failure());
}

namespace {
class PartFinder {
public:
  explicit PartFinder(scf::ForallOp loop) : loop(loop) {}

  std::optional<LoopParts> run(int64_t mostBlocks) {
    FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(loop);
    if (failed(dimensions) || !findUnits())
      return std::nullopt;
    int64_t turns = countTasks(*dimensions);
    if (turns == 0 || countKernelParts(units, kernelBytes, mostBlocks) == 1 ||
        !canPart(*loop.getBody(), /*isInTime=*/false))
      return std::nullopt;
    int64_t count = std::min(mostBlocks / turns, units);
    while (count > 1 && units % count != 0)
      --count;
    return count > 1 ? std::optional(LoopParts{units, count}) : std::nullopt;
  }

private:
  /// The fewest columns or terms of a product in the loop over time; false where there is no product.
  bool findUnits() {
    loop.walk([&](linalg::GenericOp op) {
      FailureOr<Contraction> product = matchRecurrentProduct(op);
      if (failed(product) || mayWrite(loop, product->b->get()))
        return;
      int64_t columns = product->getNumPoints(product->columns), terms = product->getNumTerms();
      int64_t fewest = std::min(columns, terms);
      units = units == 0 ? fewest : std::min(units, fewest);
      kernelBytes += columns * terms * getElementTypeOrSelf(product->b->get().getType()).getIntOrFloatBitWidth() / 8;
    });
    return units > 0;
  }

  bool canPart(Block &block, bool isInTime) {
    return llvm::all_of(block, [&](Operation &op) {
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        return canPart(generic, isInTime);
      if (auto time = dyn_cast<scf::ForOp>(op))
        return !isInTime && isAlike(time) && canPart(*time.getBody(), true);
      if (auto alloc = dyn_cast<memref::AllocOp>(op))
        return isOfUnits(alloc.getType());
      if (isBufferView(&op))
        return isa<memref::SubViewOp>(op) || !isOwn(op.getResult(0));
      return op.hasTrait<OpTrait::IsTerminator>() || (op.getNumRegions() == 0 && isPure(&op));
    });
  }

  /// Whether all blocks go through the loop's turns alike, waiting for each other, its even and odd ones by turns.
  static bool isAlike(scf::ForOp time) {
    return time.getNumResults() == 0 && getConstantIntValue(time.getLowerBound()) &&
           getConstantIntValue(time.getUpperBound()) && getConstantIntValue(time.getStep()) == 1;
  }

  bool isOfUnits(MemRefType type) const {
    return type.getRank() > 0 && type.hasStaticShape() && type.getShape().back() % units == 0;
  }

  bool canPart(linalg::GenericOp op, bool isInTime) {
    std::optional<unsigned> unitLoop = getUnitLoop(op);
    if (!unitLoop || op.getStaticLoopRanges()[*unitLoop] % units != 0 || touchesUnnamed(op))
      return false;
    FailureOr<Contraction> product = matchRecurrentProduct(op);
    if (succeeded(product) && (mayWrite(loop, product->b->get()) || !isOwn(product->c->get())))
      return false;
    return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
      if (!isa<MemRefType>(operand.get().getType()) || (succeeded(product) && &operand == product->b))
        return true;
      switch (getUnitAccess(op, operand, *unitLoop)) {
      case UnitAccess::none:
        // Of what other blocks have computed, blocks give each other all, once a time step.
        return !op.isDpsInit(&operand) && (!mayWrite(loop, operand.get()) || (isInTime && isUnitView(operand.get())));
      case UnitAccess::last:
        return isUnitView(operand.get());
      case UnitAccess::other:
        return false;
      }
      llvm_unreachable("no such access");
    });
  }

  bool isOwn(Value memref) const {
    Operation *root = getBufferRoot(memref).getDefiningOp();
    return root && isa<memref::AllocOp>(root) && loop->isAncestor(root);
  }

  /// Whether elements of equal position, modulo the units, in all such views of a buffer are of the same unit.
  bool isUnitView(Value memref) const {
    while (true) {
      auto type = cast<MemRefType>(memref.getType());
      if (!isOfUnits(MemRefType::get({type.getRank() == 0 ? 1 : type.getShape().back()}, type.getElementType())))
        return false;
      auto view = memref.getDefiningOp<memref::SubViewOp>();
      if (!view)
        break;
      int64_t last = view.getSourceType().getRank() - 1, offset = view.getStaticOffsets()[last];
      if (view.getDroppedDims().test(last) || ShapedType::isDynamic(offset) || offset % units != 0 ||
          !llvm::all_of(view.getStaticStrides(), [](int64_t stride) { return stride == 1; }))
        return false;
      memref = view.getSource();
    }
    return memref == getBufferRoot(memref) || !mayWrite(loop, memref);
  }

  scf::ForallOp loop;
  int64_t units = 0, kernelBytes = 0;
};

class TurnParter {
public:
  TurnParter(Block &turn, const LoopParts &parts, Value part, llvm::function_ref<Value(memref::AllocOp)> allocate)
      : turn(turn), parts(parts), part(part), allocate(allocate), each(parts.getUnitsEach()) {}

  void run() {
    SmallVector<Operation *> ops, replaced;
    turn.walk<WalkOrder::PreOrder>([&](Operation *op) {
      ops.push_back(op);
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        for (Value output : generic.getDpsInits())
          written.insert(getBufferRoot(output));
      return isa<linalg::GenericOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    for (Operation *op : ops) {
      builder.setInsertionPoint(op);
      loc = op->getLoc();
      if (auto alloc = dyn_cast<memref::AllocOp>(op))
        own[alloc] = memref::AllocOp::create(builder, loc, scale(alloc.getType()), alloc.getAlignmentAttr());
      else if (auto view = dyn_cast<memref::SubViewOp>(op); view && own.contains(view.getSource()))
        own[view] = scaleView(view);
      else if (auto generic = dyn_cast<linalg::GenericOp>(op))
        partOp(generic);
      else
        continue;
      replaced.push_back(op);
    }
    for (Operation *op : llvm::reverse(replaced))
      op->erase();
  }

private:
  int64_t scale(int64_t elements) const { return elements / parts.units * each; }

  MemRefType scale(MemRefType type) const {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = scale(shape.back());
    return MemRefType::get(shape, type.getElementType());
  }

  /// The same view of what this block has of the buffer.
  Value scaleView(memref::SubViewOp view) {
    SmallVector<OpFoldResult> offsets = view.getMixedOffsets(), sizes = view.getMixedSizes();
    auto scaled = [&](int64_t elements) -> OpFoldResult { return builder.getIndexAttr(scale(elements)); };
    offsets.back() = scaled(view.getStaticOffsets().back());
    sizes.back() = scaled(view.getStaticSizes().back());
    return makeView(own[view.getSource()], scale(view.getType()).getShape(), offsets, sizes);
  }

  Value makeView(Value source, ArrayRef<int64_t> shape, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes) {
    SmallVector<OpFoldResult> ones(sizes.size(), builder.getIndexAttr(1));
    auto type =
        memref::SubViewOp::inferRankReducedResultType(shape, cast<MemRefType>(source.getType()), offsets, sizes, ones);
    return memref::SubViewOp::create(builder, loc, cast<MemRefType>(type), source, offsets, sizes, ones);
  }

  /// `size` elements from `offset` on in dimension `dim`, all of the others.
  Value makeSlice(Value source, int64_t dim, OpFoldResult offset, int64_t size) {
    SmallVector<int64_t> shape(cast<MemRefType>(source.getType()).getShape());
    shape[dim] = size;
    SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0));
    offsets[dim] = offset;
    return makeView(source, shape, offsets, getAsIndexOpFoldResult(builder.getContext(), shape));
  }

  /// Where this block's units of a gate lie in what all blocks see.
  Value getFirstUnit(int64_t gate) {
    Value first = computeIndex<arith::MulIOp>(builder, loc, part, getIndexConstant(builder, loc, each));
    return computeIndex<arith::AddIOp>(builder, loc, first, getIndexConstant(builder, loc, gate * parts.units));
  }

  /// This block's units of gate number `gate`, along the last dimension.
  Value slice(Value memref, int64_t gate) {
    int64_t last = cast<MemRefType>(memref.getType()).getRank() - 1;
    Value mine = own.lookup(memref);
    if (!mine)
      return makeSlice(memref, last, getFirstUnit(gate), each);
    return getLastSize(mine) == each ? mine : makeSlice(mine, last, builder.getIndexAttr(gate * each), each);
  }

  void partOp(linalg::GenericOp op) {
    if (FailureOr<Contraction> product = matchRecurrentProduct(op); succeeded(product))
      return partProduct(*product);
    unsigned unitLoop = *getUnitLoop(op);
    auto isAtUnits = [&](OpOperand &operand) {
      return isa<MemRefType>(operand.get().getType()) && getUnitAccess(op, operand, unitLoop) == UnitAccess::last;
    };
    DenseMap<OpOperand *, Value> others;
    for (OpOperand &operand : op->getOpOperands())
      if (!isAtUnits(operand) && isWritten(operand.get()))
        others[&operand] = publish(operand.get());
    auto cloneWith = [&](llvm::function_ref<Value(Value)> getUnits) {
      auto copy = cast<linalg::GenericOp>(builder.clone(*op));
      builder.setInsertionPoint(copy);
      for (OpOperand &operand : op->getOpOperands())
        if (isAtUnits(operand))
          copy->setOperand(operand.getOperandNumber(), getUnits(operand.get()));
        else if (Value other = others.lookup(&operand))
          copy->setOperand(operand.getOperandNumber(), other);
      builder.setInsertionPoint(op);
      return copy;
    };
    bool hasIndex = llvm::any_of(op.getBody()->getOps<linalg::IndexOp>(),
                                 [&](linalg::IndexOp index) { return index.getDim() == unitLoop; });
    bool isPrivate = llvm::all_of(
        op->getOpOperands(), [&](OpOperand &operand) { return !isAtUnits(operand) || own.contains(operand.get()); });
    if (isPrivate && !hasIndex) {
      cloneWith([&](Value memref) { return own.lookup(memref); });
      return;
    }
    for (int64_t gate = 0; gate < op.getStaticLoopRanges()[unitLoop] / parts.units; ++gate) {
      Value first = getFirstUnit(gate);
      shiftIndices(cloneWith([&](Value memref) { return slice(memref, gate); }), unitLoop, first);
    }
  }

  bool isWritten(Value operand) const {
    return isa<MemRefType>(operand.getType()) && written.contains(getBufferRoot(operand));
  }

  /// Has a body see the units' numbers among all.
  void shiftIndices(linalg::GenericOp op, unsigned unitLoop, Value first) {
    OpBuilder::InsertionGuard guard(builder);
    for (auto index : llvm::make_early_inc_range(op.getBody()->getOps<linalg::IndexOp>())) {
      if (index.getDim() != unitLoop)
        continue;
      builder.setInsertionPointAfter(index);
      Value shifted = arith::AddIOp::create(builder, loc, index, first);
      index.getResult().replaceAllUsesExcept(shifted, shifted.getDefiningOp());
    }
  }

  /// Each block writes its units of `memref` to global memory, and all wait; gives what all have written. There are two
  /// places, for even and for odd time steps: while the slowest block still reads one, the others write the other.
  Value publish(Value memref) {
    auto type = cast<MemRefType>(memref.getType());
    SmallVector<int64_t> shape = {2};
    llvm::append_range(shape, type.getShape());
    OpBuilder atStart = OpBuilder::atBlockBegin(&turn);
    auto alloc = memref::AllocOp::create(atStart, loc, MemRefType::get(shape, type.getElementType()),
                                         atStart.getI64IntegerAttr(bufferAlignment));
    Value places = allocate(alloc);
    alloc.erase();
    auto time = cast<scf::ForOp>(builder.getInsertionBlock()->getParentOp());
    Value place = computeIndex<arith::RemUIOp>(builder, loc, time.getInductionVar(), getIndexConstant(builder, loc, 2));
    SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0));
    offsets[0] = place;
    shape[0] = 1;
    Value all = makeView(places, type.getShape(), offsets, getAsIndexOpFoldResult(builder.getContext(), shape));
    for (int64_t gate = 0; gate < type.getShape().back() / parts.units; ++gate)
      copy(slice(memref, gate), slice(all, gate), builder.getMultiDimIdentityMap(type.getRank()));
    auto barrier = gpu::BarrierOp::create(builder, loc);
    barrier->setAttr(gridBarrierName, builder.getUnitAttr());
    return all;
  }

  /// target[map(at)] = source[at]
  void copy(Value source, Value target, AffineMap map) {
    SmallVector<utils::IteratorType> loops(map.getNumDims(), utils::IteratorType::parallel);
    linalg::GenericOp::create(builder, loc, TypeRange(), source, target,
                              {builder.getMultiDimIdentityMap(map.getNumDims()), map}, loops,
                              [](OpBuilder &nested, Location at, ValueRange arguments) {
                                linalg::YieldOp::create(nested, at, arguments[0]);
                              });
  }

  void partProduct(const Contraction &product) {
    linalg::GenericOp op = product.op;
    Value a = product.a->get(), kernel = keep(product);
    if (isWritten(a))
      a = publish(a);
    auto copy = cast<linalg::GenericOp>(builder.clone(*op));
    copy->setOperand(product.a->getOperandNumber(), a);
    copy->setOperand(product.b->getOperandNumber(), kernel);
    copy->setOperand(product.c->getOperandNumber(), own.lookup(product.c->get()));
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    auto getLoop = [&](unsigned loop) { return builder.getAffineDimExpr(loop); };
    maps[product.b->getOperandNumber()] = AffineMap::get(
        op.getNumLoops(), 0, {getLoop(product.columns[0]), getLoop(product.sums[0])}, builder.getContext());
    copy.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
  }

  /// Before the loop over time, copies this block's columns of the second factor to a buffer of its own, each column's
  /// terms side by side, and columns apart by such a number of elements that vectors of eight of them lie in different
  /// banks.
  Value keep(const Contraction &product) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(product.op->getParentOp());
    constexpr int64_t bankElements = 32;
    int64_t terms = product.getNumTerms(), columns = product.getNumPoints(product.columns);
    int64_t stride = llvm::alignTo(terms, bankElements) + vectorElements;
    Type element = getElementTypeOrSelf(product.b->get().getType());
    Value room = memref::AllocOp::create(builder, loc, MemRefType::get({scale(columns), stride}, element),
                                         builder.getI64IntegerAttr(bufferAlignment));
    Value kept = makeSlice(room, 1, builder.getIndexAttr(0), terms);
    linalg::GenericOp op = product.op;
    AffineMap map = op.getMatchingIndexingMap(product.b);
    int64_t columnDim = map.getDimPosition(0) == product.columns[0] ? 0 : 1;
    AffineMap target = builder.getMultiDimIdentityMap(2);
    if (columnDim == 1)
      target = AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, builder.getContext());
    for (int64_t gate = 0; gate < columns / parts.units; ++gate)
      copy(makeSlice(product.b->get(), columnDim, getFirstUnit(gate), each),
           makeSlice(kept, 0, builder.getIndexAttr(gate * each), each), target);
    return kept;
  }

  Block &turn;
  const LoopParts &parts;
  Value part;
  llvm::function_ref<Value(memref::AllocOp)> allocate;
  int64_t each;
  OpBuilder builder{part.getContext()};
  Location loc = part.getLoc();
  /// Buffers that the turn writes, views of which its blocks read.
  DenseSet<Value> written;
  /// What this block has in place of a buffer, or view of one, that belongs to the turn.
  DenseMap<Value, Value> own;
};
} // namespace

std::optional<LoopParts> nn::findParts(scf::ForallOp loop, int64_t mostBlocks) {
  return PartFinder(loop).run(mostBlocks);
}

void nn::partTurn(Block &turn, const LoopParts &parts, Value part,
                  llvm::function_ref<Value(memref::AllocOp)> allocate) {
  TurnParter(turn, parts, part, allocate).run();
}
