// nn-outline-parallel: makes the body of every parallel loop a function that the host's threads call, by the program
// ABI's nnc_rt_parallel_for, and of serial code functions that the entry calls. Kernels that differ only in their
// buffers, as those of equal layers do, have one function, which is compiled once; numbers in which they differ, such
// as the streams of random numbers, come from its caller too. A function has its kernel's name, as a profiler shows it;
// one that more kernels share says of how many.
#include "codegen/Arena.h"
#include "codegen/KernelUse.h"
#include "codegen/Kernels.h"
#include "codegen/Passes.h"
#include "codegen/SharedKernels.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::nn {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr StringLiteral parallelForName = "nnc_rt_parallel_for";

/// Serial ops without a loop among them are worth a function of their own from this many on.
constexpr size_t minSerialOps = 16;

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

/// Makes one constant at the start of `entry` of all that are equal: where a kernel has its constants from must not
/// tell it from another one.
void uniteConstants(func::FuncOp entry) {
  DenseMap<Attribute, arith::ConstantOp> constants;
  Block &start = entry.getBody().front();
  entry.walk([&](arith::ConstantOp constant) {
    auto [known, isNew] = constants.try_emplace(constant.getValue(), constant);
    if (isNew) {
      constant->moveBefore(&start, start.begin());
    } else {
      constant.replaceAllUsesWith(known->second.getResult());
      constant.erase();
    }
  });
}

/// The ops of a serial kernel that a function of its own would do, in their order; none where it is not worth it, or
/// something else needs their results.
SmallVector<Operation *> getSerialOps(const Kernel &kernel) {
  llvm::SetVector<Operation *> ops;
  bool hasLoop = false;
  for (Operation &op : llvm::make_range(kernel.begin, std::next(kernel.last->getIterator()))) {
    bool usesOps = llvm::any_of(op.getOperands(), [&](Value value) { return ops.contains(value.getDefiningOp()); });
    if (op.getNumRegions() == 0 && !usesOps && isPure(&op))
      continue;
    hasLoop |= op.getNumRegions() != 0;
    ops.insert(&op);
  }
  bool isNeeded = llvm::any_of(ops, [&](Operation *op) {
    return llvm::any_of(op->getUsers(),
                        [&](Operation *user) { return !ops.contains(op->getBlock()->findAncestorOpInBlock(*user)); });
  });
  if (isNeeded || (!hasLoop && ops.size() < minSerialOps))
    return {};
  return ops.takeVector();
}

/// A function of one or more kernels that are the same, some numbers aside.
struct Body {
  KernelFunction code;
  KernelUses uses;
  /// Whether parallel loops are in it, which become functions in their turn and know its numbers.
  bool isHost;

  int64_t getNumFields() const { return nn::getNumFields(uses.front().piece.captures) + uses.getDiffering().size(); }

  /// Whether another kernel may join.
  bool takes(const KernelUse &use) const { return uses.takes(use, isHost ? 0 : maxDifferingNumbers); }

  /// Makes the function get from its context what differs between its kernels.
  void passNumbers() {
    int64_t field = nn::getNumFields(uses.front().piece.captures);
    replaceDiffering(code.function, uses, [&](OpBuilder &builder, Location loc, Type type, size_t number) -> Value {
      return LLVM::LoadOp::create(builder, loc, type,
                                  getField(builder, loc, code.function.getArgument(0), field + number));
    });
  }
};

/// Puts calls in a function, one after the other, all with one context: a call ends before the next begins.
class Caller {
public:
  Caller(func::FuncOp host, Value arena, int64_t numFields) : host(host) {
    OpBuilder builder = OpBuilder::atBlockBegin(&host.getBody().front());
    Location loc = host.getLoc();
    Value count = LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(numFields));
    context = LLVM::AllocaOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()),
                                     builder.getI64Type(), count);
    if (arena.getDefiningOp())
      builder.setInsertionPointAfterValue(arena);
    pointer = getArenaPointer(builder, loc, arena);
  }

  /// Replaces a kernel by a call of its function, which gets those of its numbers that differ.
  void replace(const KernelUse &use, func::FuncOp function, ArrayRef<size_t> differing) {
    const KernelPiece &piece = use.getSite();
    OpBuilder builder(piece.ops.back());
    Location loc = piece.getLoc();
    fillContext(builder, piece, pointer, context);
    int64_t field = getNumFields(piece.captures);
    for (size_t position : differing)
      LLVM::StoreOp::create(builder, loc, arith::ConstantOp::create(builder, loc, use.numbers[position]),
                            getField(builder, loc, context, field++));
    call(builder, loc, function, countTasks(piece.dimensions));
    for (Operation *op : llvm::reverse(piece.ops))
      op->erase();
  }

