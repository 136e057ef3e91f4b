// --nn-map-to-gpu: makes an entry point a list of kernel launches.
//
// The entry's body is cut into steps: a matrix product with its neighbours, an elementwise operation or reduction, a
// parallel loop, or a run of small things, which one block does together. A step that needs nothing of another stands
// in the same launch, each on blocks of its own: a launch is a level of the graph of what needs what. So products of a
// backward pass run beside a recurrence that leaves most of the device idle, and the updates of all variables are one
// launch.
#include "codegen/Buffers.h"
#include "codegen/KernelNames.h"
#include "codegen/ParallelLoops.h"
#include "codegen/Passes.h"
#include "codegen/Placement.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/CollapseLoops.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/PackOperand.h"
#include "codegen/cpu/VectorBody.h"
#include "codegen/gpu/BlockCode.h"
#include "codegen/gpu/ContractionTile.h"
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/MirrorSlices.h"
#include "codegen/gpu/MmaTile.h"
#include "codegen/gpu/PartedLoop.h"
#include "codegen/gpu/PassScalars.h"
#include "codegen/gpu/StepCost.h"
#include "codegen/gpu/Steps.h"
#include "dialect/Recurrent.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"

namespace mlir::nn {
#define GEN_PASS_DEF_MAPTOGPU
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// Threads of a block, and of one in a launch that holds a parallel loop: its blocks are few, and each has much to do.
static constexpr int64_t plainThreads = 256, loopThreads = 512;
/// Blocks of an elementwise operation: enough to fill a device, few enough to start at once.
static constexpr int64_t maxPlainBlocks = 2048;

namespace {

class Mapper {
public:
  Mapper(func::FuncOp entry, Precision precision, LibraryUse library)
      : entry(entry), precision(precision), library(library), block(entry.getBody().front()),
        rewriter(entry.getContext()), knowsRoots(touchesKnownRootsOnly(entry)) {}

  LogicalResult run() {
    if (failed(checkShapes()))
      return failure();
    prepare();
    collapseProducts();
    DenseMap<Operation *, SmallVector<Operation *>> boundsOf = passScalars(rewriter, block);
    markStages(entry);
    auto isAlone = [&](Operation *op) { return takesDevice(cast<scf::ForallOp>(op)); };
    auto findLibraryProduct = [&](const ContractionGroup &group) { return this->findLibraryProduct(group); };
    steps = findSteps(block, {knowsRoots, boundsOf, isAlone, findLibraryProduct});
    int64_t last = -1;
    for (const Step &step : steps)
      last = std::max(last, step.level);
    for (int64_t level = 0; level <= last; ++level)
      if (failed(makeLaunch(level)))
        return failure();
    return success();
  }

private:
  LogicalResult checkShapes() {
    WalkResult result = entry.walk([](linalg::GenericOp op) -> WalkResult {
      if (!ShapedType::isDynamicShape(op.getStaticLoopRanges()))
        return WalkResult::advance();
      return op.emitOpError() << "has a shape that is not known before it runs; kernels are made for known ones";
    });
    return failure(result.wasInterrupted());
  }

  /// Products round as on CPUs, and second factors that are read time and again lie along their columns.
  void prepare() {
    for (auto forall : block.getOps<scf::ForallOp>())
      for (auto loop : forall.getBody()->getOps<scf::ForOp>())
        mirrorSlices(loop, *forall.getBody());
    SmallVector<memref::ReshapeOp> reshapes;
    entry.walk([&](memref::ReshapeOp op) { reshapes.push_back(op); });
    for (memref::ReshapeOp op : reshapes)
      replaceReshape(op);
    if (auto most = entry->getAttrOfType<IntegerAttr>(mostBlocksAttributeName))
      for (auto forall : block.getOps<scf::ForallOp>())
        if (std::optional<LoopParts> parts = findParts(forall, most.getInt()))
          partsOf[forall] = *parts;
    SmallVector<linalg::GenericOp> generics;
    entry.walk([&](linalg::GenericOp op) { generics.push_back(op); });
    for (linalg::GenericOp op : generics) {
      fuseMultiplyAdd(rewriter, op);
      if (auto forall = op->getParentOfType<scf::ForallOp>(); forall && !partsOf.contains(forall))
        packColumns(op);
    }
  }

