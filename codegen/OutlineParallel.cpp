// nn-outline-parallel: makes the body of every parallel loop a function that the host's threads call, by the program
// ABI's nnc_rt_parallel_for. What a body needs from outside is rebuilt in it where it costs nothing, and goes through a
// context on the stack where it is a computed scalar or the place of a buffer: so loops that differ only in their
// buffers, as those of equal layers do, have one body, which is compiled once. A body has its loop's name, as a
// profiler shows it; one that more loops share says of how many.
#include "codegen/Arena.h"
#include "codegen/KernelNames.h"
#include "codegen/ParallelLoops.h"
#include "codegen/Passes.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::nn {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr StringLiteral parallelForName = "nnc_rt_parallel_for";

/// A parallel loop inside a parallel body runs as a serial loop: parallel regions never nest.
LogicalResult makeSerial(scf::ForallOp forall) {
  FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(forall);
  if (failed(dimensions))
    return failure();
  OpBuilder builder(forall);
  Location loc = forall.getLoc();
  SmallVector<Value> indices;
  for (const LoopDimension &dimension : *dimensions) {
    Value lower = arith::ConstantIndexOp::create(builder, loc, dimension.lower);
    Value upper = arith::ConstantIndexOp::create(builder, loc, dimension.lower + dimension.count * dimension.step);
    Value step = arith::ConstantIndexOp::create(builder, loc, dimension.step);
    auto loop = scf::ForOp::create(builder, loc, lower, upper, step);
    indices.push_back(loop.getInductionVar());
    builder.setInsertionPointToStart(loop.getBody());
  }
  forall.getTerminator().erase();
  Block *block = builder.getInsertionBlock();
  for (auto [index, value] : llvm::zip_equal(forall.getInductionVars(), indices))
    index.replaceAllUsesWith(value);
  block->getOperations().splice(builder.getInsertionPoint(), forall.getBody()->getOperations());
  forall.erase();
  return success();
}

/// Whether a body rebuilds what `op` computes rather than getting it from outside.
bool isRebuilt(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<memref::GetGlobalOp>(op))
    return true;
  bool isScalar = llvm::all_of(op->getResultTypes(), [](Type type) { return type.isIntOrIndexOrFloat(); });
  return !isScalar && op->getNumRegions() == 0 && isPure(op);
}

/// What a body takes from outside.
struct Captures {
  SmallVector<Operation *> rebuilt; // in an order that respects their operands
  SmallVector<memref::ViewOp> buffers;
  SmallVector<Value> scalars;
};

/// A function made of one or more equal loops.
struct Body {
  func::FuncOp function;
  /// The ops that call it, or hand it to the host: one a loop.
  SmallVector<Operation *> uses;
};

struct Outliner {
  Outliner(func::FuncOp entry, Value arena, SmallVectorImpl<Body> &bodies)
      : entry(entry), arena(arena), bodies(bodies), names(entry) {}

  LogicalResult outline(scf::ForallOp forall);

private:
  LogicalResult capture(scf::ForallOp forall, Value value, Captures &captures, llvm::DenseSet<Value> &seen);
  Body &findEqual(func::FuncOp function);
  func::FuncOp makeBody(scf::ForallOp forall, ArrayRef<LoopDimension> dimensions, const Captures &captures,
                        LLVM::LLVMStructType contextType);
  Value makeContext(OpBuilder &builder, Location loc, const Captures &captures, LLVM::LLVMStructType contextType);
  Operation *callParallelFor(OpBuilder &builder, Location loc, func::FuncOp body, Value context, int64_t count);
  void placeScratch(func::FuncOp body, Value arena, Value worker);

  func::FuncOp entry;
  Value arena;
  /// All bodies of the module so far, no two of them equal.
  SmallVectorImpl<Body> &bodies;
  KernelNames names;
};

LogicalResult Outliner::capture(scf::ForallOp forall, Value value, Captures &captures, llvm::DenseSet<Value> &seen) {
  if (value == arena || !seen.insert(value).second)
    return success();
  Operation *op = value.getDefiningOp();
  if (auto view = dyn_cast_or_null<memref::ViewOp>(op);
      view && view.getSource() == arena && getConstantIntValue(view.getByteShift()) && view.getSizes().empty()) {
    captures.buffers.push_back(view);
    return success();
  }
  if (op && isRebuilt(op)) {
    for (Value operand : op->getOperands())
      if (failed(capture(forall, operand, captures, seen)))
        return failure();
    for (Value result : op->getResults())
      seen.insert(result);
    captures.rebuilt.push_back(op);
    return success();
  }
  if (!value.getType().isIntOrIndexOrFloat())
    return forall.emitOpError() << "uses a " << value.getType() << " from outside that it can neither rebuild nor get "
                                << "as a scalar";
  captures.scalars.push_back(value);
  return success();
}

