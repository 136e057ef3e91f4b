// nn-outline-parallel: makes the body of every parallel loop a function that the host's threads call, by the program
// ABI's nnc_rt_parallel_for, and of serial code functions that the entry calls. Kernels that differ only in their
// buffers, as those of equal layers do, have one function, which is compiled once; numbers in which they differ, such
// as the streams of random numbers, come from its caller too. A function has its kernel's name, as a profiler shows it;
// one that more kernels share says of how many.
#include "codegen/Arena.h"
#include "codegen/EqualCode.h"
#include "codegen/KernelFunction.h"
#include "codegen/Kernels.h"
#include "codegen/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::nn {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr StringLiteral parallelForName = "nnc_rt_parallel_for";

/// Code that differs in more numbers than this is not the same code.
constexpr size_t maxNumbers = 8;

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

/// A kernel of a function's.
struct Use {
  explicit Use(KernelPiece ofKernel) : piece(std::move(ofKernel)) {
    SmallVector<arith::ConstantOp> constants;
    forEachOp([&](Operation *op) { findPassableConstants(op, constants); });
    for (arith::ConstantOp constant : constants)
      numbers.push_back(getScalar(constant));
  }

  /// The ops that the function will hold, in their order.
  void forEachOp(llvm::function_ref<void(Operation *)> visit) const {
    llvm::for_each(piece.captures.rebuilt, visit);
    llvm::for_each(piece.ops, visit);
  }

  size_t hash() const {
    llvm::hash_code code = llvm::hash_combine(piece.captures.buffers.size(), piece.captures.scalars.size());
    forEachOp([&](Operation *op) { code = llvm::hash_combine(code, hashCode(op)); });
    return code;
  }

  /// Whether one function can do both, given some numbers.
  bool isSameCode(const Use &other) const {
    const Captures &a = piece.captures, &b = other.piece.captures;
    CodeComparison comparison;
    auto match = [&](Value x, Value y) { return comparison.match(x, y); };
    auto areEqual = [&](Operation *x, Operation *y) { return comparison.areEqual(*x, *y); };
    auto matchViews = [&](memref::ViewOp x, memref::ViewOp y) { return match(x.getResult(), y.getResult()); };
    return match(piece.arena, other.piece.arena) && llvm::equal(a.buffers, b.buffers, matchViews) &&
           llvm::equal(a.scalars, b.scalars, match) && llvm::equal(a.rebuilt, b.rebuilt, areEqual) &&
           llvm::equal(piece.ops, other.piece.ops, areEqual);
  }

  KernelPiece piece;
  /// What the function could get from outside too.
  SmallVector<TypedAttr> numbers;
};

/// A function of one or more kernels that are the same, some numbers aside.
struct Body {
  KernelFunction code;
  std::vector<Use> uses;
  /// Whether parallel loops are in it, which become functions in their turn and know its numbers.
  bool isHost;

  /// The positions among the numbers of those that differ between kernels.
  SmallVector<size_t> getDiffering() const {
    return llvm::filter_to_vector(llvm::seq<size_t>(0, uses.front().numbers.size()), [&](size_t position) {
      return llvm::any_of(uses,
                          [&](const Use &use) { return use.numbers[position] != uses.front().numbers[position]; });
    });
  }

  int64_t getNumFields() const { return nn::getNumFields(uses.front().piece.captures) + getDiffering().size(); }

  /// Whether another kernel may join.
  bool takes(const Use &use) const {
    if (!uses.front().isSameCode(use))
      return false;
    SmallVector<size_t> differing = getDiffering();
    size_t count = differing.size();
    for (auto [position, number] : llvm::enumerate(use.numbers))
      count += number != uses.front().numbers[position] && !llvm::is_contained(differing, position);
    return count <= (isHost ? 0 : maxNumbers);
  }

  void passNumbers();
};