  /// A view whose shape is known does not take it from memory, which kernels do not get.
  void replaceReshape(memref::ReshapeOp op) {
    auto type = cast<MemRefType>(op.getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    if (!type.hasStaticShape() || failed(type.getStridesAndOffset(strides, offset)) || offset != 0)
      return;
    rewriter.setInsertionPoint(op);
    rewriter.replaceOpWithNewOp<memref::ReinterpretCastOp>(op, type, op.getSource(), /*offset=*/0, type.getShape(),
                                                           strides);
  }

  /// Threads of a block read a factor's columns side by side.
  void packColumns(linalg::GenericOp op) {
    FailureOr<Contraction> contraction = matchContraction(op);
    if (failed(contraction) || getStrideAlong(contraction->b, contraction->vectorLoop) == 1)
      return;
    SmallVector<unsigned> order =
        llvm::to_vector(llvm::concat<unsigned>(contraction->batch, contraction->sums, contraction->columns));
    llvm::erase(order, contraction->vectorLoop);
    order.push_back(contraction->vectorLoop);
    if (isa<func::FuncOp>(findCopyPlace(op, contraction->b->get())->getParentOp()))
      packOperand(rewriter, *contraction, contraction->b, order);
  }

  /// Merges loops of large products and their neighbours where they can be: fewer indices to compute.
  void collapseProducts() {
    SmallVector<linalg::GenericOp> generics(block.getOps<linalg::GenericOp>());
    DenseSet<Operation *> gone;
    for (linalg::GenericOp op : generics) {
      if (gone.contains(op) || !isLargeStep(op))
        continue;
      FailureOr<Contraction> contraction = matchContraction(op);
      if (failed(contraction))
        continue;
      ContractionGroup group = fuseNeighbours(*contraction, {}, knowsRoots);
      SmallVector<Operation *> members = group.getOps();
      SmallVector<linalg::GenericOp> collapsed = collapseGroup(rewriter, group);
      for (auto [before, after] : llvm::zip(members, collapsed))
        if (before != after.getOperation())
          gone.insert(before);
    }
  }

  /// Whether a loop's blocks, which take long and most of a multiprocessor each, leave little room for others beside
  /// them, or have to be alone, as they wait for each other.
  bool takesDevice(scf::ForallOp loop) {
    auto most = entry->getAttrOfType<IntegerAttr>(mostBlocksAttributeName);
    FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(loop);
    return partsOf.contains(loop) || (most && succeeded(dimensions) && countTasks(*dimensions) * 2 > most.getInt());
  }

  std::optional<LibraryProduct> findLibraryProduct(const ContractionGroup &group) {
    std::optional<LibraryProduct> product = library == LibraryUse::never ? std::nullopt : matchLibraryProduct(group);
    return product && takesLibrary(library, *product, group, precision) ? product : std::nullopt;
  }

  bool isForTensorCores(const Contraction &contraction) const {
    return precision != Precision::f32 && getElementTypeOrSelf(contraction.c->get().getType()).isF32();
  }

  int64_t countBlocks(const Step &step, int64_t numThreads) {
    switch (step.kind) {
    case Step::small:
      return 1;
    case Step::generic: {
      int64_t useful = countUsefulThreads(cast<linalg::GenericOp>(step.ops.back()));
      return std::clamp<int64_t>(llvm::divideCeil(useful, numThreads), 1, maxPlainBlocks);
    }
    case Step::product:
      return isForTensorCores(step.group->contraction)
                 ? chooseMmaTile(step.group->contraction, precision).getNumBlocks()
                 : chooseTile(step.group->contraction).getNumBlocks();
    case Step::loop: {
      FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(cast<scf::ForallOp>(step.ops[0]));
      if (failed(dimensions))
        return -1;
      auto parts = partsOf.find(step.ops[0]);
      return countTasks(*dimensions) * (parts == partsOf.end() ? 1 : parts->second.count);
    }
    case Step::turns: {
      auto most = step.ops.back()->getAttrOfType<IntegerAttr>(turnsAttributeName);
      return std::clamp<int64_t>(llvm::divideCeil(most ? most.getInt() : 1, numThreads), 1, maxPlainBlocks);
    }
    }
    llvm_unreachable("no such kind");
  }

  Value makeBytes(Location loc, int64_t bytes) {
    return arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(bytes));
  }

