// Builders of scf.for and scf.forall.
#include "codegen/cpu/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::nn;

// How far back an op is searched for.
static constexpr int maxDistance = 32;

Operation *nn::findJustBefore(OpBuilder &builder, llvm::function_ref<bool(Operation *)> isWanted) {
  Block *block = builder.getInsertionBlock();
  Block::iterator at = builder.getInsertionPoint();
  for (int distance = 0; distance < maxDistance && at != block->begin(); ++distance)
    if (isWanted(&*--at))
      return &*at;
  return nullptr;
}

Value nn::getIndexConstant(OpBuilder &builder, Location loc, int64_t value) {
  Operation *known = findJustBefore(builder, [&](Operation *op) {
    auto constant = dyn_cast<arith::ConstantIndexOp>(op);
    return constant && constant.value() == value;
  });
  return known ? known->getResult(0) : Value(arith::ConstantIndexOp::create(builder, loc, value));
}

void nn::buildLoop(OpBuilder &builder, Location loc, Value begin, Value end, int64_t step, LoopBody body) {
  APInt first, last;
  if (matchPattern(begin, m_ConstantInt(&first)) && matchPattern(end, m_ConstantInt(&last))) {
    if (first.sge(last))
      return;
    if ((first + step).sge(last))
      return body(begin);
  }
  auto loop = scf::ForOp::create(builder, loc, begin, end, getIndexConstant(builder, loc, step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void nn::buildLoop(OpBuilder &builder, Location loc, int64_t begin, int64_t end, int64_t step, LoopBody body) {
  buildLoop(builder, loc, getIndexConstant(builder, loc, begin), getIndexConstant(builder, loc, end), step, body);
}

SmallVector<Value> nn::buildLoop(OpBuilder &builder, Location loc, Value begin, Value end, int64_t step,
                                 ValueRange initial, CarryingLoopBody body) {
  auto loop = scf::ForOp::create(builder, loc, begin, end, getIndexConstant(builder, loc, step), initial);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!initial.empty())
    scf::YieldOp::create(builder, loc, next);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> nn::buildLoop(OpBuilder &builder, Location loc, int64_t begin, int64_t end, int64_t step,
                                 ValueRange initial, CarryingLoopBody body) {
  if (begin >= end)
    return SmallVector<Value>(initial);
  Value first = getIndexConstant(builder, loc, begin);
  if (begin + step >= end)
    return body(first, initial);
  return buildLoop(builder, loc, first, getIndexConstant(builder, loc, end), step, initial, body);
}

SmallVector<Value> nn::buildIf(OpBuilder &builder, Location loc, Value condition, TypeRange types,
                               llvm::function_ref<SmallVector<Value>()> yes,
                               llvm::function_ref<SmallVector<Value>()> no) {
  auto branch = scf::IfOp::create(builder, loc, types, condition, /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, yes());
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, no());
  return SmallVector<Value>(branch.getResults());
}

void nn::buildIf(OpBuilder &builder, Location loc, Value condition, llvm::function_ref<void()> yes,
                 llvm::function_ref<void()> no) {
  if (!condition)
    return yes();
  auto branch = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/static_cast<bool>(no));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  yes();
  if (!no)
    return;
  builder.setInsertionPointToStart(branch.elseBlock());
  no();
}

static void buildLoopNestFrom(OpBuilder &builder, Location loc, ArrayRef<int64_t> extents, SmallVector<Value> &ivs,
                              llvm::function_ref<void(ValueRange ivs)> body) {
  if (ivs.size() == extents.size())
    return body(ivs);
  buildLoop(builder, loc, 0, extents[ivs.size()], 1, [&](Value iv) {
    ivs.push_back(iv);
    buildLoopNestFrom(builder, loc, extents, ivs, body);
    ivs.pop_back();
  });
}

void nn::buildLoopNest(OpBuilder &builder, Location loc, ArrayRef<int64_t> extents,
                       llvm::function_ref<void(ValueRange ivs)> body) {
  SmallVector<Value> ivs;
  buildLoopNestFrom(builder, loc, extents, ivs, body);
}

void nn::buildParallelPieces(OpBuilder &builder, Location loc, int64_t count, int64_t grain,
                             llvm::function_ref<void(Value begin, Value end)> body) {
  if (grain >= count)
    return body(getIndexConstant(builder, loc, 0), getIndexConstant(builder, loc, count));
  int64_t pieces = llvm::divideCeil(count, grain);
  auto loop = scf::ForallOp::create(builder, loc, {builder.getIndexAttr(pieces)}, ValueRange{}, std::nullopt);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value size = getIndexConstant(builder, loc, grain);
  Value begin = arith::MulIOp::create(builder, loc, loop.getInductionVar(0), size);
  Value end = arith::AddIOp::create(builder, loc, begin, size);
  if (count % grain != 0)
    end = arith::MinUIOp::create(builder, loc, end, getIndexConstant(builder, loc, count));
  body(begin, end);
}

void nn::delinearize(OpBuilder &builder, Location loc, Value point, ArrayRef<unsigned> loops, ArrayRef<int64_t> extents,
                     MutableArrayRef<Value> ivs) {
  if (loops.empty())
    return;
  for (unsigned loop : llvm::reverse(loops.drop_front())) {
    Value extent = getIndexConstant(builder, loc, extents[loop]);
    ivs[loop] = computeIndex<arith::RemUIOp>(builder, loc, point, extent);
    point = computeIndex<arith::DivUIOp>(builder, loc, point, extent);
  }
  ivs[loops.front()] = point;
}

bool nn::isInsideParallelLoop(Operation *op) { return op->getParentOfType<scf::ForallOp>() != nullptr; }
