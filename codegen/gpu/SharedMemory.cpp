// Places in a block's shared memory.
#include "codegen/gpu/SharedMemory.h"
#include "codegen/Buffers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

/// What vectors are loaded by.
static constexpr int64_t alignment = 16;

static int64_t getSpace(MemRefType type) {
  return llvm::alignTo(getBufferBytes(type).value_or(maxSharedBytes + 1), alignment);
}

bool nn::isShared(Value memref) { return getBufferRoot(memref).getDefiningOp<gpu::DynamicSharedMemoryOp>(); }

bool SharedMemory::hasRoomFor(MemRefType type) const { return bytes + getSpace(type) <= maxSharedBytes; }

void SharedMemory::reserve(MemRefType type) { bytes += getSpace(type); }

Value SharedMemory::allocate(OpBuilder &builder, Location loc, MemRefType type) {
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  auto bytesType = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type(), MemRefLayoutAttrInterface(), space);
  auto sharedType = MemRefType::get(type.getShape(), type.getElementType(), MemRefLayoutAttrInterface(), space);
  Value whole = gpu::DynamicSharedMemoryOp::create(builder, loc, bytesType);
  Value start = arith::ConstantIndexOp::create(builder, loc, bytes);
  Value view = memref::ViewOp::create(builder, loc, sharedType, whole, start, ValueRange{});
  reserve(type);
  return memref::MemorySpaceCastOp::create(builder, loc, type, view);
}
