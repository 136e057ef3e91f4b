// Compares regions in lockstep; see EqualCode.h.
#include "codegen/EqualCode.h"

using namespace mlir;
using namespace mlir::nn;

static bool isPassable(Operation *op) {
  auto constant = dyn_cast<arith::ConstantOp>(op);
  if (!constant)
    return false;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  bool isOneScalar =
      dense ? dense.isSplat() && isa<VectorType>(dense.getType()) : isa<IntegerAttr, FloatAttr>(constant.getValue());
  Type element = getElementTypeOrSelf(constant.getType());
  return isOneScalar && element.isIntOrFloat() && element.getIntOrFloatBitWidth() >= 32;
}

SmallVector<arith::ConstantOp> nn::getPassableConstants(Region &region) {
  SmallVector<arith::ConstantOp> constants;
  region.walk([&](arith::ConstantOp op) {
    if (isPassable(op))
      constants.push_back(op);
  });
  return constants;
}

TypedAttr nn::getScalar(arith::ConstantOp constant) {
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return cast<TypedAttr>(dense.getSplatValue<Attribute>());
  return constant.getValue();
}

llvm::hash_code nn::hashCode(Region &region) {
  llvm::hash_code hash(0);
  region.walk([&](Operation *op) {
    hash = llvm::hash_combine(hash, op->getName(), op->getNumOperands(),
                              llvm::hash_combine_range(op->result_type_begin(), op->result_type_end()));
    if (!isPassable(op))
      hash = llvm::hash_combine(hash, op->getDiscardableAttrDictionary(), op->hashProperties());
  });
  return hash;
}

namespace {
class Comparison {
public:
  bool areEqual(Region &a, Region &b) {
    return llvm::equal(a, b, [&](Block &x, Block &y) { return areEqual(x, y); });
  }

private:
  bool areEqual(Block &a, Block &b) {
    if (a.getArgumentTypes() != b.getArgumentTypes())
      return false;
    match(a.getArguments(), b.getArguments());
    return llvm::equal(a, b, [&](Operation &x, Operation &y) { return areEqual(x, y); });
  }

  bool areEqual(Operation &a, Operation &b) {
    // Control flow is structured: no op has successors.
    if (a.getName() != b.getName() || a.getNumOperands() != b.getNumOperands() ||
        a.getResultTypes() != b.getResultTypes() || a.getNumRegions() != b.getNumRegions() || a.getNumSuccessors() != 0)
      return false;
    if (isPassable(&a) != isPassable(&b))
      return false;
    if (!isPassable(&a) && (a.getDiscardableAttrDictionary() != b.getDiscardableAttrDictionary() ||
                            !a.getName().compareOpProperties(a.getPropertiesStorage(), b.getPropertiesStorage())))
      return false;
    for (auto [x, y] : llvm::zip_equal(a.getOperands(), b.getOperands()))
      if (values.lookup(x) != y)
        return false;
    match(a.getResults(), b.getResults());
    return llvm::all_of(llvm::zip_equal(a.getRegions(), b.getRegions()),
                        [&](auto regions) { return areEqual(std::get<0>(regions), std::get<1>(regions)); });
  }

  void match(ValueRange a, ValueRange b) {
    for (auto [x, y] : llvm::zip_equal(a, b))
      values[x] = y;
  }

  /// Of the second region, by that of the first.
  DenseMap<Value, Value> values;
};
} // namespace

bool nn::isEqualCode(Region &a, Region &b) { return Comparison().areEqual(a, b); }
