// Tails by masks. Without them LLVM takes a vector of seven elements in pieces of four, two and one.
#include "codegen/cpu/PartialVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

/// Whether there are loads and stores of single elements of `type` by a mask.
static bool isMaskable(Type type) {
  return type.isIntOrFloat() && llvm::is_contained({32u, 64u}, type.getIntOrFloatBitWidth());
}

/// The part of a register, a power of two of elements, of which a mask takes the first `count`; null where none does.
static VectorType getMasked(const CpuTarget &target, Type element, int64_t count) {
  if (llvm::isPowerOf2_64(count) || count > target.getLanes(element) || !isMaskable(element))
    return nullptr;
  return VectorType::get(llvm::PowerOf2Ceil(count), element);
}

static Value makeMask(OpBuilder &builder, Location loc, VectorType masked, int64_t count) {
  SmallVector<bool> bits(masked.getNumElements());
  std::fill_n(bits.begin(), count, true);
  auto type = VectorType::get(masked.getShape(), builder.getI1Type());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, bits));
}

static Value makeZeros(OpBuilder &builder, Location loc, VectorType type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

Value nn::loadVector(OpBuilder &builder, Location loc, const CpuTarget &target, VectorType type, Value memref,
                     ValueRange indices, int64_t count) {
  auto loadMasked = [&](VectorType masked) -> Value {
    Value mask = makeMask(builder, loc, masked, count);
    return vector::MaskedLoadOp::create(builder, loc, masked, memref, indices, mask, makeZeros(builder, loc, masked));
  };
  Type element = type.getElementType();
  if (count == type.getNumElements()) {
    VectorType masked = target.hasMaskedLoad ? getMasked(target, element, count) : nullptr;
    if (!masked)
      return vector::LoadOp::create(builder, loc, type, memref, indices);
    return vector::ExtractStridedSliceOp::create(builder, loc, loadMasked(masked), 0, count, 1);
  }
  if (target.hasMaskedLoad && isMaskable(element))
    return loadMasked(type);
  Value part = loadVector(builder, loc, target, VectorType::get(count, element), memref, indices, count);
  return vector::InsertStridedSliceOp::create(builder, loc, part, makeZeros(builder, loc, type), 0, 1);
}

void nn::storeVector(OpBuilder &builder, Location loc, const CpuTarget &target, Value vector, Value memref,
                     ValueRange indices, int64_t count) {
  auto type = cast<VectorType>(vector.getType());
  auto storeMasked = [&](Value whole) {
    Value mask = makeMask(builder, loc, cast<VectorType>(whole.getType()), count);
    vector::MaskedStoreOp::create(builder, loc, memref, indices, mask, whole);
  };
  if (count == type.getNumElements()) {
    VectorType masked = target.hasMaskedStore ? getMasked(target, type.getElementType(), count) : nullptr;
    if (!masked)
      vector::StoreOp::create(builder, loc, vector, memref, indices);
    else
      storeMasked(vector::InsertStridedSliceOp::create(builder, loc, vector, makeZeros(builder, loc, masked), 0, 1));
    return;
  }
  if (target.hasMaskedStore && isMaskable(type.getElementType()))
    return storeMasked(vector);
  Value part = vector::ExtractStridedSliceOp::create(builder, loc, vector, 0, count, 1);
  storeVector(builder, loc, target, part, memref, indices, count);
}