  LogicalResult makeLaunch(int64_t level) {
    SmallVector<Step *> members;
    SmallVector<Location> locations;
    int64_t numThreads = plainThreads;
    for (Step &step : steps)
      if (step.level == level) {
        members.push_back(&step);
        for (Operation *op : step.ops)
          locations.push_back(op->getLoc());
        if (step.kind == Step::loop)
          numThreads = loopThreads;
      }
    // The first blocks start first: those that take longest.
    llvm::sort(members, [](Step *a, Step *b) {
      return std::tuple(-a->getLength(), a) < std::tuple(-b->getLength(), b); // Else in their order.
    });
    SmallVector<int64_t> begins = {0};
    SmallVector<Step *> idle;
    for (Step *step : members) {
      int64_t blocks = countBlocks(*step, numThreads);
      if (blocks < 0)
        return failure();
      if (blocks == 0)
        idle.push_back(step);
      else
        begins.push_back(begins.back() + blocks);
    }
    for (Step *step : idle) { // a loop without turns
      step->ops.front()->erase();
      llvm::erase(members, step);
    }
    if (members.empty())
      return success();
    Location loc = FusedLoc::get(entry.getContext(), locations);
    rewriter.setInsertionPoint(block.getTerminator());
    auto constant = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(rewriter, loc, value); };
    Value one = constant(1);
    auto launch = gpu::LaunchOp::create(rewriter, loc, constant(begins.back()), one, one, constant(numThreads), one,
                                        one, makeBytes(loc, 0));
    Block &body = launch.getBody().front();
    rewriter.setInsertionPointToEnd(&body);
    gpu::TerminatorOp::create(rewriter, loc);
    rewriter.setInsertionPointToStart(&body);
    // While operations are whole.
    SmallVector<NamedAttrList> parts;
    SmallVector<size_t> partOf; // with the step's shared memory
    for (Step *step : members) {
      partOf.push_back(parts.size());
      // Small things stand together whatever layer and stage they are of.
      if (step->kind == Step::small)
        for (Operation *op : step->ops)
          llvm::append_range(parts, describeStep(op, /*keepsOnChip=*/false));
      else
        llvm::append_range(parts, describeStep(step->ops, step->kind == Step::product || step->kind == Step::generic));
    }
    int64_t sharedBytes = 0;
    for (auto [number, step] : llvm::enumerate(members)) {
      SharedMemory shared;
      int64_t begin = begins[number], count = begins[number + 1] - begin;
      OpBuilder::InsertionGuard guard(rewriter);
      Value blockNumber = launch.getBlockIds().x;
      if (members.size() > 1) {
        blockNumber = arith::SubIOp::create(rewriter, loc, blockNumber, constant(begin));
        Value isHere = IndexEmitter(rewriter, loc).isBelow(blockNumber, count);
        auto branch = scf::IfOp::create(rewriter, loc, isHere, /*withElseRegion=*/false);
        rewriter.setInsertionPointToStart(branch.thenBlock());
      }
      if (failed(emitStep(*step, blockNumber, count, {launch.getThreadIds().x, numThreads}, shared)))
        return failure();
      addTensorFlops(MutableArrayRef(parts).drop_front(partOf[number]), std::exchange(tensorFlops, {}));
      sharedBytes = std::max(sharedBytes, shared.getBytes());
      parts[partOf[number]].set("shared_bytes", rewriter.getI64IntegerAttr(shared.getBytes()));
    }
    if (waitsForGrid(launch))
      launch->setAttr(cooperativeAttributeName, rewriter.getUnitAttr());
    launch->setAttr(partsAttributeName, makeArray(entry.getContext(), parts));
    rewriter.setInsertionPoint(launch);
    launch.getDynamicSharedMemorySizeMutable().assign(makeBytes(loc, sharedBytes));
    return success();
  }

