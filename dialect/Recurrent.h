// What the lowerings of recurrent layers share: batch blocks in parallel around a loop over time, every value in
// destination style, so that bufferization finds each carried value and each slice in its place already.
#pragma once
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::nn {

/// How a batch is cut into blocks of equally many rows, by its size alone, so that results never depend on the number
/// of threads. Where no number of rows from 8 to 16 divides the batch, the last block goes beyond it: tensors between
/// the blocks then have `padded()` rows, of which the last ones are never part of a result.
struct BatchBlocks {
  int64_t count, rows;
  int64_t padded() const { return count * rows; }
};
BatchBlocks getBatchBlocks(int64_t batch);

/// The blocks of a layer in code that stands in `within`. Where its function has `nn.most_blocks`, for a target whose
/// cores are many, they are as many as divide the rows, but no more than that; where one core cannot keep the recurrent
/// kernel, so few that as many cores as can keep it together, with equally many units each, work at each. `padded()`
/// stays.
BatchBlocks getBatchBlocks(int64_t batch, RankedTensorType recurrentKernel, Operation *within);
inline constexpr llvm::StringLiteral mostBlocksAttributeName = "nn.most_blocks";

/// How many blocks of threads keep a recurrent kernel of `units` units and so many bytes on chip, at least, each having
/// equally many units; 1 where one does, or no number up to `most` can.
int64_t countKernelParts(int64_t units, int64_t kernelBytes, int64_t most);

/// A tensor that batch blocks fill, each its own part of dimension `batchDim`, whose size is `padded()`.
struct BlockedTensor {
  Value init;
  int64_t batchDim;
};

/// An scf.forall over the batch blocks. `body` gets the first row of the block and the block's part of each output, and
/// returns these parts updated.
SmallVector<Value>
forEachBatchBlock(ImplicitLocOpBuilder &b, BatchBlocks blocks, ArrayRef<BlockedTensor> outputs,
                  function_ref<SmallVector<Value>(ImplicitLocOpBuilder &b, Value row, ValueRange parts)> body);

/// An scf.for over `steps` that carries `carried`; `body` gets the step and the carried values and returns the next.
SmallVector<Value> forEachStep(ImplicitLocOpBuilder &b, int64_t steps, ValueRange carried,
                               function_ref<SmallVector<Value>(ImplicitLocOpBuilder &b, Value step, ValueRange)> body);

/// [batch, time, ...] as [time, batch, ...], or the other way round.
Value swapBatchAndTime(ImplicitLocOpBuilder &b, Value tensor);

/// A [rows, columns] window into one step of a tensor [time, batch, columns].
struct Window {
  OpFoldResult step, row;
  int64_t column;
  int64_t rows, columns;

  Value read(ImplicitLocOpBuilder &b, Value tensor) const;
  /// `tensor` with the window replaced by `value`.
  Value write(ImplicitLocOpBuilder &b, Value value, Value tensor) const;
};

/// The [rows] elements of one step of a tensor [time, batch].
Value readRows(ImplicitLocOpBuilder &b, Value tensor, OpFoldResult step, OpFoldResult row, int64_t rows);

/// The `rows` rows of a matrix from `row` on.
Value readBlock(ImplicitLocOpBuilder &b, Value matrix, OpFoldResult row, int64_t rows);

/// The part of `tensor` from `from` on, `count` long, in one dimension.
Value readPart(ImplicitLocOpBuilder &b, Value tensor, int64_t dim, int64_t from, int64_t count);
/// `tensor` with its part from `from` on in one dimension replaced by `value`.
Value writePart(ImplicitLocOpBuilder &b, Value value, Value tensor, int64_t dim, int64_t from);

/// `tensor` with dimension `batchDim` padded with zeros for `blocks`; itself where nothing is missing.
Value padBatch(ImplicitLocOpBuilder &b, Value tensor, int64_t batchDim, BatchBlocks blocks);
/// The first `batch` rows of a padded tensor.
Value unpadBatch(ImplicitLocOpBuilder &b, Value tensor, int64_t batchDim, int64_t batch);

using UpdateFn = function_ref<SmallVector<Value>(ImplicitLocOpBuilder &b, ValueRange inputs, ValueRange old)>;

/// One linalg.generic over [rows, columns] that updates `outputs`, from their old values and from inputs of the same
/// shape or of shape [columns], and, where there is one, a last input `perRow` [rows].
SmallVector<Value> updateElements(ImplicitLocOpBuilder &b, ValueRange inputs, ValueRange outputs, UpdateFn body,
                                  Value perRow = {});

/// What becomes of an updated value in a row that the mask leaves out.
enum class Masked { keeps, zero };
struct MaskedOutput {
  Value value;
  Masked masked;
};

/// `left` where the element `flag` of a mask is zero, else `value`.
Value selectMasked(ImplicitLocOpBuilder &b, Value flag, Value left, Value value);

/// The same, but for rows whose element of `mask` [rows], integers, is zero. A null mask leaves out none.
SmallVector<Value> updateRows(ImplicitLocOpBuilder &b, Value mask, ValueRange inputs, ArrayRef<MaskedOutput> outputs,
                              UpdateFn body);

/// A buffer of its own that a loop carries, its contents undefined. A tensor.empty would be merged with others like it,
/// and what two of them carry would then need copies.
Value carriedBuffer(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape, Type elementType);

/// `tensor` overwritten with zeros.
Value zeroed(ImplicitLocOpBuilder &b, Value tensor);

} // namespace mlir::nn