private:
  void call(OpBuilder &builder, Location loc, func::FuncOp function, int64_t numTasks);

  func::FuncOp host;
  Value context, pointer;
};

void Caller::call(OpBuilder &builder, Location loc, func::FuncOp function, int64_t numTasks) {
  Value tasks = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(numTasks));
  if (numTasks == 1) {
    Value zero = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
    func::CallOp::create(builder, loc, function, ValueRange{context, zero, zero});
    return;
  }
  auto module = host->getParentOfType<ModuleOp>();
  auto parallelFor = module.lookupSymbol<func::FuncOp>(parallelForName);
  if (!parallelFor) {
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    parallelFor = func::FuncOp::create(
        atEnd, module.getLoc(), parallelForName,
        atEnd.getFunctionType({function.getFunctionType(), context.getType(), tasks.getType()}, {}));
    parallelFor.setPrivate();
  }
  auto body = func::ConstantOp::create(builder, loc, function.getFunctionType(), function.getSymName());
  func::CallOp::create(builder, loc, parallelFor, ValueRange{body, context, tasks});
}

/// Finds what a piece takes from outside, all of its buffers planned ones.
FailureOr<Captures> capture(const KernelPiece &piece, llvm::function_ref<InFlightDiagnostic()> emitError = nullptr) {
  return findCaptures(piece, [&](Value value) { return isPlannedBuffer(value, piece.arena); }, emitError);
}

struct OutlineParallel : nn::impl::OutlineParallelBase<OutlineParallel> {
  using Base::Base;

  void runOnOperation() override {
    bodies.clear();
    byCode.clear();
    byKernel.clear();
    auto functions = llvm::to_vector(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp kernel : functions)
      if (isKernel(kernel) && (failed(verifyKernel(kernel)) || failed(prepare(kernel))))
        return signalPassFailure();
    for (func::FuncOp entry : functions)
      if (entry->hasAttr("nn.entry") && !entry->hasAttr("nn.device") && failed(outlineEntry(entry)))
        return signalPassFailure();
    replaceKernels();
    for (func::FuncOp function : functions)
      if (isKernel(function))
        function.erase();
  }

private:
  /// Makes a function's code such that equal code looks equal, and that no parallel loop stands in another.
  LogicalResult prepare(func::FuncOp function) {
    SmallVector<scf::ForallOp> inner;
    function.walk([&](scf::ForallOp forall) {
      if (forall->getParentOfType<scf::ForallOp>())
        inner.push_back(forall);
    });
    for (scf::ForallOp forall : inner)
      if (failed(makeSerial(forall)))
        return failure();
    uniteConstants(function);
    return success();
  }

  LogicalResult outlineEntry(func::FuncOp entry) {
    bool isPlanned = getOperation()->getAttr("nn.program") &&
                     entry.getArgumentTypes() == ArrayRef<Type>(getArenaType(&getContext()));
    KernelNames names(entry);
    SmallVector<Kernel> kernels = findKernels(entry);
    if (!isPlanned)
      return kernels.empty() ? success() : entry.emitOpError() << "has no arena; --nn-plan-arena makes one";
    if (failed(prepare(entry)))
      return failure();
    for (const Kernel &kernel : kernels)
      if (failed(outlineKernel(entry, kernel, names)))
        return failure();
    return success();
  }

