// Which elementwise operations go together, and their code; see PointGroup.h.
#include "codegen/gpu/PointGroup.h"
#include "codegen/Buffers.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr int64_t warpSize = 32;

bool nn::areApart(Value a, Value b) {
  auto viewA = a.getDefiningOp<memref::SubViewOp>(), viewB = b.getDefiningOp<memref::SubViewOp>();
  if (!viewA || !viewB)
    return false;
  if (!isSameView(viewA.getSource(), viewB.getSource()))
    return (viewA.getSource().getDefiningOp<memref::SubViewOp>() && areApart(viewA.getSource(), b)) ||
           (viewB.getSource().getDefiningOp<memref::SubViewOp>() && areApart(a, viewB.getSource())) ||
           areApart(viewA.getSource(), viewB.getSource());
  for (auto [offsetA, sizeA, strideA, offsetB, sizeB, strideB] :
       llvm::zip_equal(viewA.getStaticOffsets(), viewA.getStaticSizes(), viewA.getStaticStrides(),
                       viewB.getStaticOffsets(), viewB.getStaticSizes(), viewB.getStaticStrides())) {
    bool isKnown =
        !llvm::is_contained({offsetA, sizeA, offsetB, sizeB}, ShapedType::kDynamic) && strideA == 1 && strideB == 1;
    if (isKnown && (offsetA + sizeA <= offsetB || offsetB + sizeB <= offsetA))
      return true;
  }
  return false;
}

bool nn::touchesUnnamed(linalg::GenericOp op) {
  return op.getBody()
      ->walk([](Operation *inner) {
        return isa<memref::LoadOp, memref::StoreOp>(inner) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

static int64_t countPoints(linalg::GenericOp op) {
  int64_t count = 1;
  for (int64_t extent : op.getStaticLoopRanges())
    count *= extent;
  return count;
}

/// Whether each point of the loops has an element of its own in each output, and all that is read is named.
static bool isPointwise(linalg::GenericOp op) {
  return !touchesUnnamed(op) && op.getNumParallelLoops() == op.getNumLoops() &&
         llvm::all_of(op.getDpsInitsMutable(),
                      [&](OpOperand &output) { return op.getMatchingIndexingMap(&output).isPermutation(); });
}

/// What one op does to the memory of an operand.
static bool isWritten(linalg::GenericOp op, OpOperand &operand) { return op.isDpsInit(&operand); }

/// Calls `isFine` for the pairs of operands that may share memory, one of them being written; whether all are.
static bool checkConflicts(linalg::GenericOp a, linalg::GenericOp b,
                           llvm::function_ref<bool(OpOperand &, OpOperand &)> isFine) {
  for (OpOperand &x : a->getOpOperands())
    for (OpOperand &y : b->getOpOperands())
      if (isa<MemRefType>(x.get().getType()) && isa<MemRefType>(y.get().getType()) &&
          (isWritten(a, x) || isWritten(b, y)) && mayAlias(x.get(), y.get()) && !areApart(x.get(), y.get()) &&
          !isFine(x, y))
        return false;
  return true;
}

static bool areIndependent(linalg::GenericOp a, linalg::GenericOp b) {
  return checkConflicts(a, b, [](OpOperand &, OpOperand &) { return false; });
}

/// Whether a point of one touches what the same point of the other touches, and nothing that other points do.
static bool arePointwise(linalg::GenericOp a, linalg::GenericOp b) {
  return a.getStaticLoopRanges() == b.getStaticLoopRanges() && checkConflicts(a, b, [&](OpOperand &x, OpOperand &y) {
           AffineMap map = a.getMatchingIndexingMap(&x);
           return isSameView(x.get(), y.get()) && map == b.getMatchingIndexingMap(&y) && map.isPermutation();
         });
}

bool PointGroup::add(linalg::GenericOp op) {
  int64_t count = countPoints(op);
  if (!isPointwise(op) || count == 0 || count > numThreads)
    return false;
  auto dependsOn = [&](const Lane &lane) {
    return !llvm::all_of(lane.ops, [&](linalg::GenericOp other) { return areIndependent(other, op); });
  };
  auto dependencies =
      llvm::to_vector_of<const Lane *>(llvm::make_pointer_range(llvm::make_filter_range(lanes, dependsOn)));
  if (dependencies.empty()) {
    int64_t first = lanes.empty() ? 0 : llvm::alignTo(lanes.back().firstThread + lanes.back().count, warpSize);
    if (first + count > numThreads)
      return false;
    lanes.push_back({first, count, {op}});
    return true;
  }
  if (dependencies.size() > 1)
    return false;
  Lane &lane = lanes[dependencies.front() - lanes.data()];
  if (!llvm::all_of(lane.ops, [&](linalg::GenericOp other) { return arePointwise(other, op); }))
    return false;
  lane.ops.push_back(op);
  return true;
}

SmallVector<linalg::GenericOp> PointGroup::getOps() const {
  SmallVector<linalg::GenericOp> ops;
  for (const Lane &lane : lanes)
    llvm::append_range(ops, lane.ops);
  return ops;
}

void PointGroup::emit(OpBuilder &builder, Value thread) {
  for (const Lane &lane : lanes) {
    Location loc = linalg::GenericOp(lane.ops.front()).getLoc();
    IndexEmitter indices(builder, loc);
    Value point = thread;
    if (lane.firstThread > 0)
      point = computeIndex<arith::SubIOp>(builder, loc, thread, indices.constant(lane.firstThread));
    Value isHere = lane.count < numThreads ? indices.isBelow(point, lane.count) : Value();
    buildIf(builder, loc, isHere, [&] { emitLane(builder, lane, point); });
  }
  lanes.clear();
}

/// All that the operations read from memory is loaded first, and what one of them computes stays in registers for those
/// after it.
void PointGroup::emitLane(OpBuilder &builder, const Lane &lane, Value point) {
  CpuTarget noVectors;
  struct Written {
    OpOperand *output;
    Value value;
  };
  std::vector<VectorBody> bodies;
  SmallVector<Value> views;
  for (linalg::GenericOp op : lane.ops) {
    SmallVector<Value> ivs(op.getNumLoops());
    SmallVector<unsigned> loops = llvm::to_vector(llvm::seq<unsigned>(0, op.getNumLoops()));
    delinearize(builder, op.getLoc(), point, loops, op.getStaticLoopRanges(), ivs);
    VectorBody &body = bodies.emplace_back(builder, noVectors, op, ivs, 0, 0);
    for (OpOperand &operand : op->getOpOperands()) {
      bool isMadeHere = llvm::any_of(views, [&](Value view) { return isSameView(view, operand.get()); });
      if (op.payloadUsesValueFromOperand(&operand) && !isMadeHere)
        body.bind(operand.getOperandNumber(), body.load(&operand));
    }
    llvm::append_range(views, op.getDpsInits());
  }
  SmallVector<Written> written;
  for (auto [number, op] : llvm::enumerate(lane.ops)) {
    VectorBody &body = bodies[number];
    for (OpOperand &operand : linalg::GenericOp(op)->getOpOperands())
      for (const Written &before : written)
        if (isSameView(before.output->get(), operand.get()))
          body.bind(operand.getOperandNumber(), before.value);
    SmallVector<Value> results = body.emit();
    for (auto [output, value] : llvm::zip_equal(linalg::GenericOp(op).getDpsInitsMutable(), results)) {
      body.store(&output, value);
      written.push_back({&output, value});
    }
  }
}
