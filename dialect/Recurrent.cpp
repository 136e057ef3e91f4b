// What the lowerings of recurrent layers share.
#include "dialect/Recurrent.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

BatchBlocks nn::getBatchBlocks(int64_t batch) {
  constexpr int64_t mostRows = 16, fewestRows = 8;
  for (int64_t rows = std::min(mostRows, batch / 2); rows >= fewestRows; --rows)
    if (batch % rows == 0)
      return {batch / rows, rows};
  int64_t rows = llvm::divideCeil(batch, std::max<int64_t>(llvm::divideCeil(batch, mostRows), 2));
  return {static_cast<int64_t>(llvm::divideCeil(batch, rows)), rows};
}

/// What of a recurrent kernel one block keeps on chip, in its registers and its shared memory; and how much of it
/// leaves room in shared memory for everything else where several blocks have a part each.
static constexpr int64_t keptBytes = 256 << 10, partBytes = 64 << 10;

int64_t nn::countKernelParts(int64_t units, int64_t kernelBytes, int64_t most) {
  if (kernelBytes <= keptBytes)
    return 1;
  // With as many blocks as can share it, for two blocks of rows, these keep what they can.
  int64_t wanted = std::min<int64_t>(llvm::divideCeil(kernelBytes, partBytes), most / 2);
  for (int64_t parts = std::max<int64_t>(wanted, 2); parts <= std::min(most, units); ++parts)
    if (units % parts == 0)
      return parts;
  return 1;
}

BatchBlocks nn::getBatchBlocks(int64_t batch, RankedTensorType recurrentKernel, Operation *within) {
  BatchBlocks blocks = getBatchBlocks(batch);
  auto function = isa<func::FuncOp>(within) ? cast<func::FuncOp>(within) : within->getParentOfType<func::FuncOp>();
  auto most = function ? function->getAttrOfType<IntegerAttr>(mostBlocksAttributeName) : IntegerAttr();
  if (!most)
    return blocks;
  int64_t bytes = recurrentKernel.getNumElements() * recurrentKernel.getElementTypeBitWidth() / 8;
  int64_t parts = countKernelParts(recurrentKernel.getDimSize(0), bytes, most.getInt());
  int64_t padded = blocks.padded();
  int64_t count = parts == 1 ? std::max(most.getInt(), blocks.count) : std::max<int64_t>(most.getInt() / parts, 1);
  while (padded % count != 0)
    --count;
  // A loop of one turn would be none, and nothing would be left to share.
  while (count == 1 ? padded > 1 : padded % count != 0)
    ++count;
  return {count, padded / count};
}

SmallVector<Value>
nn::forEachBatchBlock(ImplicitLocOpBuilder &b, BatchBlocks blocks, ArrayRef<BlockedTensor> outputs,
                      function_ref<SmallVector<Value>(ImplicitLocOpBuilder &b, Value row, ValueRange parts)> body) {
  SmallVector<Value> inits;
  for (const BlockedTensor &output : outputs)
    inits.push_back(output.init);
  auto forall = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(blocks.count)}, inits, std::nullopt);

  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  Value row = arith::MulIOp::create(b, forall.getInductionVar(0), arith::ConstantIndexOp::create(b, blocks.rows));
  struct Part {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };
  SmallVector<Part> slices;
  SmallVector<Value> parts;
  for (auto [output, whole] : llvm::zip_equal(outputs, forall.getRegionIterArgs())) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(whole.getType()).getShape();
    Part &slice = slices.emplace_back();
    slice.offsets.assign(shape.size(), b.getIndexAttr(0));
    slice.offsets[output.batchDim] = row;
    slice.sizes = getAsIndexOpFoldResult(b.getContext(), shape);
    slice.sizes[output.batchDim] = b.getIndexAttr(blocks.rows);
    slice.strides.assign(shape.size(), b.getIndexAttr(1));
    parts.push_back(tensor::ExtractSliceOp::create(b, whole, slice.offsets, slice.sizes, slice.strides));
  }
  SmallVector<Value> updated = body(b, row, parts);
  b.setInsertionPointToStart(forall.getTerminator().getBody());
  for (auto [slice, value, whole] : llvm::zip_equal(slices, updated, forall.getRegionIterArgs()))
    tensor::ParallelInsertSliceOp::create(b, value, whole, slice.offsets, slice.sizes, slice.strides);
  return llvm::to_vector_of<Value>(forall.getResults());
}

