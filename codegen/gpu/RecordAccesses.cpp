// Reports the accesses of a kernel to the host's race detector; see RecordAccesses.h.
#include "codegen/gpu/RecordAccesses.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "runtime/include/nnc/program.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

struct MemoryAccess {
  Value memref;
  ValueRange indices;
  Type type;
  bool isWrite;
};

std::optional<MemoryAccess> getAccess(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<MemoryAccess>>(op)
      .Case(
          [](memref::LoadOp load) { return MemoryAccess{load.getMemRef(), load.getIndices(), load.getType(), false}; })
      .Case([](memref::StoreOp store) {
        return MemoryAccess{store.getMemRef(), store.getIndices(), store.getValue().getType(), true};
      })
      .Case([](vector::LoadOp load) {
        return MemoryAccess{load.getBase(), load.getIndices(), load.getVectorType(), false};
      })
      .Case([](vector::StoreOp store) {
        return MemoryAccess{store.getBase(), store.getIndices(), store.getVectorType(), true};
      })
      .Default([](Operation *) { return std::nullopt; });
}

/// What a memref is a view of.
Operation *getOrigin(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref.getDefiningOp();
}

/// Whether a memref can be only memory of the thread's own, or constants.
bool isUnshared(Value memref) { return isa_and_nonnull<memref::AllocaOp, memref::GetGlobalOp>(getOrigin(memref)); }

/// Whether a memref is known to be shared memory.
bool isShared(Value memref) {
  return gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(cast<MemRefType>(memref.getType())) ||
         isa_and_nonnull<gpu::DynamicSharedMemoryOp>(getOrigin(memref));
}

/// Whether an op touches memory at all that threads may share.
bool touchesShared(Operation *op) {
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  // Copies report themselves.
  if (!interface || isa<nvgpu::DeviceAsyncCopyOp>(op))
    return false;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::any_of(effects, [](const MemoryEffects::EffectInstance &effect) {
    Value value = effect.getValue();
    return isa<MemoryEffects::Read, MemoryEffects::Write>(effect.getEffect()) && value &&
           isa<BaseMemRefType>(value.getType()) && !isUnshared(value);
  });
}

} // namespace

int64_t nn::getMemoryBytes(Type type) {
  if (isa<IndexType>(type))
    return 8;
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getNumElements() * getMemoryBytes(vector.getElementType());
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

Value nn::getAddress(OpBuilder &builder, Location loc, Value memref, ValueRange indices) {
  auto type = cast<MemRefType>(memref.getType());
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  Value position = metadata.getOffset();
  for (auto [index, stride] : llvm::zip_equal(indices, metadata.getStrides())) {
    Value distance = arith::MulIOp::create(builder, loc, index, stride);
    position = arith::AddIOp::create(builder, loc, position, distance);
  }
  Value elementBytes = arith::ConstantIndexOp::create(builder, loc, getMemoryBytes(type.getElementType()));
  Value bytes = arith::MulIOp::create(builder, loc, position, elementBytes);
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
  Value address =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), arith::AddIOp::create(builder, loc, base, bytes));
  return LLVM::IntToPtrOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
}

std::string nn::describePlace(Operation *op, StringRef number) {
  std::string text = op->getName().getStringRef().str(), layer = getLayerName(op->getLoc()),
              file = getFilePlace(op->getLoc());
  if (!number.empty())
    text += (" " + number).str();
  if (!layer.empty())
    text += " of " + layer;
  if (!file.empty())
    text += " (" + file + ")";
  return text;
}

LogicalResult nn::recordAccesses(func::FuncOp function, Value thread, EmulatorCalls &calls) {
  LogicalResult result = success();
  OpBuilder builder(function.getContext());
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops) {
    if (!touchesShared(op))
      continue;
    std::optional<MemoryAccess> access = getAccess(op);
    auto vector = access ? dyn_cast<VectorType>(access->type) : VectorType();
    if (!access || (vector && vector.getRank() != 1)) {
      result = op->emitOpError() << "touches memory in a way that the race detector does not know";
      continue;
    }
    builder.setInsertionPoint(op);
    Location loc = op->getLoc();
    int64_t flags = (access->isWrite ? NNC_WRITE : 0) | (isShared(access->memref) ? NNC_SHARED : 0);
    Value address = getAddress(builder, loc, access->memref, access->indices);
    calls.call(builder, loc, "nnc_rt_emulate_access",
               {thread, address, makeInt64(builder, loc, getMemoryBytes(access->type)), makeInt64(builder, loc, flags),
                calls.makeText(builder, loc, describePlace(op))});
  }
  return result;
}