/// The body that `function` makes, or an earlier one that does the same, for which `function` goes.
Body &Outliner::findEqual(func::FuncOp function) {
  for (Body &earlier : bodies)
    if (OperationEquivalence::isRegionEquivalentTo(&earlier.function.getBody(), &function.getBody(),
                                                   OperationEquivalence::IgnoreLocations)) {
      function.erase();
      return earlier;
    }
  bodies.push_back({function, {}});
  return bodies.back();
}

/// How a scalar lies in the context.
Type getFieldType(Type type) { return isa<IndexType>(type) ? IntegerType::get(type.getContext(), 64) : type; }

LogicalResult Outliner::outline(scf::ForallOp forall) {
  FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(forall);
  if (failed(dimensions))
    return failure();
  int64_t taskCount = countTasks(*dimensions);
  if (taskCount == 0) {
    forall.erase();
    return success();
  }
  Captures captures;
  llvm::SetVector<Value> used;
  llvm::DenseSet<Value> seen;
  getUsedValuesDefinedAbove(forall.getRegion(), used);
  for (Value value : used)
    if (failed(capture(forall, value, captures, seen)))
      return failure();

  MLIRContext *context = forall.getContext();
  SmallVector<Type> fields = {LLVM::LLVMPointerType::get(context)};
  fields.append(captures.buffers.size(), IntegerType::get(context, 64));
  for (Value scalar : captures.scalars)
    fields.push_back(getFieldType(scalar.getType()));
  auto contextType = LLVM::LLVMStructType::getLiteral(context, fields);

  Location loc = forall.getLoc();
  Body &body = findEqual(makeBody(forall, *dimensions, captures, contextType));
  OpBuilder builder(forall);
  Value place = makeContext(builder, loc, captures, contextType);
  body.uses.push_back(callParallelFor(builder, loc, body.function, place, taskCount));
  forall.erase();
  return success();
}

func::FuncOp Outliner::makeBody(scf::ForallOp forall, ArrayRef<LoopDimension> dimensions, const Captures &captures,
                                LLVM::LLVMStructType contextType) {
  Location loc = forall.getLoc();
  OpBuilder builder(entry);
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type i64 = builder.getI64Type();
  auto body = func::FuncOp::create(builder, loc, (entry.getSymName() + "." + names.getName(forall)).str(),
                                   builder.getFunctionType({pointer, i64, i64}, {}));
  body.setPrivate();
  Block *block = body.addEntryBlock();
  builder.setInsertionPointToStart(block);

  auto loadField = [&](int32_t field) -> Value {
    Value place = LLVM::GEPOp::create(builder, loc, pointer, contextType, block->getArgument(0),
                                      ArrayRef<LLVM::GEPArg>{0, field});
    return LLVM::LoadOp::create(builder, loc, contextType.getBody()[field], place);
  };
  IRMapping mapping;
  Value bodyArena = makeArena(builder, loc, loadField(0));
  mapping.map(arena, bodyArena);
  int32_t field = 1;
  for (memref::ViewOp buffer : captures.buffers) {
    Value offset = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), loadField(field++));
    mapping.map(buffer.getResult(),
                memref::ViewOp::create(builder, loc, buffer.getType(), bodyArena, offset, ValueRange{}).getResult());
  }
  for (Value scalar : captures.scalars) {
    Value value = loadField(field++);
    if (isa<IndexType>(scalar.getType()))
      value = arith::IndexCastOp::create(builder, loc, scalar.getType(), value);
    mapping.map(scalar, value);
  }
  for (Operation *op : captures.rebuilt)
    builder.clone(*op, mapping);

  Value task = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), block->getArgument(1));
  auto constant = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, loc, value); };
  int64_t inner = countTasks(dimensions);
  for (auto [index, dimension] : llvm::zip_equal(forall.getInductionVars(), dimensions)) {
    // The position in this dimension, tasks being numbered row by row.
    Value position = task;
    bool isOutermost = index == forall.getInductionVars().front();
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
  }
  for (Operation &op : forall.getBody()->without_terminator())
    builder.clone(op, mapping);
  func::ReturnOp::create(builder, loc);
  placeScratch(body, bodyArena, block->getArgument(2));
  return body;
}

