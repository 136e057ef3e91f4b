// Tails by masks. Without them LLVM takes a vector of seven elements in pieces of four, two and one.
#include "codegen/cpu/PartialVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

/// The register-sized vector, of which `type` is the first part, that a mask is used on; null where none is.
static VectorType getMasked(const CpuTarget &target, VectorType type) {
  int64_t elements = type.getNumElements();
  Type element = type.getElementType();
  if (llvm::isPowerOf2_64(elements) || elements > target.getLanes(element) || !element.isIntOrFloat() ||
      !llvm::is_contained({32u, 64u}, element.getIntOrFloatBitWidth()))
    return nullptr;
  return VectorType::get(llvm::PowerOf2Ceil(elements), element);
}

static Value makeMask(OpBuilder &builder, Location loc, VectorType masked, int64_t elements) {
  SmallVector<bool> bits(masked.getNumElements());
  std::fill_n(bits.begin(), elements, true);
  auto type = VectorType::get(masked.getShape(), builder.getI1Type());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, bits));
}

Value nn::loadVector(OpBuilder &builder, Location loc, const CpuTarget &target, VectorType type, Value memref,
                     ValueRange indices) {
  VectorType masked = target.hasMaskedLoad ? getMasked(target, type) : nullptr;
  if (!masked)
    return vector::LoadOp::create(builder, loc, type, memref, indices);
  Value none = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(masked));
  Value mask = makeMask(builder, loc, masked, type.getNumElements());
  Value loaded = vector::MaskedLoadOp::create(builder, loc, masked, memref, indices, mask, none);
  return vector::ExtractStridedSliceOp::create(builder, loc, loaded, 0, type.getNumElements(), 1);
}

void nn::storeVector(OpBuilder &builder, Location loc, const CpuTarget &target, Value vector, Value memref,
                     ValueRange indices) {
  auto type = cast<VectorType>(vector.getType());
  VectorType masked = target.hasMaskedStore ? getMasked(target, type) : nullptr;
  if (!masked) {
    vector::StoreOp::create(builder, loc, vector, memref, indices);
    return;
  }
  Value none = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(masked));
  Value whole = vector::InsertStridedSliceOp::create(builder, loc, vector, none, 0, 1);
  vector::MaskedStoreOp::create(builder, loc, memref, indices, makeMask(builder, loc, masked, type.getNumElements()),
                                whole);
}
