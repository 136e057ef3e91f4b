// Finds what two bodies compute alike, and makes it an output of the first and an input of the second.
#include "codegen/cpu/SharedValues.h"
#include "codegen/Buffers.h"
#include "codegen/cpu/Aliases.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::nn;

/// Operations that a store and a load have to save.
static constexpr int64_t minSaved = 16;

namespace {

/// Compares what the bodies of two operations with the same loops compute.
class Comparison {
public:
  Comparison(const RowGroup &group, size_t first, size_t second)
      : group(group), begin(first), end(second), first(group.members[first].op), second(group.members[second].op) {}

  /// Whether `a` of the first body and `b` of the second are the same in each iteration.
  bool isSame(Value a, Value b);

private:
  bool isSameOp(Operation *a, Operation *b);
  bool isSameArgument(BlockArgument a, BlockArgument b);

  const RowGroup &group;
  size_t begin, end;
  linalg::GenericOp first, second;
  DenseMap<std::pair<Value, Value>, bool> known;
};

} // namespace

bool Comparison::isSame(Value a, Value b) {
  bool isInA = a.getParentBlock() == first.getBody(), isInB = b.getParentBlock() == second.getBody();
  if (!isInA || !isInB)
    return a == b;
  auto [entry, isNew] = known.try_emplace({a, b}, false);
  if (!isNew)
    return entry->second;
  auto argumentA = dyn_cast<BlockArgument>(a), argumentB = dyn_cast<BlockArgument>(b);
  bool same = false;
  if (argumentA && argumentB)
    same = isSameArgument(argumentA, argumentB);
  else if (!argumentA && !argumentB)
    same = cast<OpResult>(a).getResultNumber() == cast<OpResult>(b).getResultNumber() &&
           isSameOp(a.getDefiningOp(), b.getDefiningOp());
  return known[{a, b}] = same;
}

bool Comparison::isSameOp(Operation *a, Operation *b) {
  return a->getName() == b->getName() && a->getAttrDictionary() == b->getAttrDictionary() &&
         a->getResultTypes() == b->getResultTypes() && a->getNumOperands() == b->getNumOperands() &&
         a->getNumRegions() == 0 && isPure(a) &&
         llvm::all_of(llvm::zip_equal(a->getOperands(), b->getOperands()),
                      [&](auto pair) { return isSame(std::get<0>(pair), std::get<1>(pair)); });
}

/// The same element of the same buffer, which nothing changes between the two.
bool Comparison::isSameArgument(BlockArgument a, BlockArgument b) {
  OpOperand &x = first->getOpOperand(a.getArgNumber()), &y = second->getOpOperand(b.getArgNumber());
  if (first.isDpsInit(&x) || second.isDpsInit(&y) ||
      first.getMatchingIndexingMap(&x) != second.getMatchingIndexingMap(&y))
    return false;
  if (!isa<MemRefType>(x.get().getType()))
    return x.get() == y.get();
  return isSameView(x.get(), y.get()) &&
         llvm::none_of(ArrayRef(group.members).slice(begin, end - begin),
                       [&](const RowOp &member) { return mayWrite(member.op, x.get()); });
}

/// How many operations of the body nobody needs any more once `value` is read from a buffer.
static int64_t countSaved(linalg::GenericOp op, Value value) {
  DenseSet<Operation *> dead;
  for (Operation &inner : llvm::reverse(op.getBody()->without_terminator()))
    if (&inner == value.getDefiningOp() ||
        (!inner.use_empty() && llvm::all_of(inner.getUsers(), [&](Operation *user) { return dead.contains(user); })))
      dead.insert(&inner);
  return dead.size();
}

/// The pair of same values, of the first body and the second, that saves most.
static std::pair<Value, Value> findShared(const RowGroup &group, size_t first, size_t second) {
  linalg::GenericOp a = group.members[first].op, b = group.members[second].op;
  Comparison comparison(group, first, second);
  std::pair<Value, Value> best;
  int64_t most = minSaved - 1;
  for (Operation &inner : b.getBody()->without_terminator()) {
    if (inner.getNumResults() != 1 || !isa<FloatType>(inner.getResult(0).getType()))
      continue;
    int64_t saved = countSaved(b, inner.getResult(0));
    if (saved <= most)
      continue;
    for (Operation &other : a.getBody()->without_terminator())
      if (other.getName() == inner.getName() && comparison.isSame(other.getResult(0), inner.getResult(0))) {
        best = {other.getResult(0), inner.getResult(0)};
        most = saved;
        break;
      }
  }
  return best;
}

/// `op` with other operands around the same body; `op` is erased.
static linalg::GenericOp replace(OpBuilder &builder, linalg::GenericOp op, ValueRange inputs, ValueRange outputs,
                                 ArrayRef<AffineMap> maps) {
  builder.setInsertionPoint(op);
  auto replacement = linalg::GenericOp::create(builder, op.getLoc(), inputs, outputs, maps, op.getIteratorTypesArray());
  replacement.getRegion().takeBody(op.getRegion());
  op.erase();
  return replacement;
}