  LogicalResult outlineKernel(func::FuncOp entry, const Kernel &kernel, const KernelNames &names) {
    auto getName = [&](StringRef name) { return (entry.getSymName() + "." + name).str(); };
    auto makePiece = [&](StringRef name, SmallVector<Operation *> ops, scf::ForallOp loop) {
      return KernelPiece{entry, entry.getArgument(0), getName(name), std::move(ops), loop, {}, {}};
    };
    if (kernel.launch)
      return success();
    if (kernel.loop)
      return outlineLoop(makePiece(kernel.name, {kernel.loop}, kernel.loop));
    if (kernel.call)
      return outlineCall(makePiece(kernel.name, {kernel.call}, {}), kernel.call);
    SmallVector<scf::ForallOp> loops;
    for (Operation &op : llvm::make_range(kernel.begin, kernel.end))
      llvm::append_range(loops, getParallelLoops(&op));
    KernelPiece serial = makePiece(kernel.name, getSerialOps(kernel), {});
    if (!serial.ops.empty())
      if (FailureOr<Captures> captures = capture(serial); succeeded(captures)) {
        serial.captures = std::move(*captures);
        return outline(std::move(serial),
                       llvm::map_to_vector(loops, [&](scf::ForallOp loop) { return getName(names.getName(loop)); }));
      }
    for (scf::ForallOp loop : loops)
      if (failed(outlineLoop(makePiece(names.getName(loop), {loop}, loop))))
        return failure();
    return success();
  }

  /// A kernel that entries call: the function that it becomes, and, where it is one parallel loop, that loop.
  struct CalledKernel {
    size_t body;
    std::optional<KernelUse> loop;
  };

  /// A call of a shared kernel becomes one of a function of its parallel loop's body; or, where it has other code too,
  /// of a function of all that, whose loops become functions in their turn.
  LogicalResult outlineCall(KernelPiece site, func::CallOp call) {
    for (Value operand : call.getOperands())
      if (isa<MemRefType>(operand.getType()) && !isPlannedBuffer(operand, site.arena))
        return call.emitOpError() << "gets a buffer that is not planned";
    func::FuncOp kernel = getCalledKernel(call);
    auto [known, isNew] = byKernel.try_emplace(kernel);
    CalledKernel &called = known->second;
    if (isNew)
      called.loop = findLoop(kernel, site.name);
    return called.loop ? outlineCallOfLoop(std::move(site), call, called, isNew)
                       : outlineCallOfHost(std::move(site), call, called, isNew);
  }

  LogicalResult outlineCallOfLoop(KernelPiece site, func::CallOp call, CalledKernel &called, bool isNew) {
    KernelUse use = *called.loop;
    auto getOperand = [&](Value argument) { return call.getOperand(cast<BlockArgument>(argument).getArgNumber()); };
    site.captures.buffers = llvm::map_to_vector(use.piece.captures.buffers, getOperand);
    site.captures.scalars = llvm::map_to_vector(use.piece.captures.scalars, getOperand);
    site.dimensions = use.piece.dimensions;
    use.call = std::move(site);
    if (isNew) {
      FailureOr<size_t> body = addUse(std::move(use), {});
      if (failed(body))
        return failure();
      called.body = *body;
    } else {
      bodies[called.body].uses.push_back(std::move(use));
    }
    return success();
  }

  LogicalResult outlineCallOfHost(KernelPiece site, func::CallOp call, CalledKernel &called, bool isNew) {
    for (Value operand : call.getOperands())
      (isa<MemRefType>(operand.getType()) ? site.captures.buffers : site.captures.scalars).push_back(operand);
    std::string name = site.name;
    if (isNew) {
      called.body = bodies.size();
      bodies.push_back({makeFunction(site, name + ".call", getCalledKernel(call)), {}, /*isHost=*/true});
    }
    bodies[called.body].uses.push_back(KernelUse(std::move(site)));
    if (!isNew)
      return success();
    KernelFunction code = bodies[called.body].code;
    for (auto [number, loop] : llvm::enumerate(getParallelLoops(code.function)))
      if (failed(outlineLoop({code.function, code.arena, name + "." + std::to_string(number), {loop}, loop, {}, {}})))
        return failure();
    return success();
  }

