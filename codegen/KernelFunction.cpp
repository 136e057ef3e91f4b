// Makes functions of parts of others; see KernelFunction.h.
#include "codegen/KernelFunction.h"
#include "codegen/Arena.h"
#include "codegen/Buffers.h"
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
  CaptureFinder(const KernelPiece &piece, llvm::function_ref<bool(Value)> isBuffer,
                llvm::function_ref<InFlightDiagnostic()> emitError)
      : piece(piece), isBuffer(isBuffer), emitError(emitError), inside(piece.ops.begin(), piece.ops.end()) {}

  FailureOr<Captures> find() {
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
    bool isOwn = op && isBufferAllocation(op) && isUsedInsideOnly(value);
    if (!isOwn && isBuffer(value)) {
      captures.buffers.push_back(value);
      return success();
    }
    if (op && (isOwn || isRebuilt(op))) {
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

  /// Views of it aside.
  bool isUsedInsideOnly(Value memref) const {
    return llvm::all_of(memref.getUsers(), [&](Operation *user) {
      if (isBufferView(user))
        return llvm::all_of(user->getResults(), [&](Value view) { return isUsedInsideOnly(view); });
      Operation *ancestor = getAncestorIn(piece.ops.front()->getBlock(), user);
      return ancestor && inside.contains(ancestor);
    });
  }

  const KernelPiece &piece;
  llvm::function_ref<bool(Value)> isBuffer;
  llvm::function_ref<InFlightDiagnostic()> emitError;
  llvm::DenseSet<Operation *> inside;
  Captures captures;
  llvm::DenseSet<Value> seen;
};
} // namespace

FailureOr<Captures> nn::findCaptures(const KernelPiece &piece, llvm::function_ref<bool(Value)> isBuffer,
                                     llvm::function_ref<InFlightDiagnostic()> emitError) {
  return CaptureFinder(piece, isBuffer, emitError).find();
}

bool nn::isPlannedBuffer(Value value, Value arena) {
  auto view = value.getDefiningOp<memref::ViewOp>();
  return view && view.getSource() == arena && getConstantIntValue(view.getByteShift()) && view.getSizes().empty();
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

  /// Of the piece itself, or of the kernel that it calls.
  KernelFunction build(StringRef name, func::FuncOp kernel = {});

private:
  SmallVector<Value> loadCaptures(Value context, Value arena);
  void cloneCalled(func::FuncOp kernel, ArrayRef<Value> loaded);
  void clonePiece(ArrayRef<Value> loaded, Value task);
  void mapIndices(Value task);
  void placeScratch(func::FuncOp function, Value arena);

  const KernelPiece &piece;
  Location loc;
  OpBuilder builder;
  IRMapping mapping;
};
} // namespace

KernelFunction FunctionBuilder::build(StringRef name, func::FuncOp kernel) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type i64 = builder.getI64Type();
  auto function = func::FuncOp::create(builder, loc, name, builder.getFunctionType({pointer, i64, i64}, {}));
  function.setPrivate();
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  Value context = block->getArgument(0);
  Value arena =
      makeArena(builder, loc, LLVM::LoadOp::create(builder, loc, pointer, getField(builder, loc, context, 0)));
  SmallVector<Value> loaded = loadCaptures(context, arena);
  if (kernel) {
    cloneCalled(kernel, loaded);
  } else {
    if (piece.arena)
      mapping.map(piece.arena, arena);
    clonePiece(loaded, block->getArgument(1));
  }
  func::ReturnOp::create(builder, loc);
  placeScratch(function, arena);
  return {function, arena};
}

/// Each captured buffer, then each captured scalar.
SmallVector<Value> FunctionBuilder::loadCaptures(Value context, Value arena) {
  int64_t field = 1;
  auto load = [&](Type type) -> Value {
    Value value = LLVM::LoadOp::create(builder, loc, getFieldType(type), getField(builder, loc, context, field++));
    return isa<IndexType>(type) ? arith::IndexCastOp::create(builder, loc, type, value) : value;
  };
  SmallVector<Value> loaded;
  for (Value buffer : piece.captures.buffers)
    loaded.push_back(memref::ViewOp::create(builder, loc, cast<MemRefType>(buffer.getType()), arena,
                                            load(builder.getIndexType()), ValueRange{}));
  for (Value scalar : piece.captures.scalars)
    loaded.push_back(load(scalar.getType()));
  return loaded;
}

void FunctionBuilder::cloneCalled(func::FuncOp kernel, ArrayRef<Value> loaded) {
  ArrayRef<Value> buffers = loaded.take_front(piece.captures.buffers.size()),
                  scalars = loaded.drop_front(buffers.size());
  for (BlockArgument argument : kernel.getArguments()) {
    ArrayRef<Value> &of = isa<MemRefType>(argument.getType()) ? buffers : scalars;
    mapping.map(argument, of.front());
    of = of.drop_front();
  }
  for (Operation &op : kernel.getBody().front().without_terminator())
    builder.clone(op, mapping);
}

void FunctionBuilder::clonePiece(ArrayRef<Value> loaded, Value task) {
  for (auto [captured, value] :
       llvm::zip_equal(llvm::concat<const Value>(piece.captures.buffers, piece.captures.scalars), loaded))
    mapping.map(captured, value);
  for (Operation *op : piece.captures.rebuilt)
    builder.clone(*op, mapping);
  if (piece.loop) {
    mapIndices(arith::IndexCastOp::create(builder, loc, builder.getIndexType(), task));
    for (Operation &op : scf::ForallOp(piece.loop).getBody()->without_terminator())
      builder.clone(op, mapping);
  } else {
    for (Operation *op : piece.ops)
      builder.clone(*op, mapping);
  }
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

KernelFunction nn::makeFunction(const KernelPiece &piece, StringRef name, func::FuncOp kernel) {
  return FunctionBuilder(piece).build(name, kernel);
}

void nn::fillContext(OpBuilder &builder, const KernelPiece &piece, Value arenaPointer, Value context) {
  Location loc = piece.getLoc();
  int64_t field = 0;
  auto store = [&](Value value) {
    LLVM::StoreOp::create(builder, loc, value, getField(builder, loc, context, field++));
  };
  store(arenaPointer);
  for (Value buffer : piece.captures.buffers) {
    int64_t offset = *getConstantIntValue(buffer.getDefiningOp<memref::ViewOp>().getByteShift());
    store(LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(offset)));
  }
  for (Value scalar : piece.captures.scalars) {
    if (isa<IndexType>(scalar.getType()))
      scalar = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), scalar);
    store(scalar);
  }
}