SmallVector<Value>
nn::forEachStep(ImplicitLocOpBuilder &b, int64_t steps, ValueRange carried,
                function_ref<SmallVector<Value>(ImplicitLocOpBuilder &b, Value step, ValueRange)> body) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, zero, arith::ConstantIndexOp::create(b, steps), one, carried,
                                 [&](OpBuilder &nested, Location loc, Value step, ValueRange values) {
                                   ImplicitLocOpBuilder inner(loc, nested);
                                   scf::YieldOp::create(inner, body(inner, step, values));
                                 });
  return llvm::to_vector_of<Value>(loop.getResults());
}

Value nn::swapBatchAndTime(ImplicitLocOpBuilder &b, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  std::swap(order[0], order[1]);
  SmallVector<int64_t> shape(type.getShape());
  std::swap(shape[0], shape[1]);
  Value empty = tensor::EmptyOp::create(b, shape, type.getElementType());
  return linalg::TransposeOp::create(b, tensor, empty, order).getResult()[0];
}

/// Offsets, sizes and strides of a window.
static std::array<SmallVector<OpFoldResult>, 3> place(OpBuilder &b, const Window &window) {
  return {SmallVector<OpFoldResult>{window.step, window.row, b.getIndexAttr(window.column)},
          SmallVector<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(window.rows), b.getIndexAttr(window.columns)},
          SmallVector<OpFoldResult>(3, b.getIndexAttr(1))};
}

Value Window::read(ImplicitLocOpBuilder &b, Value tensor) const {
  auto [offsets, sizes, strides] = place(b, *this);
  auto type = RankedTensorType::get({rows, columns}, getElementTypeOrSelf(tensor.getType()));
  return tensor::ExtractSliceOp::create(b, type, tensor, offsets, sizes, strides);
}

Value Window::write(ImplicitLocOpBuilder &b, Value value, Value tensor) const {
  auto [offsets, sizes, strides] = place(b, *this);
  return tensor::InsertSliceOp::create(b, value, tensor, offsets, sizes, strides);
}

Value nn::readRows(ImplicitLocOpBuilder &b, Value tensor, OpFoldResult step, OpFoldResult row, int64_t rows) {
  auto type = RankedTensorType::get({rows}, getElementTypeOrSelf(tensor.getType()));
  OpFoldResult one = b.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(b, type, tensor, ArrayRef<OpFoldResult>{step, row},
                                        ArrayRef<OpFoldResult>{one, b.getIndexAttr(rows)},
                                        ArrayRef<OpFoldResult>{one, one});
}

Value nn::readBlock(ImplicitLocOpBuilder &b, Value matrix, OpFoldResult row, int64_t rows) {
  int64_t columns = cast<RankedTensorType>(matrix.getType()).getDimSize(1);
  return tensor::ExtractSliceOp::create(b, matrix, ArrayRef<OpFoldResult>{row, b.getIndexAttr(0)},
                                        ArrayRef<OpFoldResult>{b.getIndexAttr(rows), b.getIndexAttr(columns)},
                                        SmallVector<OpFoldResult>(2, b.getIndexAttr(1)));
}

Value nn::readPart(ImplicitLocOpBuilder &b, Value tensor, int64_t dim, int64_t from, int64_t count) {
  SmallVector<int64_t> sizes(cast<RankedTensorType>(tensor.getType()).getShape());
  SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
  offsets[dim] = from;
  sizes[dim] = count;
  MLIRContext *context = b.getContext();
  return tensor::ExtractSliceOp::create(b, tensor, getAsIndexOpFoldResult(context, offsets),
                                        getAsIndexOpFoldResult(context, sizes),
                                        getAsIndexOpFoldResult(context, strides));
}

