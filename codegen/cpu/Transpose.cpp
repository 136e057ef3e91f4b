// Transposition by swapping the off-diagonal blocks of ever smaller squares: log2(n) steps of n shuffles, each of which
// is one or two instructions on x86 and AArch64.
#include "codegen/cpu/Transpose.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

/// The steps from that of `block` on.
static SmallVector<Value> transposeBlocks(OpBuilder &builder, Location loc, SmallVector<Value> rows, int64_t block) {
  int64_t size = rows.size();
  assert(llvm::isPowerOf2_64(size) && "only squares of a power of two");
  for (; block > 0; block /= 2) {
    SmallVector<int64_t> upper, lower;
    for (int64_t lane = 0; lane < size; ++lane) {
      bool right = lane & block;
      upper.push_back(right ? size + lane - block : lane);
      lower.push_back(right ? size + lane : lane + block);
    }
    for (int64_t row = 0; row < size; ++row) {
      if (row & block)
        continue;
      Value first = rows[row], second = rows[row + block];
      rows[row] = vector::ShuffleOp::create(builder, loc, first, second, upper);
      rows[row + block] = vector::ShuffleOp::create(builder, loc, first, second, lower);
    }
  }
  return rows;
}

SmallVector<Value> nn::transposeSquare(OpBuilder &builder, Location loc, SmallVector<Value> rows) {
  int64_t block = rows.size() / 2;
  return transposeBlocks(builder, loc, std::move(rows), block);
}

SmallVector<Value> nn::transposeSquareOfHalves(OpBuilder &builder, Location loc, int64_t size,
                                               llvm::function_ref<Value(int64_t row, int64_t lane)> load) {
  int64_t half = size / 2;
  auto concatenate = llvm::to_vector(llvm::seq<int64_t>(0, size));
  SmallVector<Value> rows(size);
  for (int64_t lane : {int64_t(0), half})
    for (int64_t row = 0; row < half; ++row)
      rows[row + lane] = vector::ShuffleOp::create(builder, loc, load(row, lane), load(row + half, lane), concatenate);
  return transposeBlocks(builder, loc, std::move(rows), half / 2);
}