/// Makes the function get from its context what differs between its kernels.
void Body::passNumbers() {
  SmallVector<arith::ConstantOp> constants;
  findPassableConstants(code.function, constants);
  int64_t field = nn::getNumFields(uses.front().piece.captures);
  for (size_t position : getDiffering()) {
    arith::ConstantOp constant = constants[position];
    Location loc = constant.getLoc();
    OpBuilder builder = OpBuilder::atBlockBegin(&code.function.getBody().front());
    Value value = LLVM::LoadOp::create(builder, loc, getElementTypeOrSelf(constant.getType()),
                                       getField(builder, loc, code.function.getArgument(0), field++));
    if (isa<VectorType>(constant.getType()))
      value = vector::BroadcastOp::create(builder, loc, constant.getType(), value);
    constant.replaceAllUsesWith(value);
    constant.erase();
  }
}

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
  void replace(const Use &use, func::FuncOp function, ArrayRef<size_t> differing) {
    const KernelPiece &piece = use.piece;
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

struct OutlineParallel : nn::impl::OutlineParallelBase<OutlineParallel> {
  using Base::Base;

  void runOnOperation() override {
    bodies.clear();
    byCode.clear();
    for (auto entry : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (entry->hasAttr("nn.entry") && failed(outlineEntry(entry)))
        return signalPassFailure();
    replaceKernels();
  }

private:
  LogicalResult outlineEntry(func::FuncOp entry) {
    SmallVector<scf::ForallOp> inner;
    entry.walk([&](scf::ForallOp forall) {
      if (forall->getParentOfType<scf::ForallOp>())
        inner.push_back(forall);
    });
    bool isPlanned = getOperation()->getAttr("nn.program") &&
                     entry.getArgumentTypes() == ArrayRef<Type>(getArenaType(&getContext()));
    KernelNames names(entry);
    SmallVector<Kernel> kernels = findKernels(entry);
    if (!isPlanned)
      return kernels.empty() ? success() : entry.emitOpError() << "has no arena; --nn-plan-arena makes one";
    for (scf::ForallOp forall : inner)
      if (failed(makeSerial(forall)))
        return failure();
    uniteConstants(entry);
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
    if (kernel.loop)
      return outlineLoop(makePiece(kernel.name, {kernel.loop}, kernel.loop));
    SmallVector<scf::ForallOp> loops;
    for (Operation &op : llvm::make_range(kernel.begin, kernel.end))
      llvm::append_range(loops, getParallelLoops(&op));
    KernelPiece serial = makePiece(kernel.name, getSerialOps(kernel), {});
    if (!serial.ops.empty())
      if (FailureOr<Captures> captures = findCaptures(serial); succeeded(captures)) {
        serial.captures = std::move(*captures);
        return outline(std::move(serial),
                       llvm::map_to_vector(loops, [&](scf::ForallOp loop) { return getName(names.getName(loop)); }));
      }
    for (scf::ForallOp loop : loops)
      if (failed(outlineLoop(makePiece(names.getName(loop), {loop}, loop))))
        return failure();
    return success();
  }

  LogicalResult outlineLoop(KernelPiece piece) {
    FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(piece.loop);
    if (failed(dimensions))
      return failure();
    if (countTasks(*dimensions) == 0) {
      piece.loop.erase();
      return success();
    }
    FailureOr<Captures> captures = findCaptures(piece, [&] { return piece.loop.emitOpError(); });
    if (failed(captures))
      return failure();
    piece.dimensions = std::move(*dimensions);
    piece.captures = std::move(*captures);
    return outline(std::move(piece), {});
  }

  /// Makes the piece's function, or finds one that does the same. `loopNames` are those of functions that parallel
  /// loops in serial code become.
  LogicalResult outline(KernelPiece piece, ArrayRef<std::string> loopNames) {
    Use use(std::move(piece));
    SmallVector<size_t> &candidates = byCode[use.hash()];
    for (size_t index : candidates)
      if (bodies[index].takes(use)) {
        bodies[index].uses.push_back(std::move(use));
        return success();
      }
    KernelFunction code = makeFunction(use.piece, use.piece.name);
    candidates.push_back(bodies.size());
    bodies.push_back({code, {}, !loopNames.empty()});
    bodies.back().uses.push_back(std::move(use));
    SmallVector<scf::ForallOp> loops = getParallelLoops(code.function);
    for (auto [loop, name] : llvm::zip_equal(loops, loopNames))
      if (failed(outlineLoop({code.function, code.arena, name, {loop}, loop, {}, {}})))
        return failure();
    return success();
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
    for (const Use &use : body.uses) {
      auto host = llvm::find_if(bodies, [&](const Body &other) { return other.code.function == use.piece.host; });
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
      for (const Use &use : body.uses) {
        Host &host = hosts[func::FuncOp(use.piece.host)];
        host = {use.piece.arena, std::max(host.numFields, body.getNumFields())};
      }
    llvm::DenseMap<Operation *, Caller> callers;
    for (auto [function, host] : hosts)
      callers.try_emplace(function, cast<func::FuncOp>(function), host.arena, host.numFields);
    nameShared();
    for (Body &body : bodies) {
      SmallVector<size_t> differing = body.getDiffering();
      body.passNumbers();
      for (const Use &use : body.uses)
        callers.at(func::FuncOp(use.piece.host)).replace(use, body.code.function, differing);
    }
  }

  /// All functions so far, no two of them equal.
  std::vector<Body> bodies;
  /// Their indices, by hash.
  llvm::DenseMap<size_t, SmallVector<size_t>> byCode;
};
} // namespace
