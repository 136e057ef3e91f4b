// A contraction of one row with a matrix whose rows lie along the sum: dot products, several at a time, each with the
// lanes and the tree that Reduction.h gives all sums along contiguous memory.
#include "codegen/cpu/ContractionEmitter.h"
#include "codegen/cpu/Reduction.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

/// Dot products that run side by side: enough for the latency of an FMA, few enough for their lanes to stay in
/// registers.
static constexpr int64_t columnsAtATime = 4;

/// The dot products of `count` columns of `piece`, from its `first` on; without initial values.
SmallVector<Value> ContractionEmitter::emitDotProducts(const Piece &piece, int64_t first, int64_t count,
                                                       const Combiner &combiner) {
  unsigned sumLoop = contraction.sums.back();
  int64_t extent = contraction.getExtent(sumLoop), whole = extent / reductionLanes * reductionLanes;
  auto addTerms = [&](Value term, ValueRange sums, int64_t width) {
    ivs[sumLoop] = term;
    auto load = [&](OpOperand *operand, int64_t column) {
      return VectorBody(builder, target, contraction.op, getIvs({0, piece.column + column, 1}), sumLoop, width)
          .load(operand);
    };
    Value a = load(contraction.a, 0);
    SmallVector<Value> next;
    for (auto [column, sum] : llvm::enumerate(sums))
      next.push_back(multiplyAdd(a, load(contraction.b, first + column), sum));
    return next;
  };
  SmallVector<Value> neutral(count, getNeutralVector(builder, loc, combiner));
  SmallVector<Value> sums =
      buildLoop(builder, loc, 0, whole, reductionLanes, neutral,
                [&](Value term, ValueRange carried) { return addTerms(term, carried, reductionLanes); });
  if (int64_t rest = extent - whole) {
    SmallVector<Value> begun = llvm::map_to_vector(
        sums, [&](Value sum) -> Value { return vector::ExtractStridedSliceOp::create(builder, loc, sum, 0, rest, 1); });
    for (auto [sum, part] : llvm::zip_equal(sums, addTerms(constant(whole), begun, rest)))
      sum = vector::InsertStridedSliceOp::create(builder, loc, part, sum, 0, 1);
  }
  return llvm::map_to_vector(sums, [&](Value sum) { return combineLanes(builder, loc, combiner, sum); });
}

/// The tile's sums, whose initial values come last.
SmallVector<Value> ContractionEmitter::emitLaneSums(ValueRange initial) {
  Combiner combiner = getAddition(getElementTypeOrSelf(contraction.c->get().getType()));
  SmallVector<Value> results;
  for (auto [piece, start] : llvm::zip_equal(pieces, initial)) {
    SmallVector<Value> products;
    for (int64_t first = 0; first < piece.lanes; first += columnsAtATime)
      llvm::append_range(products,
                         emitDotProducts(piece, first, std::min(columnsAtATime, piece.lanes - first), combiner));
    Value filler = products.front();
    products.resize(lanes, filler);
    Value sums = vector::FromElementsOp::create(builder, loc, vectorType, products);
    results.push_back(combine(builder, loc, combiner, start, sums));
  }
  return results;
}
