// Makes and reads records of products; see ProductRecord.h.
#include "codegen/gpu/ProductRecord.h"
#include "codegen/KernelFunction.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include <bit>

using namespace mlir;
using namespace mlir::nn;

/// The numbers of an nnc_product, in its order.
static constexpr StringLiteral fieldNames[] = {
    "dtype",     "precision", "batches",        "rows",         "columns",
    "terms",     "a",         "a_leading",      "a_batch",      "a_transposed",
    "b",         "b_leading", "b_batch",        "b_transposed", "d",
    "d_leading", "d_batch",   "d_transposed",   "accumulates",  "bias",
    "relu",      "workspace", "workspace_bytes"};
static_assert(sizeof(nnc_product) == std::size(fieldNames) * sizeof(int64_t));

std::array<int64_t, sizeof(nnc_product) / sizeof(int64_t)> nn::getNumbers(const nnc_product &product) {
  return std::bit_cast<std::array<int64_t, sizeof(nnc_product) / sizeof(int64_t)>>(product);
}

DictionaryAttr nn::makeProductAttribute(MLIRContext *context, const nnc_product &product) {
  Builder builder(context);
  NamedAttrList attributes;
  for (auto [name, number] : llvm::zip_equal(fieldNames, getNumbers(product)))
    attributes.set(name, builder.getI64IntegerAttr(number));
  return attributes.getDictionary(context);
}

std::optional<nnc_product> nn::readProductAttribute(Attribute attribute) {
  auto dictionary = dyn_cast_or_null<DictionaryAttr>(attribute);
  if (!dictionary || dictionary.size() != std::size(fieldNames))
    return std::nullopt;
  std::array<int64_t, std::size(fieldNames)> numbers;
  for (auto [name, number] : llvm::zip_equal(fieldNames, numbers)) {
    auto value = dictionary.getAs<IntegerAttr>(name);
    if (!value || !value.getType().isInteger(64))
      return std::nullopt;
    number = value.getInt();
  }
  return std::bit_cast<nnc_product>(numbers);
}

/// Where in the arena the first element of a view lies, in bytes.
static std::optional<int64_t> findPlace(Value memref, Value arena) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || ShapedType::isDynamic(offset))
    return std::nullopt;
  while (!isPlannedBuffer(memref, arena)) {
    auto view = memref.getDefiningOp<ViewLikeOpInterface>();
    if (!view || isa<memref::ViewOp>(*view)) // whose own shift no type tells
      return std::nullopt;
    memref = view.getViewSource();
  }
  APInt shift;
  if (!matchPattern(cast<memref::ViewOp>(memref.getDefiningOp()).getByteShift(), m_ConstantInt(&shift)))
    return std::nullopt;
  return shift.getSExtValue() + offset * (type.getElementTypeBitWidth() / 8);
}

FailureOr<nnc_product> nn::describeProduct(LibraryProductOp op, Value arena, int64_t precision) {
  auto type = cast<MemRefType>(op.getD().getType());
  nnc_product product = {};
  product.dtype = type.getElementType().isF32() ? NNC_F32 : NNC_F64;
  product.precision = type.getElementType().isF32() ? precision : NNC_PRECISION_F32;
  product.batches = type.getDimSize(0);
  product.rows = type.getDimSize(1);
  product.columns = type.getDimSize(2);
  product.terms = cast<MemRefType>(op.getA().getType()).getDimSize(2);
  product.accumulates = op.getAccumulate();
  product.relu = op.getRelu();
  bool isKnown = true;
  auto place = [&](Value memref) {
    std::optional<int64_t> found = findPlace(memref, arena);
    isKnown &= found.has_value();
    return found.value_or(0);
  };
  auto describe = [&](Value memref) -> nnc_matrix {
    auto [strides, offset] = cast<MemRefType>(memref.getType()).getStridesAndOffset();
    bool isTransposed = strides[2] != 1;
    return {place(memref), isTransposed ? strides[2] : strides[1], strides[0], isTransposed};
  };
  product.a = describe(op.getA());
  product.b = describe(op.getB());
  product.d = describe(op.getD());
  product.bias = op.getBias().empty() ? -1 : place(op.getBias().front());
  int64_t first = place(op.getWorkspace()), last = first + cast<MemRefType>(op.getWorkspace().getType()).getDimSize(0);
  product.workspace = llvm::alignTo(first, NNC_WORKSPACE_ALIGNMENT);
  product.workspace_bytes = std::max<int64_t>(0, llvm::alignDown(last - product.workspace, NNC_WORKSPACE_ALIGNMENT));
  if (!isKnown)
    return op.emitOpError() << "takes a memref that is no view of a planned buffer";
  return product;
}
