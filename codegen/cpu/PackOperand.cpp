// Makes the copy; see PackOperand.h.
#include "codegen/cpu/PackOperand.h"
#include "codegen/Buffers.h"
#include "codegen/cpu/Aliases.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::nn;

void nn::packOperand(IRRewriter &rewriter, Contraction &contraction, OpOperand *operand, ArrayRef<unsigned> order) {
  linalg::GenericOp op = contraction.op;
  AffineMap map = op.getMatchingIndexingMap(operand);
  MLIRContext *context = op.getContext();
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> packedDims, sourceDims(map.getNumResults());
  for (unsigned loop : order) {
    std::optional<unsigned> position = map.getResultPosition(getAffineDimExpr(loop, context));
    if (!position)
      continue;
    sourceDims[*position] = getAffineDimExpr(shape.size(), context);
    packedDims.push_back(getAffineDimExpr(loop, context));
    shape.push_back(contraction.getExtent(loop));
  }

  Location loc = op.getLoc();
  rewriter.setInsertionPoint(findCopyPlace(op, operand->get()));
  auto type = MemRefType::get(shape, cast<MemRefType>(operand->get().getType()).getElementType());
  Value packed = memref::AllocOp::create(rewriter, loc, type, rewriter.getI64IntegerAttr(64));
  countCopy(op, "packed");
  int64_t rank = shape.size();
  AffineMap sourceMap = AffineMap::get(rank, 0, sourceDims, context);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  linalg::GenericOp::create(
      rewriter, loc, operand->get(), packed, ArrayRef{sourceMap, rewriter.getMultiDimIdentityMap(rank)}, iterators,
      [](OpBuilder &builder, Location loc, ValueRange args) { linalg::YieldOp::create(builder, loc, args[0]); });
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps[operand->getOperandNumber()] = AffineMap::get(op.getNumLoops(), 0, packedDims, context);
  rewriter.modifyOpInPlace(op, [&] {
    op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    operand->set(packed);
  });
}
