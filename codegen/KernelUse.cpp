// Tells which pieces of code one function can do; see KernelUse.h.
#include "codegen/KernelUse.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

KernelUse::KernelUse(KernelPiece ofKernel) : piece(std::move(ofKernel)) {
  SmallVector<arith::ConstantOp> constants;
  forEachOp([&](Operation *op) { findPassableConstants(op, constants); });
  for (arith::ConstantOp constant : constants)
    numbers.push_back(getScalar(constant));
}

size_t KernelUse::hash() const {
  llvm::hash_code code = llvm::hash_combine(piece.captures.buffers.size(), piece.captures.scalars.size());
  forEachOp([&](Operation *op) { code = llvm::hash_combine(code, hashCode(op)); });
  return code;
}

bool KernelUse::isSameCode(const KernelUse &other) const {
  const Captures &a = piece.captures, &b = other.piece.captures;
  CodeComparison comparison;
  auto match = [&](Value x, Value y) { return comparison.match(x, y); };
  auto areEqual = [&](Operation *x, Operation *y) { return comparison.areEqual(*x, *y); };
  bool haveArenas = piece.arena && other.piece.arena;
  return (!haveArenas || match(piece.arena, other.piece.arena)) && llvm::equal(a.buffers, b.buffers, match) &&
         llvm::equal(a.scalars, b.scalars, match) && llvm::equal(a.rebuilt, b.rebuilt, areEqual) &&
         llvm::equal(piece.ops, other.piece.ops, areEqual);
}

SmallVector<size_t> KernelUses::getDiffering() const {
  return llvm::filter_to_vector(llvm::seq<size_t>(0, front().numbers.size()), [&](size_t position) {
    return llvm::any_of(*this,
                        [&](const KernelUse &use) { return use.numbers[position] != front().numbers[position]; });
  });
}

bool KernelUses::takes(const KernelUse &use, size_t maxNumbers) const {
  if (!front().isSameCode(use))
    return false;
  SmallVector<size_t> differing = getDiffering();
  size_t count = differing.size();
  for (auto [position, number] : llvm::enumerate(use.numbers))
    count += number != front().numbers[position] && !llvm::is_contained(differing, position);
  return count <= maxNumbers;
}

void nn::replaceDiffering(func::FuncOp function, const KernelUses &uses,
                          llvm::function_ref<Value(OpBuilder &, Location, Type, size_t)> getNumber) {
  SmallVector<arith::ConstantOp> constants;
  findPassableConstants(function, constants);
  for (auto [number, position] : llvm::enumerate(uses.getDiffering())) {
    arith::ConstantOp constant = constants[position];
    Location loc = constant.getLoc();
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Value value = getNumber(builder, loc, getElementTypeOrSelf(constant.getType()), number);
    if (isa<VectorType>(constant.getType()))
      value = vector::BroadcastOp::create(builder, loc, constant.getType(), value);
    constant.replaceAllUsesWith(value);
    constant.erase();
  }
}
