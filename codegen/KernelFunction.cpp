// Makes functions of parts of others; see KernelFunction.h.
#include "codegen/KernelFunction.h"
#include "codegen/Arena.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::nn;

/// Fields of a context, whatever they hold.
static constexpr int32_t fieldBytes = 8;

/// Whether a function rebuilds what `op` computes rather than getting it from outside.
static bool isRebuilt(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<memref::GetGlobalOp>(op))
    return true;
  bool isScalar = llvm::all_of(op->getResultTypes(), [](Type type) { return type.isIntOrIndexOrFloat(); });
  return !isScalar && op->getNumRegions() == 0 && isPure(op);
}

namespace {
class CaptureFinder {
public:
  CaptureFinder(const KernelPiece &piece, llvm::function_ref<InFlightDiagnostic()> emitError)
      : piece(piece), emitError(emitError) {}

  FailureOr<Captures> find() {
    llvm::DenseSet<Operation *> inside(piece.ops.begin(), piece.ops.end());
    llvm::SetVector<Value> used;
    for (Operation *op : piece.ops) {
      if (!piece.loop)
        used.insert_range(op->getOperands());
      getUsedValuesDefinedAbove(op->getRegions(), used);
    }
    for (Value value : used)
      if (!inside.contains(value.getDefiningOp()) && failed(capture(value)))
        return failure();
    return captures;
  }

private:
  LogicalResult capture(Value value) {
    if (value == piece.arena || !seen.insert(value).second)
      return success();
    Operation *op = value.getDefiningOp();
    if (auto view = dyn_cast_or_null<memref::ViewOp>(op); view && view.getSource() == piece.arena &&
                                                          getConstantIntValue(view.getByteShift()) &&
                                                          view.getSizes().empty()) {
      captures.buffers.push_back(view);
      return success();
    }
    if (op && isRebuilt(op)) {
      for (Value operand : op->getOperands())
        if (failed(capture(operand)))
          return failure();
      seen.insert_range(op->getResults());
      captures.rebuilt.push_back(op);
      return success();
    }
    if (!value.getType().isIntOrIndexOrFloat()) {
      if (emitError)
        emitError() << "uses a " << value.getType() << " from outside that it can neither rebuild nor get as a scalar";
      return failure();
    }
    captures.scalars.push_back(value);
    return success();
  }

  const KernelPiece &piece;
  llvm::function_ref<InFlightDiagnostic()> emitError;
  Captures captures;
  llvm::DenseSet<Value> seen;
};
} // namespace

FailureOr<Captures> nn::findCaptures(const KernelPiece &piece, llvm::function_ref<InFlightDiagnostic()> emitError) {
  return CaptureFinder(piece, emitError).find();
}

int64_t nn::getNumFields(const Captures &captures) { return 1 + captures.buffers.size() + captures.scalars.size(); }

Value nn::getField(OpBuilder &builder, Location loc, Value context, int64_t field) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), context,
                             ArrayRef<LLVM::GEPArg>{fieldBytes * static_cast<int32_t>(field)});
}

/// How a scalar lies in the context.
static Type getFieldType(Type type) { return isa<IndexType>(type) ? IntegerType::get(type.getContext(), 64) : type; }

namespace {
class FunctionBuilder {
public:
  explicit FunctionBuilder(const KernelPiece &piece)
      : piece(piece), loc(piece.getLoc()), builder(func::FuncOp(piece.host)) {}

  KernelFunction build(StringRef name);

private:
  void mapCaptures(Value context, Value arena);
  void mapIndices(Value task);
  void placeScratch(func::FuncOp function, Value arena);

  const KernelPiece &piece;
  Location loc;
  OpBuilder builder;
  IRMapping mapping;
};
} // namespace

KernelFunction FunctionBuilder::build(StringRef name) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type i64 = builder.getI64Type();
  auto function = func::FuncOp::create(builder, loc, name, builder.getFunctionType({pointer, i64, i64}, {}));
  function.setPrivate();
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  Value context = block->getArgument(0);
  Value arena =
      makeArena(builder, loc, LLVM::LoadOp::create(builder, loc, pointer, getField(builder, loc, context, 0)));
  mapCaptures(context, arena);
  if (piece.loop) {
    mapIndices(arith::IndexCastOp::create(builder, loc, builder.getIndexType(), block->getArgument(1)));
    for (Operation &op : scf::ForallOp(piece.loop).getBody()->without_terminator())
      builder.clone(op, mapping);
  } else {
    for (Operation *op : piece.ops)
      builder.clone(*op, mapping);
  }
  func::ReturnOp::create(builder, loc);
  placeScratch(function, arena);
  return {function, arena};
}

