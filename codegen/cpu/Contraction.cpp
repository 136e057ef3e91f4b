// Recognises matrix products and finds the elementwise operations around them
// that a tile can take along.
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::nn;

/// A tile holds what each of them writes in registers; of a long chain the rest reads its operands from memory.
static constexpr size_t maxEpilogues = 16;

/// Terms of a sum for each of few columns, from which on full vectors of rows are worth storing their elements one by
/// one.
static constexpr int64_t minTermsPerColumn = 8;

/// Whether `product` is a * b of the two inputs' block arguments.
static bool isProductOfInputs(Value product, Block *body) {
  Operation *multiply = product.getDefiningOp();
  if (!multiply || !isa<arith::MulFOp, arith::MulIOp>(multiply))
    return false;
  Value x = multiply->getOperand(0), y = multiply->getOperand(1), a = body->getArgument(0), b = body->getArgument(1);
  return (x == a && y == b) || (x == b && y == a);
}

bool nn::hasMultiplyAddBody(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  Block *body = op.getBody();
  Operation *sum = body->getTerminator()->getOperand(0).getDefiningOp();
  Value c = body->getArgument(2);
  if (!sum || sum->getBlock() != body)
    return false;
  if (auto fma = dyn_cast<math::FmaOp>(sum)) {
    Value a = body->getArgument(0), b = body->getArgument(1);
    return body->getOperations().size() == 2 && fma.getC() == c &&
           ((fma.getA() == a && fma.getB() == b) || (fma.getA() == b && fma.getB() == a));
  }
  if (!isa<arith::AddFOp, arith::AddIOp>(sum) || body->getOperations().size() != 3)
    return false;
  return (sum->getOperand(0) == c && isProductOfInputs(sum->getOperand(1), body)) ||
         (sum->getOperand(1) == c && isProductOfInputs(sum->getOperand(0), body));
}

void nn::fuseMultiplyAdd(RewriterBase &rewriter, linalg::GenericOp op) {
  if (!hasMultiplyAddBody(op) || !isa<FloatType>(op.getRegionOutputArgs()[0].getType()))
    return;
  Block *body = op.getBody();
  Operation *sum = body->getTerminator()->getOperand(0).getDefiningOp();
  if (isa<math::FmaOp>(sum))
    return;
  rewriter.setInsertionPoint(sum);
  rewriter.replaceOpWithNewOp<math::FmaOp>(sum, body->getArgument(0), body->getArgument(1), body->getArgument(2));
  rewriter.eraseOp(&body->front());
}

/// So that the second factor's columns are what the first one's rows were.
static void exchangeFactors(Contraction &contraction) {
  std::swap(contraction.a, contraction.b);
  std::swap(contraction.rows, contraction.columns);
}

FailureOr<Contraction> nn::matchContraction(linalg::GenericOp op) {
  if (!hasMultiplyAddBody(op))
    return failure();
  Contraction result{op, op.getDpsInputOperand(0), op.getDpsInputOperand(1), op.getDpsInitOperand(0), {}, {}, {}, {}, 0,
                     0,  op.getStaticLoopRanges()};
  for (OpOperand *operand : {result.a, result.b, result.c})
    if (!isa<MemRefType>(operand->get().getType()) || !op.getMatchingIndexingMap(operand).isProjectedPermutation())
      return failure();
  AffineMap a = op.getMatchingIndexingMap(result.a), b = op.getMatchingIndexingMap(result.b),
            c = op.getMatchingIndexingMap(result.c);
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    bool inA = a.isFunctionOfDim(loop), inB = b.isFunctionOfDim(loop), inC = c.isFunctionOfDim(loop);
    if (inC != (op.getIteratorTypesArray()[loop] == utils::IteratorType::parallel) || !(inA || inB))
      return failure();
    if (!inC && !(inA && inB))
      return failure();
    (inC ? inA && inB ? result.batch : inA ? result.rows : result.columns : result.sums).push_back(loop);
  }
  if (c.getNumResults() == 0)
    return failure();
  result.vectorDim = c.getNumResults() - 1;
  for (unsigned dim = 0; dim < c.getNumResults(); ++dim)
    if (result.getExtent(c.getDimPosition(dim)) > 1)
      result.vectorDim = dim;
  result.vectorLoop = c.getDimPosition(result.vectorDim);
  if (llvm::is_contained(result.rows, result.vectorLoop))
    exchangeFactors(result);
  if (!llvm::is_contained(result.columns, result.vectorLoop))
    return failure();
  return result;
}

