// nn.update_rows: the rows that a batch names, each with its own small update.
#include "dialect/Clipping.h"
#include "dialect/RowRuns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult UpdateRowsOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                             SmallVectorImpl<Type> &results) {
  auto batched = adaptor.getAttributes().getAs<DenseBoolArrayAttr>("batched");
  if (!batched)
    return emitShapeError(loc, getOperationName(), adaptor.getAttributes())
           << "takes 'batched', a flag a look-up, such as array<i1: true>";
  size_t lookups = batched.size(), others = adaptor.getOthers().size();
  if (lookups == 0 || others < 2 * lookups)
    return emitShapeError(loc, getOperationName(), adaptor.getAttributes())
           << "got " << lookups << " flags in 'batched' and " << others
           << " other operands; takes a flag a look-up, at "
           << "least one, and slots, then of each look-up the indices, then the gradients";
  results.push_back(adaptor.getParameter().getType());
  llvm::append_range(results, adaptor.getOthers().drop_back(2 * lookups).getTypes());
  return success();
}

/// The type of one row of a tensor.
static RankedTensorType getRowType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
}

static SmallVector<Type> getSlotTypes(OptimizerAttrInterface optimizer, RankedTensorType parameter) {
  return llvm::map_to_vector(optimizer.getSlots(parameter), [](const SlotSpec &slot) -> Type { return slot.type; });
}

LogicalResult UpdateRowsOp::verify() {
  auto optimizer = dyn_cast<OptimizerAttrInterface>(getOptimizer());
  if (!optimizer)
    return emitOpError() << "takes an optimizer such as #nn.adam<lr = 1.0e-3>, not " << getOptimizer();
  auto type = cast<RankedTensorType>(getParameter().getType());
  if (type.getRank() < 2 || !type.hasStaticShape() || type.getNumElements() == 0)
    return emitOpError() << "takes a parameter of rows, of static shape and not empty, not " << type;
  SmallVector<Type> slots = getSlotTypes(optimizer, type);
  if (TypeRange(slots) != TypeRange(getSlots()))
    return emitOpError() << "got slots (" << getSlots().getTypes() << "), but " << getOptimizer() << " has ("
                         << TypeRange(slots) << ")";
  for (auto [slot, row] : llvm::zip_equal(slots, getSlotTypes(optimizer, getRowType(type)))) {
    auto slotType = cast<RankedTensorType>(slot);
    if (slotType.getRank() == 0 || slotType.getDimSize(0) != type.getDimSize(0) || getRowType(slotType) != row)
      return emitOpError() << "takes an optimizer whose slots have a row for each of the parameter's, which "
                           << getOptimizer() << " has not";
  }
  for (auto [indices, gradient] : llvm::zip_equal(getIndices(), getGradients())) {
    auto indexType = cast<RankedTensorType>(indices.getType());
    if (!indexType.getElementType().isInteger() || indexType.getRank() == 0 || !indexType.hasStaticShape())
      return emitOpError() << "got indices " << indexType << ", takes integers of static shape and rank 1 or more";
    SmallVector<int64_t> shape(indexType.getShape());
    llvm::append_range(shape, type.getShape().drop_front());
    auto wanted = RankedTensorType::get(shape, type.getElementType());
    if (gradient.getType() != wanted)
      return emitOpError() << "got a gradient " << gradient.getType() << " for the rows at " << indexType << ", takes "
                           << wanted;
  }
  return success();
}

namespace {

/// Builds the turn of the loop for one row.
struct RowUpdate {
  ImplicitLocOpBuilder &b;
  UpdateRowsOp op;
  const RowRuns &runs;

  int64_t countLookups() { return op.getNumLookups(); }