  LogicalResult emitStep(Step &step, Value blockNumber, int64_t numBlocks, Threads threads, SharedMemory &shared) {
    Location loc = step.ops.front()->getLoc();
    auto getAllThreads = [&]() -> Threads {
      Value first = arith::MulIOp::create(rewriter, loc, blockNumber,
                                          arith::ConstantIndexOp::create(rewriter, loc, threads.count));
      return {arith::AddIOp::create(rewriter, loc, first, threads.id), numBlocks * threads.count};
    };
    switch (step.kind) {
    case Step::generic: {
      auto fill = step.ops.size() > 1 ? cast<linalg::GenericOp>(step.ops.front()) : linalg::GenericOp();
      mergeLoops(step, fill);
      emitGeneric(rewriter, cast<linalg::GenericOp>(step.ops.back()), fill, getAllThreads());
      eraseOps(step);
      return success();
    }
    case Step::product:
      if (step.library)
        markLibraryProduct(rewriter, *step.library);
      if (const Contraction &contraction = step.group->contraction; isForTensorCores(contraction)) {
        tensorFlops = countProductFlops(contraction.op);
        emitMmaTile(rewriter, *step.group, chooseMmaTile(contraction, precision), precision, blockNumber, threads,
                    shared);
      } else {
        emitContractionTile(rewriter, *step.group, chooseTile(contraction), blockNumber, threads, shared);
      }
      eraseOps(step);
      return success();
    case Step::turns: {
      Threads all = getAllThreads();
      for (Operation *op : step.ops)
        rewriter.moveOpBefore(op, rewriter.getInsertionBlock(), rewriter.getInsertionPoint());
      return lowerTurns(cast<scf::ForOp>(step.ops.back()), all);
    }
    case Step::loop:
      return emitLoop(cast<scf::ForallOp>(step.ops[0]), blockNumber, threads, shared);
    case Step::small:
      return emitSmall(step, threads, shared);
    }
    llvm_unreachable("no such kind");
  }

  /// Fewer loops mean fewer indices to compute, and longer sums in one loop.
  void mergeLoops(Step &step, linalg::GenericOp fill) {
    OpBuilder::InsertionGuard guard(rewriter);
    auto op = cast<linalg::GenericOp>(step.ops.back());
    // The fill's loops are the dimensions of what it fills.
    step.ops.back() = fill && fill.getNumLoops() > 1 ? collapseSums(rewriter, op) : collapseLoops(rewriter, op);
  }

  /// One turn of a parallel loop by one block, or a part of it.
  LogicalResult emitLoop(scf::ForallOp forall, Value blockNumber, Threads threads, SharedMemory &shared) {
    FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(forall);
    if (failed(dimensions))
      return failure();
    Location loc = forall.getLoc();
    SmallVector<int64_t> counts;
    SmallVector<unsigned> loops;
    for (const LoopDimension &dimension : *dimensions) {
      loops.push_back(counts.size());
      counts.push_back(dimension.count);
    }
    std::optional<LoopParts> parts;
    Value turn = blockNumber, part;
    if (auto known = partsOf.find(forall); known != partsOf.end()) {
      parts = known->second;
      Value count = getIndexConstant(rewriter, loc, parts->count);
      part = computeIndex<arith::RemUIOp>(rewriter, loc, blockNumber, count);
      turn = computeIndex<arith::DivUIOp>(rewriter, loc, blockNumber, count);
    }
    SmallVector<Value> at(counts.size());
    delinearize(rewriter, loc, turn, loops, counts, at);
    for (auto [iv, number, dimension] : llvm::zip_equal(forall.getInductionVars(), at, *dimensions)) {
      Value scaled =
          computeIndex<arith::MulIOp>(rewriter, loc, number, getIndexConstant(rewriter, loc, dimension.step));
      iv.replaceAllUsesWith(addIndex(rewriter, loc, scaled, dimension.lower));
    }
    // A branch around it, whose block is all of its code.
    auto around = scf::ExecuteRegionOp::create(rewriter, loc, TypeRange());
    Block *code = rewriter.createBlock(&around.getRegion());
    rewriter.setInsertionPointToEnd(code);
    scf::YieldOp::create(rewriter, loc);
    forall.getTerminator().erase();
    code->getOperations().splice(code->begin(), forall.getBody()->getOperations());
    int64_t numTurns = countTasks(*dimensions), numBlocks = numTurns;
    if (parts) {
      numBlocks *= parts->count;
      partTurn(*code, *parts, part, [&](memref::AllocOp alloc) { return allocateForTurns(alloc, numTurns, turn); });
    }
    auto allocateGlobally = [&](memref::AllocOp alloc) { return allocateForTurns(alloc, numBlocks, blockNumber); };
    LogicalResult result = lowerCode(*code, threads, shared, allocateGlobally, numBlocks);
    unwrap(around);
    forall.erase();
    return result;
  }

  /// What each of so many blocks does.
  LogicalResult lowerCode(Block &code, Threads threads, SharedMemory &shared,
                          llvm::function_ref<Value(memref::AllocOp)> allocateGlobally, int64_t numBlocks) {
    TensorCoreUse use{precision};
    LogicalResult result = lowerBlock(code, threads, shared, allocateGlobally, use);
    for (const auto &[of, flops] : use.flops)
      tensorFlops.push_back({of, llvm::SaturatingMultiply<uint64_t>(flops, numBlocks)});
    return result;
  }