FailureOr<Contraction> nn::matchContraction(linalg::GenericOp op, const CpuTarget &target) {
  FailureOr<Contraction> result = matchContraction(op);
  if (failed(result))
    return failure();
  int64_t lanes = target.getLanes(cast<MemRefType>(result->c->get().getType()).getElementType());
  int64_t columns = result->getExtent(result->vectorLoop);
  if (2 * columns > lanes || result->getNumTerms() < minTermsPerColumn * columns)
    return result;
  auto isLong = [&](unsigned loop) {
    return result->getExtent(loop) >= 2 * lanes && getStrideAlong(result->a, loop) == 1;
  };
  auto row = llvm::find_if(result->rows, isLong);
  if (row == result->rows.end())
    return result;
  result->vectorLoop = *row;
  result->vectorDim = *op.getMatchingIndexingMap(result->c).getResultPosition(getAffineDimExpr(*row, op.getContext()));
  exchangeFactors(*result);
  return result;
}

SmallVector<Operation *> ContractionGroup::getOps() const {
  SmallVector<Operation *> ops;
  if (prologue)
    ops.push_back(prologue);
  ops.push_back(contraction.op);
  llvm::append_range(ops, epilogues);
  return ops;
}

namespace {

/// Finds what to compute along with a contraction. The group's code will stand
/// where its last member does, so each member must be movable down past what
/// stands between.
class GroupFinder {
public:
  GroupFinder(const Contraction &contraction, const DenseSet<Operation *> &taken, bool knowsRoots)
      : group{contraction, {}, {}}, result(contraction.c->get()),
        resultMap(linalg::GenericOp(contraction.op).getMatchingIndexingMap(contraction.c)), taken(taken),
        knowsRoots(knowsRoots) {}

  ContractionGroup find() {
    findPrologue();
    findEpilogues();
    return group;
  }

private:
  /// The ops of the block that may touch one of `touched`, or write one of `read`, as far as they are memrefs.
  SmallVector<Operation *> findNeighbours(ArrayRef<Value> touched, ArrayRef<Value> read) {
    Block *block = group.contraction.op->getBlock();
    if (knowsRoots)
      return findUsers(block, touched, read);
    return llvm::map_to_vector(*block, [](Operation &op) { return &op; });
  }

  void findPrologue() {
    Operation *contraction = group.contraction.op;
    SmallVector<Operation *> neighbours = findNeighbours(result, {});
    auto before = llvm::find_if(llvm::reverse(neighbours), [&](Operation *op) {
      return op->isBeforeInBlock(contraction) && mayTouch(op, result);
    });
    if (before == neighbours.rend())
      return;
    auto generic = dyn_cast<linalg::GenericOp>(*before);
    if (!generic || !isPrologue(generic))
      return;
    for (Operation *op : findNeighbours({}, llvm::to_vector(generic.getInputs())))
      if (generic->isBeforeInBlock(op) && op->isBeforeInBlock(contraction) &&
          llvm::any_of(generic.getInputs(), [&](Value input) { return writes(op, input); }))
        return;
    group.prologue = generic;
  }