static linalg::GenericOp addOutput(OpBuilder &builder, linalg::GenericOp op, Value value, Value buffer, AffineMap map) {
  SmallVector<Value> outputs(op.getOutputs());
  outputs.push_back(buffer);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.push_back(map);
  op.getBody()->addArgument(value.getType(), op.getLoc());
  op.getBody()->getTerminator()->insertOperands(op.getNumDpsInits(), value);
  return replace(builder, op, op.getInputs(), outputs, maps);
}

/// Reads `value` from `buffer`, and no longer what it was computed of.
static linalg::GenericOp addInput(OpBuilder &builder, linalg::GenericOp op, Value value, Value buffer, AffineMap map) {
  Block *body = op.getBody();
  value.replaceAllUsesWith(body->insertArgument(op.getNumDpsInputs(), value.getType(), op.getLoc()));
  for (Operation *inner = &body->back(); inner;) {
    Operation *before = inner->getPrevNode();
    if (isOpTriviallyDead(inner))
      inner->erase();
    inner = before;
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  llvm::BitVector unused(body->getNumArguments());
  for (OpOperand *input : op.getDpsInputOperands()) {
    if (op.getMatchingBlockArgument(input).use_empty()) {
      unused.set(input->getOperandNumber());
      continue;
    }
    inputs.push_back(input->get());
    maps.push_back(op.getMatchingIndexingMap(input));
  }
  inputs.push_back(buffer);
  maps.push_back(map);
  for (OpOperand &output : op.getDpsInitsMutable())
    maps.push_back(op.getMatchingIndexingMap(&output));
  body->eraseArguments(unused);
  return replace(builder, op, inputs, op.getOutputs(), maps);
}

/// What `value` of `op` is in a clone of it.
static Value getInClone(linalg::GenericOp op, linalg::GenericOp clone, Value value) {
  auto position = std::distance(op.getBody()->begin(), value.getDefiningOp()->getIterator());
  return std::next(clone.getBody()->begin(), position)->getResult(cast<OpResult>(value).getResultNumber());
}

/// Shares one value of members `first` and `second`, where that is worth it.
static void shareValue(RowGroup &group, size_t first, size_t second, const CpuTarget &target) {
  RowOp &a = group.members[first], &b = group.members[second];
  std::optional<unsigned> vectorLoop = a.schedule.vectorLoop;
  if (a.extents != b.extents || a.extents.size() == group.numRowLoops || !vectorLoop ||
      b.schedule.vectorLoop != vectorLoop)
    return;
  auto [value, again] = findShared(group, first, second);
  if (!value)
    return;
  // It lies as vectors run.
  SmallVector<unsigned> loops = llvm::to_vector(llvm::seq<unsigned>(0, a.extents.size()));
  llvm::erase(loops, *vectorLoop);
  loops.push_back(*vectorLoop);
  AffineMap map = AffineMap::getPermutationMap(loops, value.getContext());
  SmallVector<int64_t> shape = llvm::map_to_vector(loops, [&](unsigned loop) { return a.extents[loop]; });
  auto type = MemRefType::get(shape, value.getType());
  if (group.getRowBytes() + *getBufferBytes(type) / group.getNumRows() > getMaxRowBytes(target))
    return;

  OpBuilder builder(a.op);
  Value buffer = memref::AllocOp::create(builder, value.getLoc(), type, builder.getI64IntegerAttr(64));
  auto rewrite = [&](RowOp &member, Value inMember, auto change) {
    builder.setInsertionPoint(member.op);
    auto clone = cast<linalg::GenericOp>(builder.clone(*member.op));
    return change(builder, clone, getInClone(member.op, clone, inMember), buffer, map);
  };
  linalg::GenericOp newA = rewrite(a, value, addOutput), newB = rewrite(b, again, addInput);
  // Other operands could have vectors run along another loop, and sums in another order.
  auto keepsLoops = [&](const RowOp &member, linalg::GenericOp op) {
    GenericSchedule schedule = scheduleGeneric(op, target);
    return schedule.vectorLoop == member.schedule.vectorLoop &&
           schedule.transposedLoop == member.schedule.transposedLoop;
  };
  if (keepsLoops(a, newA) && keepsLoops(b, newB)) {
    std::swap(a.op, newA);
    std::swap(b.op, newB);
  }
  newA.erase();
  newB.erase();
  if (buffer.use_empty())
    buffer.getDefiningOp()->erase();
}

void nn::shareValues(RowGroup &group, const CpuTarget &target) {
  for (size_t second = 1; second < group.members.size(); ++second)
    for (size_t first = 0; first < second; ++first)
      shareValue(group, first, second, target);
}
