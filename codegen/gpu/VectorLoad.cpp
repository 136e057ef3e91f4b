// What is known of addresses, and loads of vectors; see VectorLoad.h.
#include "codegen/gpu/VectorLoad.h"
#include "codegen/Buffers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr int64_t vectorBytes = 16;

/// The largest known power of two, up to 16, that a number of bytes is a multiple of.
static int64_t getFactor(Value bytes) {
  APInt constant;
  if (matchPattern(bytes, m_ConstantInt(&constant))) {
    int64_t number = constant.getSExtValue();
    return number == 0 ? vectorBytes : std::min(vectorBytes, number & -number);
  }
  if (auto product = bytes.getDefiningOp<arith::MulIOp>())
    return std::min(vectorBytes, getFactor(product.getLhs()) * getFactor(product.getRhs()));
  return 1;
}

/// The largest power of two that all addresses of rows of `memref` are known to be multiples of, up to 16.
static int64_t getAlignment(Value memref) {
  int64_t alignment = vectorBytes;
  auto restrict = [&](int64_t bytes) {
    alignment = std::min<int64_t>(alignment, bytes == 0 ? alignment : bytes & -bytes);
  };
  while (true) {
    auto type = cast<MemRefType>(memref.getType());
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(type.getStridesAndOffset(strides, offset)))
      return bytes;
    for (int64_t stride : ArrayRef(strides).drop_back())
      restrict(ShapedType::isDynamic(stride) ? bytes : stride * bytes);
    if (auto view = memref.getDefiningOp<memref::ViewOp>()) {
      restrict(getFactor(view.getByteShift()));
      memref = view.getSource();
      continue;
    }
    auto view = memref.getDefiningOp<memref::SubViewOp>();
    if (!view) {
      // Buffers lie at multiples of 16 bytes in the arena and in shared memory.
      Operation *op = memref.getDefiningOp();
      auto argument = dyn_cast<BlockArgument>(memref);
      bool isBuffer = argument ? isa<FunctionOpInterface>(argument.getOwner()->getParentOp()) && offset == 0
                               : isBufferAllocation(op) || isa<memref::MemorySpaceCastOp>(op);
      return isBuffer ? alignment : bytes;
    }
    SmallVector<int64_t> sourceStrides;
    if (failed(cast<MemRefType>(view.getSource().getType()).getStridesAndOffset(sourceStrides, offset)))
      return bytes;
    for (auto [at, stride] : llvm::zip_equal(view.getStaticOffsets(), sourceStrides))
      restrict(ShapedType::isDynamic(stride) ? bytes : (ShapedType::isDynamic(at) ? 1 : at) * stride * bytes);
    memref = view.getSource();
  }
}

bool nn::hasVectorRows(Value memref) { return getAlignment(memref) == vectorBytes; }

SmallVector<Value> nn::loadVector(OpBuilder &builder, Location loc, Value memref, ValueRange indices) {
  Value vector = vector::LoadOp::create(builder, loc, VectorType::get(vectorElements, builder.getF32Type()), memref,
                                        indices, /*nontemporal=*/false, llvm::MaybeAlign(vectorBytes));
  SmallVector<Value> values;
  for (int64_t lane = 0; lane < vectorElements; ++lane)
    values.push_back(vector::ExtractOp::create(builder, loc, vector, lane));
  return values;
}