  /// The next values of the parameter and its slots, in which the row of a run has its new values.
  SmallVector<Value> build(Value run, ValueRange state) {
    Value first = arith::MulIOp::create(b, run, arith::ConstantIndexOp::create(b, countLookups()));
    SmallVector<Value> begins;
    for (int64_t lookup = 0; lookup <= countLookups(); ++lookup)
      begins.push_back(extractIndex(
          b, runs.begins, arith::AddIOp::create(b, first, arith::ConstantIndexOp::create(b, lookup)).getResult()));
    Value row = extractIndex(b, runs.rows, begins.front());
    SmallVector<Value> old = llvm::map_to_vector(state, [&](Value whole) -> Value {
      auto type = cast<RankedTensorType>(whole.getType());
      return tensor::ExtractSliceOp::create(b, getRowType(type), whole, getOffsets(type, row), getSizes(type),
                                            getStrides(type));
    });
    Value gradient = sumGradients(cast<RankedTensorType>(old.front().getType()), begins);
    auto optimizer = cast<OptimizerAttrInterface>(op.getOptimizer());
    Location loc = b.getLoc();
    gradient = clipGradients(b, {optimizer.getClipping().value, {}, {}}, gradient, loc).front();
    SmallVector<Value> updated = optimizer.buildUpdate(b, b.getLoc(), old.front(), gradient, ArrayRef(old).drop_front(),
                                                       op.getLearningRate(), op.getStep());
    return llvm::map_to_vector(llvm::zip_equal(updated, state), [&](auto pair) -> Value {
      auto [part, whole] = pair;
      auto type = cast<RankedTensorType>(whole.getType());
      return tensor::InsertSliceOp::create(b, part, whole, getOffsets(type, row), getSizes(type), getStrides(type));
    });
  }

private:
  static Value extractIndex(ImplicitLocOpBuilder &at, Value tensor, Value index) {
    return arith::IndexCastOp::create(at, at.getIndexType(), tensor::ExtractOp::create(at, tensor, index));
  }

  SmallVector<OpFoldResult> getOffsets(RankedTensorType type, Value row) {
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
    offsets[0] = row;
    return offsets;
  }
  SmallVector<OpFoldResult> getSizes(RankedTensorType type) {
    SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(b.getContext(), type.getShape());
    sizes[0] = b.getIndexAttr(1);
    return sizes;
  }
  SmallVector<OpFoldResult> getStrides(RankedTensorType type) {
    return SmallVector<OpFoldResult>(type.getRank(), b.getIndexAttr(1));
  }

  /// The gradient of a row, computed where it is read, as that of a whole table is.
  Value sumGradients(RankedTensorType type, ArrayRef<Value> begins) {
    int64_t rank = type.getRank();
    Value zero = constant(b, type, 0.0), one = arith::ConstantIndexOp::create(b, 1);
    Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, TypeRange{type}, ValueRange{}, ValueRange{empty}, ArrayRef<AffineMap>{b.getMultiDimIdentityMap(rank)},
               iterators,
               [&](OpBuilder &nested, Location loc, ValueRange) {
                 ImplicitLocOpBuilder inner(loc, nested);
                 SmallVector<Value> column;
                 for (int64_t dim = 0; dim < rank; ++dim)
                   column.push_back(linalg::IndexOp::create(inner, dim));
                 Value sum;
                 for (int64_t lookup = countLookups(); lookup-- > 0;) {
                   auto loop = scf::ForOp::create(
                       inner, begins[lookup], begins[lookup + 1], one, ValueRange{zero},
                       [&](OpBuilder &body, Location loc, Value place, ValueRange carried) {
                         ImplicitLocOpBuilder at(loc, body);
                         Value gradient = tensor::ExtractOp::create(at, op.getGradients()[lookup],
                                                                    getGradientIndices(at, place, lookup, column));
                         scf::YieldOp::create(at, ValueRange{arith::AddFOp::create(at, carried[0], gradient)});
                       });
                   Value part = loop.getResult(0);
                   sum = sum ? arith::AddFOp::create(inner, sum, part).getResult() : part;
                 }
                 linalg::YieldOp::create(inner, sum);
               })
        .getResult(0);
  }

  SmallVector<Value> getGradientIndices(ImplicitLocOpBuilder &at, Value place, int64_t lookup, ValueRange column) {
    Value position = extractIndex(at, runs.positions, place);
    if (int64_t start = runs.starts[lookup])
      position = arith::SubIOp::create(at, position, arith::ConstantIndexOp::create(at, start));
    auto shape = cast<RankedTensorType>(op.getIndices()[lookup].getType()).getShape();
    SmallVector<Value> indices = getIndicesAt(at, position, shape);
    llvm::append_range(indices, column);
    return indices;
  }
};

} // namespace

FailureOr<SmallVector<Value>> UpdateRowsOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  int64_t rows = cast<RankedTensorType>(getParameter().getType()).getDimSize(0);
  RowRuns runs = findRowRuns(b, getIndices(), getBatched(), getValid(), rows);
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  SmallVector<Value> state = {getParameter()};
  llvm::append_range(state, getSlots());
  auto loop = scf::ForOp::create(b, zero, runs.count, one, state);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(b, RowUpdate{b, *this, runs}.build(loop.getInductionVar(), loop.getRegionIterArgs()));
  }
  // Each run has a row of its own, and there are no more runs than indices.
  loop->setAttr("nn.independent_turns", b.getI64IntegerAttr(std::min(runs.starts.back(), rows)));
  // What depends on the step alone is the same for all rows.
  moveLoopInvariantCode(loop);
  return SmallVector<Value>(loop.getResults());
}
