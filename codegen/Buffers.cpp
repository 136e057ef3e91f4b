// Tracing of memrefs to the buffers they view; see Buffers.h.
#include "codegen/Buffers.h"
#include "codegen/SharedKernels.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

/// The value that a loop-carried buffer starts as, or null where `value` is no loop's.
static Value getCarriedInit(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (!loop || argument == loop.getInductionVar())
      return {};
    return loop.getTiedLoopInit(argument)->get();
  }
  auto result = cast<OpResult>(value);
  auto loop = dyn_cast<scf::ForOp>(result.getOwner());
  return loop ? loop.getTiedLoopInit(result)->get() : Value();
}

bool nn::isBufferView(Operation *op) { return isa<ViewLikeOpInterface, memref::ExtractStridedMetadataOp>(op); }

bool nn::isBufferAllocation(Operation *op) { return isa<memref::AllocOp, memref::AllocaOp>(op); }

Value nn::getBufferRoot(Value value) {
  while (true) {
    if (Value init = getCarriedInit(value)) {
      value = init;
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (auto view = dyn_cast_or_null<ViewLikeOpInterface>(op))
      value = view.getViewSource();
    else if (auto metadata = dyn_cast_or_null<memref::ExtractStridedMetadataOp>(op))
      value = metadata.getSource();
    else
      return value;
  }
}

Operation *nn::getAncestorIn(Block *block, Operation *op) { return block->findAncestorOpInBlock(*op); }

Access nn::getAccess(Operation *op, OpOperand &operand) {
  if (isBufferView(op) || isa<memref::DimOp, scf::ForOp, scf::YieldOp, memref::DeallocOp>(op))
    return Access::none;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return Access::readWrite;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffectsOnValue(operand.get(), effects);
  bool read = false, write = false;
  for (const MemoryEffects::EffectInstance &effect : effects) {
    read |= isa<MemoryEffects::Read>(effect.getEffect());
    write |= isa<MemoryEffects::Write>(effect.getEffect());
  }
  if (read)
    return write ? Access::readWrite : Access::read;
  return write ? Access::write : Access::none;
}

void nn::forEachAccess(Operation *op, llvm::function_ref<void(Value, Access)> visit) {
  op->walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      if (isa<MemRefType>(operand.get().getType()))
        if (Access access = getAccess(inner, operand); access != Access::none)
          visit(operand.get(), access);
  });
}

static void countCopies(Operation *op, StringRef reason, int64_t number) {
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || !(function->hasAttr("nn.entry") || isKernel(function)))
    return;
  NamedAttrList counts(function->getAttrOfType<DictionaryAttr>("nn.copies"));
  auto count = dyn_cast_or_null<IntegerAttr>(counts.get(reason));
  Builder builder(op->getContext());
  counts.set(reason, builder.getI64IntegerAttr((count ? count.getInt() : 0) + number));
  function->setAttr("nn.copies", counts.getDictionary(op->getContext()));
}

void nn::countCopy(Operation *op, StringRef reason) { ::countCopies(op, reason, 1); }

void nn::countCopies(Operation *op, func::FuncOp kernel) {
  if (auto copies = kernel->getAttrOfType<DictionaryAttr>("nn.copies"))
    for (NamedAttribute copy : copies)
      if (auto count = dyn_cast<IntegerAttr>(copy.getValue()))
        ::countCopies(op, copy.getName(), count.getInt());
}

std::optional<int64_t> nn::getBufferBytes(MemRefType type) {
  if (!type.hasStaticShape())
    return std::nullopt;
  int64_t bytes = 0;
  Type element = type.getElementType();
  if (isa<IndexType>(element))
    bytes = 8;
  else if (element.isIntOrFloat())
    bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  else
    return std::nullopt;
  for (int64_t dimension : type.getShape())
    if (llvm::MulOverflow(bytes, dimension, bytes))
      return std::nullopt;
  return bytes;
}
