// Copies bodies into blocks of their own, and slices of these back into ops.
#include "dialect/DetachedBlock.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::nn;

static llvm::SetVector<Value> getReadFromOutside(Block &body) {
  llvm::SetVector<Value> read;
  getUsedValuesDefinedAbove(*body.getParent(), read);
  return read;
}

SmallVector<Value> DetachedBlock::getCaptures(Block &body) {
  return llvm::filter_to_vector(getReadFromOutside(body),
                                [](Value value) { return !matchPattern(value, m_Constant()); });
}

void DetachedBlock::copyBody(Block &body, IRMapping &mapping, Location loc) {
  Block &copy = **this;
  OpBuilder builder = OpBuilder::atBlockEnd(&copy);
  for (Value value : getReadFromOutside(body)) {
    if (matchPattern(value, m_Constant()))
      mapping.map(value, builder.clone(*value.getDefiningOp())->getResult(0));
    else
      mapping.map(value, copy.addArgument(value.getType(), loc));
  }
  for (Operation &op : body)
    builder.clone(op, mapping);
}

static void addToSlice(ArrayRef<Value> values, llvm::DenseSet<Operation *> &ops,
                       llvm::SetVector<BlockArgument> &arguments) {
  for (Value value : values) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      arguments.insert(argument);
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (!ops.insert(op).second)
      continue;
    llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), read);
    addToSlice(read.getArrayRef(), ops, arguments);
  }
}

DetachedBlock::Slice DetachedBlock::slice(ArrayRef<Value> values) {
  Slice slice;
  llvm::DenseSet<Operation *> ops;
  addToSlice(values, ops, slice.arguments);
  for (Operation &op : **this)
    if (ops.contains(&op))
      slice.ops.insert(&op);
  return slice;
}

void DetachedBlock::cloneSlice(const Slice &slice, OpBuilder &builder, IRMapping &mapping) {
  for (Operation *op : slice.ops)
    builder.clone(*op, mapping);
}