void FunctionBuilder::mapCaptures(Value context, Value arena) {
  mapping.map(piece.arena, arena);
  int64_t field = 1;
  auto load = [&](Type type) -> Value {
    Value value = LLVM::LoadOp::create(builder, loc, getFieldType(type), getField(builder, loc, context, field++));
    return isa<IndexType>(type) ? arith::IndexCastOp::create(builder, loc, type, value) : value;
  };
  for (memref::ViewOp buffer : piece.captures.buffers)
    mapping.map(buffer.getResult(), memref::ViewOp::create(builder, loc, buffer.getType(), arena,
                                                           load(builder.getIndexType()), ValueRange{})
                                        .getResult());
  for (Value scalar : piece.captures.scalars)
    mapping.map(scalar, load(scalar.getType()));
  for (Operation *op : piece.captures.rebuilt)
    builder.clone(*op, mapping);
}

/// A task's position in each dimension, tasks being numbered row by row.
void FunctionBuilder::mapIndices(Value task) {
  auto constant = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, loc, value); };
  int64_t inner = countTasks(piece.dimensions);
  bool isOutermost = true;
  for (auto [index, dimension] : llvm::zip_equal(scf::ForallOp(piece.loop).getInductionVars(), piece.dimensions)) {
    Value position = task;
    inner /= dimension.count;
    if (inner != 1)
      position = arith::DivUIOp::create(builder, loc, position, constant(inner));
    if (!isOutermost)
      position = arith::RemUIOp::create(builder, loc, position, constant(dimension.count));
    if (dimension.step != 1)
      position = arith::MulIOp::create(builder, loc, position, constant(dimension.step));
    if (dimension.lower != 0)
      position = arith::AddIOp::create(builder, loc, position, constant(dimension.lower));
    mapping.map(index, position);
    isOutermost = false;
  }
}

/// Makes the function's allocations views of its worker's scratch, at the offsets that nn-plan-arena gave them. Those
/// in parallel loops are these loops' business.
void FunctionBuilder::placeScratch(func::FuncOp function, Value arena) {
  auto program = function->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>("nn.program");
  int64_t arenaBytes = program.getAs<IntegerAttr>("arena_bytes").getInt();
  int64_t workerBytes = program.getAs<IntegerAttr>("worker_bytes").getInt();
  Value worker = function.getArgument(2), scratch;
  function.walk([&](Operation *op) {
    auto offset = op->getAttrOfType<IntegerAttr>("nn.worker_offset");
    if (!offset || op->getParentOfType<scf::ForallOp>())
      return;
    builder.setInsertionPoint(op);
    loc = op->getLoc();
    if (!scratch) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointAfterValue(arena);
      Value index = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), worker);
      Value bytes = arith::ConstantIndexOp::create(builder, loc, workerBytes);
      Value start = arith::ConstantIndexOp::create(builder, loc, arenaBytes);
      scratch = arith::AddIOp::create(builder, loc, start, arith::MulIOp::create(builder, loc, index, bytes));
    }
    Value place =
        arith::AddIOp::create(builder, loc, scratch, arith::ConstantIndexOp::create(builder, loc, offset.getInt()));
    auto view =
        memref::ViewOp::create(builder, loc, cast<MemRefType>(op->getResult(0).getType()), arena, place, ValueRange{});
    op->getResult(0).replaceAllUsesWith(view);
    op->erase();
  });
}

KernelFunction nn::makeFunction(const KernelPiece &piece, StringRef name) { return FunctionBuilder(piece).build(name); }

void nn::fillContext(OpBuilder &builder, const KernelPiece &piece, Value arenaPointer, Value context) {
  Location loc = piece.getLoc();
  int64_t field = 0;
  auto store = [&](Value value) {
    LLVM::StoreOp::create(builder, loc, value, getField(builder, loc, context, field++));
  };
  store(arenaPointer);
  for (memref::ViewOp buffer : piece.captures.buffers) {
    int64_t offset = *getConstantIntValue(buffer.getByteShift());
    store(LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(offset)));
  }
  for (Value scalar : piece.captures.scalars) {
    if (isa<IndexType>(scalar.getType()))
      scalar = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), scalar);
    store(scalar);
  }
}
