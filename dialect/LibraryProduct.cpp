// nn.library_product: whether shapes and strides are those of a product that the library takes.
#include "dialect/NN.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::nn;

/// Strides of a memref of known shape, strides and offset.
static std::optional<SmallVector<int64_t>> getKnownStrides(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type.hasStaticShape() || failed(type.getStridesAndOffset(strides, offset)) || ShapedType::isDynamic(offset) ||
      llvm::is_contained(strides, ShapedType::kDynamic))
    return std::nullopt;
  return strides;
}

LogicalResult LibraryProductOp::verify() {
  auto a = cast<MemRefType>(getA().getType()), b = cast<MemRefType>(getB().getType()),
       d = cast<MemRefType>(getD().getType());
  if (getBias().size() > 1)
    return emitOpError() << "takes one bias, not " << getBias().size();
  SmallVector<std::pair<StringRef, MemRefType>> matrices = {{"a", a}, {"b", b}, {"d", d}};
  for (auto [name, type] : matrices) {
    std::optional<SmallVector<int64_t>> strides = getKnownStrides(type);
    if (type.getRank() != 3 || !strides || llvm::is_contained(type.getShape(), 0) ||
        !(type.getElementType().isF32() || type.getElementType().isF64()) ||
        type.getElementType() != d.getElementType())
      return emitOpError() << "got '" << name << "' " << type << ", takes three dimensions of known extents, strides "
                           << "and offset, of f32 or f64 as all of its matrices";
    ArrayRef<int64_t> lastTwo = ArrayRef(*strides).take_back(name == "d" ? 1 : 2);
    bool isWhole = ((*strides)[2] == 1 && (*strides)[1] >= type.getDimSize(2)) ||
                   (name != "d" && (*strides)[1] == 1 && (*strides)[2] >= type.getDimSize(1));
    if (llvm::is_contained(lastTwo, 1) && !isWhole)
      return emitOpError() << "got '" << name << "' " << type << ", whose rows or columns overlap";
    if (!isWhole)
      return emitOpError() << "got '" << name << "' " << type << ", takes elements that lie side by side along "
                           << (name == "d" ? "its columns" : "rows or columns");
  }
  if (a.getDimSize(0) != d.getDimSize(0) || b.getDimSize(0) != d.getDimSize(0) || a.getDimSize(1) != d.getDimSize(1) ||
      a.getDimSize(2) != b.getDimSize(1) || b.getDimSize(2) != d.getDimSize(2))
    return emitOpError() << "got " << a << " times " << b << " into " << d
                         << ", takes [batches, rows, terms] times [batches, terms, columns] into [batches, rows, "
                         << "columns]";
  for (Value bias : getBias()) {
    auto type = cast<MemRefType>(bias.getType());
    std::optional<SmallVector<int64_t>> strides = getKnownStrides(type);
    if (type.getShape() != d.getShape().take_back(1) || type.getElementType() != d.getElementType() || !strides ||
        strides->front() != 1)
      return emitOpError() << "got a bias " << type << " for " << d << ", takes an element a column, side by side";
  }
  auto workspace = cast<MemRefType>(getWorkspace().getType());
  if (workspace.getRank() != 1 || !workspace.hasStaticShape() || !workspace.getElementType().isInteger(8) ||
      !workspace.getLayout().isIdentity())
    return emitOpError() << "got a workspace " << workspace << ", takes bytes, so many i8";
  return success();
}
