// Builders of the loops that generated code consists of.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace mlir::nn {

using LoopBody = llvm::function_ref<void(Value iv)>;
using CarryingLoopBody = llvm::function_ref<SmallVector<Value>(Value iv, ValueRange carried)>;

Value getIndexConstant(OpBuilder &builder, Location loc, int64_t value);

/// The first op a little before the builder's insertion point, in its block, that `isWanted`; null where there is none.
Operation *findJustBefore(OpBuilder &builder, llvm::function_ref<bool(Operation *)> isWanted);

/// `Op` of two indices, or its value where it is known or stands just before: unrolled code asks for the same again and
/// again, and each op costs time in all passes that follow.
template <typename Op> Value computeIndex(OpBuilder &builder, Location loc, Value a, Value b) {
  Operation *known = findJustBefore(
      builder, [&](Operation *op) { return isa<Op>(op) && op->getOperand(0) == a && op->getOperand(1) == b; });
  return known ? known->getResult(0) : builder.createOrFold<Op>(loc, a, b);
}

/// for iv = begin to end by step. A single iteration known as such needs no
/// loop.
void buildLoop(OpBuilder &builder, Location loc, Value begin, Value end, int64_t step, LoopBody body);
void buildLoop(OpBuilder &builder, Location loc, int64_t begin, int64_t end, int64_t step, LoopBody body);

/// The same with values carried from one iteration to the next; gives the last ones.
SmallVector<Value> buildLoop(OpBuilder &builder, Location loc, Value begin, Value end, int64_t step, ValueRange initial,
                             CarryingLoopBody body);
SmallVector<Value> buildLoop(OpBuilder &builder, Location loc, int64_t begin, int64_t end, int64_t step,
                             ValueRange initial, CarryingLoopBody body);

/// The values that `yes` gives where `condition` holds, those of `no` otherwise.
SmallVector<Value> buildIf(OpBuilder &builder, Location loc, Value condition, TypeRange types,
                           llvm::function_ref<SmallVector<Value>()> yes, llvm::function_ref<SmallVector<Value>()> no);

/// `yes` where `condition` holds, which a null one does, `no` (if anything) otherwise.
void buildIf(OpBuilder &builder, Location loc, Value condition, llvm::function_ref<void()> yes,
             llvm::function_ref<void()> no = nullptr);

/// What classes that emit code derive from: indices at the builder's insertion point.
struct IndexEmitter {
  IndexEmitter(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Value constant(int64_t value) { return getIndexConstant(builder, loc, value); }
  Value add(Value x, Value y) { return computeIndex<arith::AddIOp>(builder, loc, x, y); }
  Value multiply(Value x, int64_t by) { return computeIndex<arith::MulIOp>(builder, loc, x, constant(by)); }
  Value divide(Value x, int64_t by) { return computeIndex<arith::DivUIOp>(builder, loc, x, constant(by)); }
  Value remainder(Value x, int64_t by) { return computeIndex<arith::RemUIOp>(builder, loc, x, constant(by)); }
  Value clampBelow(Value x, int64_t limit) {
    return computeIndex<arith::MinUIOp>(builder, loc, x, constant(limit - 1));
  }
  Value isEqual(Value x, Value y) { return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, x, y); }
  Value isBelow(Value x, int64_t limit) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, x, constant(limit));
  }

  OpBuilder &builder;
  Location loc;
};

/// for every point of a box in lexicographic order; `body` gets one index a
/// dimension.
void buildLoopNest(OpBuilder &builder, Location loc, ArrayRef<int64_t> extents,
                   llvm::function_ref<void(ValueRange ivs)> body);

/// Runs `body(begin, end)` over [0, count) in pieces of `grain`, the last one
/// possibly shorter, as a parallel loop where there is more than one piece. The
/// pieces are a matter of shapes only: no result depends on the number of
/// threads.
void buildParallelPieces(OpBuilder &builder, Location loc, int64_t count, int64_t grain,
                         llvm::function_ref<void(Value begin, Value end)> body);

/// Sets the ivs of `loops`, of the given extents (one for each of all loops),
/// to the coordinates of point number `point` in lexicographic order.
void delinearize(OpBuilder &builder, Location loc, Value point, ArrayRef<unsigned> loops, ArrayRef<int64_t> extents,
                 MutableArrayRef<Value> ivs);

/// Whether `op` stands inside a parallel loop already; these do not nest.
bool isInsideParallelLoop(Operation *op);

} // namespace mlir::nn