  /// A buffer for each turn of `count`, where shared memory has no room.
  Value allocateForTurns(memref::AllocOp alloc, int64_t count, Value turn) {
    MemRefType type = alloc.getType();
    // A view, unlike a part of a larger buffer, has the type that all code has been made for.
    int64_t bytes = llvm::alignTo(getBufferBytes(type).value_or(0), bufferAlignment);
    OpBuilder outside(alloc->getParentOfType<gpu::LaunchOp>());
    Location loc = alloc.getLoc();
    Value whole = memref::AllocOp::create(outside, loc, MemRefType::get({count * bytes}, outside.getI8Type()),
                                          outside.getI64IntegerAttr(bufferAlignment));
    OpBuilder inside(alloc);
    Value shift = computeIndex<arith::MulIOp>(inside, loc, turn, getIndexConstant(inside, loc, bytes));
    return memref::ViewOp::create(inside, loc, type, whole, shift, ValueRange());
  }

  static Value getFirstTurn(memref::AllocOp alloc) {
    OpBuilder builder(alloc);
    return getIndexConstant(builder, alloc.getLoc(), 0);
  }

  LogicalResult emitSmall(Step &step, Threads threads, SharedMemory &shared) {
    Location loc = step.ops.front()->getLoc();
    auto around = scf::ExecuteRegionOp::create(rewriter, loc, TypeRange());
    Block *code = rewriter.createBlock(&around.getRegion());
    for (Operation *op : step.ops)
      op->moveBefore(code, code->end());
    // As on CPUs, where lanes of a sum are those of one long loop.
    for (Operation *op : step.ops)
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        collapseSums(rewriter, generic);
    rewriter.setInsertionPointToEnd(code);
    scf::YieldOp::create(rewriter, loc);
    auto allocateGlobally = [&](memref::AllocOp alloc) { return allocateForTurns(alloc, 1, getFirstTurn(alloc)); };
    LogicalResult result = lowerCode(*code, threads, shared, allocateGlobally, 1);
    unwrap(around);
    return result;
  }

  /// Puts code in place of what held it together.
  static void unwrap(scf::ExecuteRegionOp around) {
    Block &code = around.getRegion().front();
    code.getTerminator()->erase();
    around->getBlock()->getOperations().splice(around->getIterator(), code.getOperations());
    around.erase();
  }

  /// Erases what has been emitted, and buffers that nobody sees any more.
  void eraseOps(Step &step) {
    llvm::SetVector<Value> roots;
    for (Operation *op : llvm::reverse(step.ops)) {
      for (Value output : cast<linalg::GenericOp>(op).getDpsInits())
        if (Value root = getKnownRoot(output))
          roots.insert(root);
      rewriter.eraseOp(op);
    }
    for (Value root : roots)
      eraseIfUnused(root);
  }

  func::FuncOp entry;
  Precision precision;
  LibraryUse library;
  Block &block;
  IRRewriter rewriter;
  bool knowsRoots;
  std::vector<Step> steps;
  /// What tensor cores do of the step that is being emitted, by whom it is for.
  FlopsOfLayers tensorFlops;
  /// Loops whose turns several blocks share.
  DenseMap<Operation *, LoopParts> partsOf;
};

struct MapToGpu : nn::impl::MapToGpuBase<MapToGpu> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    auto kind = entry->getAttrOfType<StringAttr>("nn.entry");
    // Variables begin on the host: their initialisers are serial code as often as not.
    if (!kind || kind.getValue() == "init")
      return;
    std::optional<Precision> precision = parsePrecision(matmulPrecision);
    if (!precision) {
      entry.emitError() << "matmul-precision is f32, tf32 or bf16, not '" << matmulPrecision << "'";
      return signalPassFailure();
    }
    std::optional<LibraryUse> library = parseLibraryUse(cublaslt);
    if (!library) {
      entry.emitError() << "cublaslt is never, auto or always, not '" << cublaslt << "'";
      return signalPassFailure();
    }
    if (failed(Mapper(entry, *precision, *library).run()))
      return signalPassFailure();
    entry->setAttr("nn.device", StringAttr::get(&getContext(), "cuda"));
    if (*precision != Precision::f32)
      entry->setAttr(precisionAttributeName, StringAttr::get(&getContext(), matmulPrecision));
  }
};
} // namespace