/// Makes the allocations of a body views of its worker's scratch, at the offsets that nn-plan-arena gave them.
void Outliner::placeScratch(func::FuncOp body, Value arena, Value worker) {
  auto program = entry->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>("nn.program");
  int64_t arenaBytes = program.getAs<IntegerAttr>("arena_bytes").getInt();
  int64_t workerBytes = program.getAs<IntegerAttr>("worker_bytes").getInt();
  Value scratch;
  body.walk([&](Operation *op) {
    auto offset = op->getAttrOfType<IntegerAttr>("nn.worker_offset");
    if (!offset)
      return;
    OpBuilder builder(op);
    Location loc = op->getLoc();
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

Value Outliner::makeContext(OpBuilder &builder, Location loc, const Captures &captures,
                            LLVM::LLVMStructType contextType) {
  Value context;
  {
    // In the entry block: a loop around the parallel loop must not grow the stack.
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&entry.getBody().front());
    Value one = LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(1));
    context = LLVM::AllocaOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), contextType, one);
  }
  auto storeField = [&](Value value, int32_t field) {
    Value place =
        LLVM::GEPOp::create(builder, loc, context.getType(), contextType, context, ArrayRef<LLVM::GEPArg>{0, field});
    LLVM::StoreOp::create(builder, loc, value, place);
  };
  int32_t field = 0;
  storeField(getArenaPointer(builder, loc, arena), field++);
  for (memref::ViewOp buffer : captures.buffers)
    storeField(
        LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(*getConstantIntValue(buffer.getByteShift()))),
        field++);
  for (Value scalar : captures.scalars) {
    Value value = scalar;
    if (isa<IndexType>(value.getType()))
      value = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
    storeField(value, field++);
  }
  return context;
}

/// Has all tasks of a loop done; returns the op that names the body.
Operation *Outliner::callParallelFor(OpBuilder &builder, Location loc, func::FuncOp body, Value context,
                                     int64_t count) {
  Value tasks = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(count));
  if (count == 1) {
    Value zero = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
    return func::CallOp::create(builder, loc, body, ValueRange{context, zero, zero});
  }
  auto module = entry->getParentOfType<ModuleOp>();
  auto parallelFor = module.lookupSymbol<func::FuncOp>(parallelForName);
  if (!parallelFor) {
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    parallelFor =
        func::FuncOp::create(atEnd, module.getLoc(), parallelForName,
                             atEnd.getFunctionType({body.getFunctionType(), context.getType(), tasks.getType()}, {}));
    parallelFor.setPrivate();
  }
  auto function = func::ConstantOp::create(builder, loc, body.getFunctionType(), body.getSymName());
  func::CallOp::create(builder, loc, parallelFor, ValueRange{function, context, tasks});
  return function;
}

/// A body of several loops has the name of the first: its name must not say that it is of that one alone.
void nameShared(Body &body) {
  if (body.uses.size() == 1)
    return;
  body.function.setSymName((body.function.getSymName() + ".and_" + Twine(body.uses.size() - 1) + "_more").str());
  for (Operation *use : body.uses) {
    if (auto call = dyn_cast<func::CallOp>(use))
      call.setCallee(body.function.getSymName());
    else
      cast<func::ConstantOp>(use).setValue(body.function.getSymName());
  }
}

struct OutlineParallel : nn::impl::OutlineParallelBase<OutlineParallel> {
  using Base::Base;
  void runOnOperation() override {
    SmallVector<Body> bodies;
    for (auto entry : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (entry->hasAttr("nn.entry") && failed(outlineEntry(entry, bodies)))
        return signalPassFailure();
    llvm::for_each(bodies, nameShared);
  }

  LogicalResult outlineEntry(func::FuncOp entry, SmallVectorImpl<Body> &bodies) {
    SmallVector<scf::ForallOp> outer = getParallelLoops(entry), inner;
    entry.walk([&](scf::ForallOp forall) {
      if (forall->getParentOfType<scf::ForallOp>())
        inner.push_back(forall);
    });
    if (outer.empty())
      return success();
    if (!getOperation()->getAttr("nn.program") ||
        entry.getArgumentTypes() != ArrayRef<Type>(getArenaType(&getContext())))
      return entry.emitOpError() << "has no arena; --nn-plan-arena makes one";
    for (scf::ForallOp forall : inner)
      if (failed(makeSerial(forall)))
        return failure();
    Outliner outliner(entry, entry.getArgument(0), bodies);
    for (scf::ForallOp forall : outer)
      if (failed(outliner.outline(forall)))
        return failure();
    return success();
  }
};
} // namespace
