// Asynchronous copies as nvgpu ops; see AsyncCopies.h.
#include "codegen/gpu/AsyncCopies.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;
using namespace mlir::nn;

/// Of a copy that may leave out the first cache.
static constexpr int64_t bypassingBytes = 16;

static Type getTokenType(OpBuilder &builder) { return nvgpu::DeviceAsyncTokenType::get(builder.getContext()); }

void AsyncCopies::start(Value target, ValueRange at, Value source, ValueRange from, int64_t count) {
  // They name shared memory by its type.
  Value shared = target.getDefiningOp<memref::MemorySpaceCastOp>().getSource();
  bool bypasses = count * cast<MemRefType>(shared.getType()).getElementTypeBitWidth() / 8 == bypassingBytes;
  nvgpu::DeviceAsyncCopyOp::create(builder, loc, getTokenType(builder), shared, at, source, from,
                                   builder.getIndexAttr(count), Value(), bypasses ? builder.getUnitAttr() : UnitAttr());
}

void AsyncCopies::endGroup() {
  lastGroup = nvgpu::DeviceAsyncCreateGroupOp::create(builder, loc, getTokenType(builder), ValueRange());
}

void AsyncCopies::wait(int64_t pending) {
  nvgpu::DeviceAsyncWaitOp::create(builder, loc, lastGroup, builder.getI32IntegerAttr(pending));
}