  bool isPrologue(linalg::GenericOp op) {
    if (taken.contains(op) || !isElementwise(op) || op.getNumDpsInits() != 1 ||
        !isSameView(op.getDpsInits()[0], result) || op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
      return false;
    return llvm::none_of(op.getDpsInputs(), [&](Value input) { return isMemRefAliasing(input, result); });
  }

  void findEpilogues() {
    Operation *last = group.contraction.op;
    // Each member adds to what the next must not pass.
    for (bool found = true; found && group.epilogues.size() < maxEpilogues;) {
      found = false;
      for (Operation *op : findNeighbours(getWritten(), getRead())) {
        if (!last->isBeforeInBlock(op) || op->hasTrait<OpTrait::IsTerminator>())
          continue;
        auto generic = dyn_cast<linalg::GenericOp>(op);
        if (generic && isEpilogue(generic)) {
          group.epilogues.push_back(generic);
          last = op;
          found = true;
          break;
        }
        if (!canSinkPast(op))
          return;
      }
    }
  }

  /// The buffers that the group writes, with the map from its tile's
  /// coordinates being the identity.
  SmallVector<Value> getWritten() {
    SmallVector<Value> written = {result};
    for (linalg::GenericOp epilogue : group.epilogues)
      llvm::append_range(written, epilogue.getDpsInits());
    return written;
  }

  SmallVector<Value> getRead() {
    SmallVector<Value> read = {group.contraction.a->get(), group.contraction.b->get()};
    if (group.prologue)
      llvm::append_range(read, group.prologue.getDpsInputs());
    for (linalg::GenericOp epilogue : group.epilogues)
      llvm::append_range(read, epilogue.getDpsInputs());
    return read;
  }

  bool canSinkPast(Operation *op) {
    return llvm::none_of(getWritten(), [&](Value memref) { return mayTouch(op, memref); }) &&
           llvm::none_of(getRead(), [&](Value value) { return writes(op, value); });
  }

  static bool writes(Operation *op, Value value) { return isa<MemRefType>(value.getType()) && mayWrite(op, value); }

  static bool isMemRefAliasing(Value a, Value b) {
    return isa<MemRefType>(a.getType()) && isa<MemRefType>(b.getType()) && mayAlias(a, b);
  }

  /// All loops parallel, of the result's shape, every output written at its own
  /// place.
  bool isElementwise(linalg::GenericOp op) {
    return op.getNumParallelLoops() == op.getNumLoops() && op.getNumLoops() == resultMap.getNumResults() &&
           VectorBody::canVectorize(op, group.contraction.vectorDim) && !hasLoads(op) &&
           llvm::equal(op.getStaticLoopRanges(), cast<MemRefType>(result.getType()).getShape()) &&
           llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &output) { return isIdentity(op, &output); });
  }

  static bool hasLoads(linalg::GenericOp op) {
    return op.getBody()->walk([](memref::LoadOp) { return WalkResult::interrupt(); }).wasInterrupted();
  }

  static bool isIdentity(linalg::GenericOp op, OpOperand *operand) {
    return op.getMatchingIndexingMap(operand).isIdentity();
  }

  bool isEpilogue(linalg::GenericOp op) {
    if (taken.contains(op) || !isElementwise(op))
      return false;
    SmallVector<Value> written = getWritten(), read = getRead();
    bool readsTile = false;
    for (OpOperand &operand : op->getOpOperands()) {
      bool isOutput = op.isDpsInit(&operand);
      for (Value tile : written) {
        if (!isMemRefAliasing(operand.get(), tile))
          continue;
        // What the group writes is there tile by tile only.
        if (!isSameView(operand.get(), tile) || !isIdentity(op, &operand))
          return false;
        readsTile |= !isOutput || op.payloadUsesValueFromOperand(&operand);
      }
      // An output may overwrite what this or an earlier member reads at the
      // same place, nothing else.
      if (isOutput &&
          (overwritesOtherPlaces(operand.get(), group.contraction.op) ||
           (group.prologue && overwritesOtherPlaces(operand.get(), group.prologue)) ||
           overwritesOtherPlaces(operand.get(), op) || llvm::any_of(group.epilogues, [&](linalg::GenericOp earlier) {
             return overwritesOtherPlaces(operand.get(), earlier);
           })))
        return false;
    }
    return readsTile;
  }

  /// Whether storing a tile of `output` may change what `reader` reads for
  /// another tile.
  bool overwritesOtherPlaces(Value output, linalg::GenericOp reader) {
    return llvm::any_of(reader->getOpOperands(), [&](OpOperand &operand) {
      if (!isMemRefAliasing(operand.get(), output))
        return false;
      if (reader == group.contraction.op)
        return &operand != group.contraction.c || !isSameView(operand.get(), output);
      return !isSameView(operand.get(), output) || !isIdentity(reader, &operand);
    });
  }

  ContractionGroup group;
  Value result;
  AffineMap resultMap;
  const DenseSet<Operation *> &taken;
  bool knowsRoots;
};

} // namespace

Location nn::getGroupLocation(const ContractionGroup &group) {
  SmallVector<Location> locations = {group.contraction.op->getLoc()};
  for (Operation *member : group.getOps())
    locations.push_back(member->getLoc());
  return FusedLoc::get(group.contraction.op->getContext(), locations);
}

int64_t Contraction::getNumPoints(ArrayRef<unsigned> loops) const {
  int64_t product = 1;
  for (unsigned loop : loops)
    product *= extents[loop];
  return product;
}

ContractionGroup nn::fuseNeighbours(const Contraction &contraction, const DenseSet<Operation *> &taken,
                                    bool knowsRoots) {
  return GroupFinder(contraction, taken, knowsRoots).find();
}