Value nn::writePart(ImplicitLocOpBuilder &b, Value value, Value tensor, int64_t dim, int64_t from) {
  ArrayRef<int64_t> sizes = cast<RankedTensorType>(value.getType()).getShape();
  SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
  offsets[dim] = from;
  MLIRContext *context = b.getContext();
  return tensor::InsertSliceOp::create(b, value, tensor, getAsIndexOpFoldResult(context, offsets),
                                       getAsIndexOpFoldResult(context, sizes),
                                       getAsIndexOpFoldResult(context, strides));
}

Value nn::padBatch(ImplicitLocOpBuilder &b, Value tensor, int64_t batchDim, BatchBlocks blocks) {
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t batch = type.getDimSize(batchDim);
  if (batch == blocks.padded())
    return tensor;
  SmallVector<int64_t> shape(type.getShape());
  shape[batchDim] = blocks.padded();
  Value padded = carriedBuffer(b, shape, type.getElementType());
  Value missing = readPart(b, padded, batchDim, batch, blocks.padded() - batch);
  padded = writePart(b, zeroed(b, missing), padded, batchDim, batch);
  return writePart(b, tensor, padded, batchDim, 0);
}

Value nn::unpadBatch(ImplicitLocOpBuilder &b, Value tensor, int64_t batchDim, int64_t batch) {
  if (cast<RankedTensorType>(tensor.getType()).getDimSize(batchDim) == batch)
    return tensor;
  return readPart(b, tensor, batchDim, 0, batch);
}

SmallVector<Value> nn::updateElements(ImplicitLocOpBuilder &b, ValueRange inputs, ValueRange outputs, UpdateFn body,
                                      Value perRow) {
  SmallVector<Value> ins(inputs);
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(
        AffineMap::getMinorIdentityMap(2, cast<RankedTensorType>(input.getType()).getRank(), b.getContext()));
  if (perRow) {
    ins.push_back(perRow);
    maps.push_back(b.getMultiDimIdentityMap(2).dropResult(1));
  }
  maps.append(outputs.size(), b.getMultiDimIdentityMap(2));
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, TypeRange(outputs), ins, outputs, maps, iterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder inner(loc, nested);
        linalg::YieldOp::create(inner, body(inner, args.take_front(ins.size()), args.drop_front(ins.size())));
      });
  return llvm::to_vector_of<Value>(generic.getResults());
}

Value nn::selectMasked(ImplicitLocOpBuilder &b, Value flag, Value left, Value value) {
  Value none = arith::ConstantOp::create(b, b.getIntegerAttr(flag.getType(), 0));
  return arith::SelectOp::create(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, flag, none), left, value);
}

SmallVector<Value> nn::updateRows(ImplicitLocOpBuilder &b, Value mask, ValueRange inputs,
                                  ArrayRef<MaskedOutput> outputs, UpdateFn body) {
  SmallVector<Value> values;
  for (const MaskedOutput &output : outputs)
    values.push_back(output.value);
  if (!mask)
    return updateElements(b, inputs, values, body);
  auto masked = [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
    SmallVector<Value> results = body(b, in.drop_back(), old);
    for (auto [result, output, before] : llvm::zip_equal(results, outputs, old)) {
      Value left = output.masked == Masked::keeps ? before : constant(b, result.getType(), 0.0);
      result = selectMasked(b, in.back(), left, result);
    }
    return results;
  };
  return updateElements(b, inputs, values, masked, mask);
}

Value nn::carriedBuffer(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape, Type elementType) {
  return bufferization::AllocTensorOp::create(b, RankedTensorType::get(shape, elementType), ValueRange());
}

Value nn::zeroed(ImplicitLocOpBuilder &b, Value tensor) {
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(getElementTypeOrSelf(tensor.getType())));
  return linalg::FillOp::create(b, zero, tensor).getResult(0);
}