  /// The parallel loop that a kernel is; nothing where it has other code, or the loop needs more than arguments.
  static std::optional<KernelUse> findLoop(func::FuncOp kernel, std::string name) {
    SmallVector<scf::ForallOp> loops = getParallelLoops(kernel);
    if (loops.size() != 1 || !llvm::all_of(kernel.getBody().front().without_terminator(),
                                           [&](Operation &op) { return &op == loops.front() || isPure(&op); }))
      return std::nullopt;
    KernelPiece piece{kernel, {}, std::move(name), {loops.front()}, loops.front(), {}, {}};
    FailureOr<Captures> captures = findCapturedArguments(piece);
    if (failed(captures))
      return std::nullopt;
    FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(loops.front());
    if (failed(dimensions) || countTasks(*dimensions) == 0)
      return std::nullopt;
    piece.captures = std::move(*captures);
    piece.dimensions = std::move(*dimensions);
    return KernelUse(std::move(piece));
  }

  LogicalResult outlineLoop(KernelPiece piece) {
    FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(piece.loop);
    if (failed(dimensions))
      return failure();
    if (countTasks(*dimensions) == 0) {
      piece.loop.erase();
      return success();
    }
    FailureOr<Captures> captures = capture(piece, [&] { return piece.loop.emitOpError(); });
    if (failed(captures))
      return failure();
    piece.dimensions = std::move(*dimensions);
    piece.captures = std::move(*captures);
    return outline(std::move(piece), {});
  }

  LogicalResult outline(KernelPiece piece, ArrayRef<std::string> loopNames) {
    return addUse(KernelUse(std::move(piece)), loopNames);
  }

  /// Makes the code's function, or finds one that does the same; its index. `loopNames` are those of functions that
  /// parallel loops in serial code become.
  FailureOr<size_t> addUse(KernelUse use, ArrayRef<std::string> loopNames) {
    SmallVector<size_t> &candidates = byCode[use.hash()];
    for (size_t index : candidates)
      if (bodies[index].takes(use)) {
        bodies[index].uses.push_back(std::move(use));
        return index;
      }
    KernelFunction code = makeFunction(use.piece, use.piece.name);
    size_t index = bodies.size();
    candidates.push_back(index);
    bodies.push_back({code, {}, !loopNames.empty()});
    bodies.back().uses.push_back(std::move(use));
    SmallVector<scf::ForallOp> loops = getParallelLoops(code.function);
    for (auto [loop, name] : llvm::zip_equal(loops, loopNames))
      if (failed(outlineLoop({code.function, code.arena, name, {loop}, loop, {}, {}})))
        return failure();
    return index;
  }

  /// A function of several kernels has the name of the first: it must not say that it is of that one alone.
  void nameShared() {
    for (Body &body : bodies)
      if (int64_t count = countKernels(body); count > 1)
        body.code.function.setSymName((body.code.function.getSymName() + ".and_" + Twine(count - 1) + "_more").str());
  }

  /// A loop in a function that several kernels share is of as many.
  int64_t countKernels(const Body &body) {
    int64_t count = 0;
    for (const KernelUse &use : body.uses) {
      auto host = llvm::find_if(bodies, [&](const Body &other) { return other.code.function == use.getSite().host; });
      count += host == bodies.end() ? 1 : countKernels(*host);
    }
    return count;
  }

  void replaceKernels() {
    struct Host {
      Value arena;
      int64_t numFields = 0;
    };
    llvm::MapVector<Operation *, Host> hosts;
    for (const Body &body : bodies)
      for (const KernelUse &use : body.uses) {
        const KernelPiece &site = use.getSite();
        Host &host = hosts[func::FuncOp(site.host)];
        host = {site.arena, std::max(host.numFields, body.getNumFields())};
      }
    llvm::DenseMap<Operation *, Caller> callers;
    for (auto [function, host] : hosts)
      callers.try_emplace(function, cast<func::FuncOp>(function), host.arena, host.numFields);
    nameShared();
    for (Body &body : bodies) {
      SmallVector<size_t> differing = body.uses.getDiffering();
      body.passNumbers();
      for (const KernelUse &use : body.uses)
        callers.at(func::FuncOp(use.getSite().host)).replace(use, body.code.function, differing);
    }
  }

  /// All functions so far, no two of them equal.
  std::vector<Body> bodies;
  /// Their indices, by hash.
  llvm::DenseMap<size_t, SmallVector<size_t>> byCode;
  /// Those of shared kernels.
  llvm::DenseMap<Operation *, CalledKernel> byKernel;
};
} // namespace
