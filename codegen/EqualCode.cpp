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

void nn::findPassableConstants(Operation *op, SmallVectorImpl<arith::ConstantOp> &constants) {
  op->walk([&](arith::ConstantOp constant) {
    if (isPassable(constant))
      constants.push_back(constant);
  });
}

TypedAttr nn::getScalar(arith::ConstantOp constant) {
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return cast<TypedAttr>(dense.getSplatValue<Attribute>());
  return constant.getValue();
}

llvm::hash_code nn::hashCode(Operation *op) {
  llvm::hash_code hash(0);
  op->walk([&](Operation *inner) {
    hash = llvm::hash_combine(hash, inner->getName(), inner->getNumOperands(),
                              llvm::hash_combine_range(inner->result_type_begin(), inner->result_type_end()));
    if (!isPassable(inner))
      hash = llvm::hash_combine(hash, inner->getDiscardableAttrDictionary(), inner->hashProperties());
  });
  return hash;
}

bool CodeComparison::match(Value a, Value b) {
  values[a] = b;
  return a.getType() == b.getType();
}

bool CodeComparison::match(ValueRange a, ValueRange b) {
  return llvm::equal(a, b, [&](Value x, Value y) { return match(x, y); });
}

bool CodeComparison::areEqual(Region &a, Region &b) {
  return llvm::equal(a, b, [&](Block &x, Block &y) { return areEqual(x, y); });
}

bool CodeComparison::areEqual(Block &a, Block &b) {
  return match(a.getArguments(), b.getArguments()) &&
         llvm::equal(a, b, [&](Operation &x, Operation &y) { return areEqual(x, y); });
}

bool CodeComparison::areEqual(Operation &a, Operation &b) {
  // Control flow is structured: no op has successors.
  if (a.getName() != b.getName() || a.getNumRegions() != b.getNumRegions() || a.getNumSuccessors() != 0 ||
      isPassable(&a) != isPassable(&b))
    return false;
  if (!isPassable(&a) && (a.getDiscardableAttrDictionary() != b.getDiscardableAttrDictionary() ||
                          !a.getName().compareOpProperties(a.getPropertiesStorage(), b.getPropertiesStorage())))
    return false;
  return llvm::equal(a.getOperands(), b.getOperands(), [&](Value x, Value y) { return values.lookup(x) == y; }) &&
         llvm::all_of(llvm::zip_equal(a.getRegions(), b.getRegions()),
                      [&](auto regions) { return areEqual(std::get<0>(regions), std::get<1>(regions)); }) &&
         match(a.getResults(), b.getResults());
}
