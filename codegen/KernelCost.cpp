// Counts a kernel's operations and bytes; see KernelCost.h. First how often each block runs, by following the loops
// with only those values that decide about loops and branches, turns that differ in none of these at once; then every
// op's own cost, times the runs of its block.
#include "codegen/KernelCost.h"
#include "codegen/KernelNames.h"
#include "codegen/Origins.h"
#include "codegen/ParallelLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <map>
#include <vector>

using namespace mlir;
using namespace mlir::nn;

namespace {

using OpRange = llvm::iterator_range<Block::iterator>;
using Ops = ArrayRef<Operation *>;

uint64_t multiply(uint64_t a, uint64_t b) { return llvm::SaturatingMultiply(a, b); }
void add(uint64_t &sum, uint64_t value) { sum = llvm::SaturatingAdd(sum, value); }
int64_t clamp(uint64_t value) { return static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX)); }

/// Index arithmetic as code generation makes it. Nothing for any other op, or where upstream leaves the result
/// undefined.
std::optional<int64_t> evaluate(Operation *op, ArrayRef<int64_t> v) {
  auto number = [](uint64_t value) { return static_cast<int64_t>(value); };
  auto u = [&](size_t i) { return static_cast<uint64_t>(v[i]); };
  bool divides = isa<arith::DivUIOp, arith::RemUIOp, arith::DivSIOp, arith::RemSIOp>(op);
  if (divides && (v[1] == 0 || v[1] == -1))
    return std::nullopt;
  return llvm::TypeSwitch<Operation *, std::optional<int64_t>>(op)
      .Case<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp, arith::ExtUIOp>([&](auto) { return v[0]; })
      .Case([&](arith::AddIOp) { return number(u(0) + u(1)); })
      .Case([&](arith::SubIOp) { return number(u(0) - u(1)); })
      .Case([&](arith::MulIOp) { return number(u(0) * u(1)); })
      .Case([&](arith::DivUIOp) { return number(u(0) / u(1)); })
      .Case([&](arith::RemUIOp) { return number(u(0) % u(1)); })
      .Case([&](arith::DivSIOp) { return v[0] / v[1]; })
      .Case([&](arith::RemSIOp) { return v[0] % v[1]; })
      .Case([&](arith::MinUIOp) { return number(std::min(u(0), u(1))); })
      .Case([&](arith::MaxUIOp) { return number(std::max(u(0), u(1))); })
      .Case([&](arith::MinSIOp) { return std::min(v[0], v[1]); })
      .Case([&](arith::MaxSIOp) { return std::max(v[0], v[1]); })
      .Case([&](arith::AndIOp) { return v[0] & v[1]; })
      .Case([&](arith::OrIOp) { return v[0] | v[1]; })
      .Case([&](arith::XOrIOp) { return v[0] ^ v[1]; })
      .Case([&](arith::SelectOp) { return v[0] ? v[1] : v[2]; })
      .Case([&](arith::CmpIOp compare) {
        return int64_t(arith::applyCmpPredicate(compare.getPredicate(), APInt(64, u(0)), APInt(64, u(1))));
      })
      .Default([](Operation *) { return std::nullopt; });
}

/// How often each block runs when some ops of another run once.
class RunCounter {
public:
  explicit RunCounter(Ops ops) {
    for (Operation *op : ops)
      op->walk([&](Operation *inner) { addControl(inner); });
    for (Operation *op : ops)
      run(op, 1);
  }

  uint64_t getRuns(Block *block) const { return runs.lookup(block); }

private:
  /// Turns followed one by one; past them a loop's turns count as its first.
  static constexpr int64_t maxTurns = 1 << 20;

  /// Finds the values that decide how often something runs, back to arguments of blocks.
  void addControl(Operation *op) {
    if (!isa<scf::ForOp, scf::ForallOp, scf::IfOp>(op))
      return;
    SmallVector<Value> pending;
    // A loop's other operands are the values that it carries.
    if (auto loop = dyn_cast<scf::ForOp>(op))
      pending = {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()};
    else
      pending.assign(op->operand_begin(), op->operand_end());
    while (!pending.empty()) {
      Value value = pending.pop_back_val();
      if (!value.getType().isIntOrIndex() || !control.insert(value).second)
        continue;
      if (Operation *source = value.getDefiningOp(); source && source->getNumRegions() == 0)
        llvm::append_range(pending, source->getOperands());
    }
  }

  std::optional<int64_t> getValue(Value value) const {
    auto it = values.find(value);
    std::optional<int64_t> known = it == values.end() ? getConstantIntValue(value) : std::optional(it->second);
    // True is 1, not -1.
    return known && value.getType().isInteger(1) ? std::optional(*known & 1) : known;
  }

  void setValue(Value value, std::optional<int64_t> number) {
    if (number)
      values[value] = *number;
    else
      values.erase(value);
  }

  void run(Operation *op, uint64_t times) {
    if (op->getNumRegions() == 0)
      return follow(op);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return run(loop, times);
    if (auto loop = dyn_cast<scf::ForallOp>(op))
      return run(loop, times);
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return run(branch, times);
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      for (int64_t extent : generic.getStaticLoopRanges())
        times = multiply(times, ShapedType::isDynamic(extent) ? 1 : extent);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        run(&block, times);
  }

  void run(Block *block, uint64_t times) {
    add(runs[block], times);
    for (Operation &op : *block)
      run(&op, times);
  }

  void follow(Operation *op) {
    if (op->getNumResults() != 1 || !control.contains(op->getResult(0)))
      return;
    SmallVector<int64_t> operands;
    for (Value operand : op->getOperands())
      if (std::optional<int64_t> value = getValue(operand))
        operands.push_back(*value);
    // Where one of two bounds is known only as the program runs, such as how many rows a batch names: the most there
    // can be.
    if (isa<arith::MinUIOp, arith::MinSIOp>(op) && operands.size() == 1)
      return setValue(op->getResult(0), operands.front());
    bool allKnown = !operands.empty() && operands.size() == op->getNumOperands();
    setValue(op->getResult(0), allKnown ? evaluate(op, operands) : std::nullopt);
  }

  void run(scf::IfOp branch, uint64_t times) {
    std::optional<int64_t> condition = getValue(branch.getCondition());
    if (condition.value_or(1))
      run(branch.thenBlock(), times);
    if (branch.elseBlock() && !condition.value_or(0))
      run(branch.elseBlock(), times);
  }

  void run(scf::ForOp loop, uint64_t times) {
    // As many turns as there can be, where how many there are is known only as the program runs.
    auto most = loop->getAttrOfType<IntegerAttr>(turnsAttributeName);
    if (most && !countTurns(getValue(loop.getLowerBound()), getValue(loop.getUpperBound()), getValue(loop.getStep()))) {
      setValue(loop.getInductionVar(), std::nullopt);
      return run(loop.getBody(), multiply(times, std::max<int64_t>(most.getInt(), 0)));
    }
    run(loop.getBody(), loop.getInductionVar(), {getValue(loop.getLowerBound())}, {getValue(loop.getUpperBound())},
        {getValue(loop.getStep())}, times);
  }

  void run(scf::ForallOp loop, uint64_t times) {
    auto getBounds = [&](ArrayRef<OpFoldResult> bounds) {
      return llvm::map_to_vector(bounds, [&](OpFoldResult bound) {
        auto value = dyn_cast<Value>(bound);
        return value ? getValue(value) : getConstantIntValue(bound);
      });
    };
    run(loop.getBody(), loop.getInductionVars(), getBounds(loop.getMixedLowerBound()),
        getBounds(loop.getMixedUpperBound()), getBounds(loop.getMixedStep()), times);
  }

  /// A loop of any number of dimensions.
  void run(Block *body, ValueRange indices, ArrayRef<std::optional<int64_t>> lower,
           ArrayRef<std::optional<int64_t>> upper, ArrayRef<std::optional<int64_t>> step, uint64_t times) {
    SmallVector<int64_t> counts;
    uint64_t turns = 1;
    bool isKnown = true;
    for (auto [index, from, to, by] : llvm::zip_equal(indices, lower, upper, step)) {
      std::optional<int64_t> count = countTurns(from, to, by);
      isKnown &= count.has_value();
      counts.push_back(isKnown ? *count : 1);
      turns = multiply(turns, counts.back());
      setValue(index, from);
    }
    if (turns == 0)
      return;
    bool decides = llvm::any_of(indices, [&](Value index) { return control.contains(index); });
    if (!isKnown || !decides || turns > static_cast<uint64_t>(turnsLeft))
      return run(body, multiply(times, turns));
    turnsLeft -= turns;
    auto startTurn = [&](uint64_t turn) {
      for (size_t i = indices.size(); i-- > 0; turn /= counts[i])
        values[indices[i]] = *lower[i] + static_cast<int64_t>(turn % counts[i]) * *step[i];
    };
    // Turns in which all that decides is the same run the same: most, where the last ones are cut short.
    const Decisions &decisions = getDecisions(body);
    std::map<std::vector<std::optional<int64_t>>, std::pair<uint64_t, uint64_t>> alike;
    for (uint64_t turn = 0; turn < turns; ++turn) {
      startTurn(turn);
      for (Operation *op : decisions.ops)
        follow(op);
      std::vector<std::optional<int64_t>> numbers;
      for (Value value : decisions.values)
        numbers.push_back(getValue(value));
      for (scf::ForOp loop : decisions.loops)
        numbers.push_back(
            countTurns(getValue(loop.getLowerBound()), getValue(loop.getUpperBound()), getValue(loop.getStep())));
      ++alike.try_emplace(std::move(numbers), turn, 0).first->second.second;
    }
    for (const auto &[numbers, turnAndCount] : alike) {
      auto [turn, count] = turnAndCount;
      startTurn(turn);
      run(body, multiply(times, count));
    }
  }

  /// The turns of one dimension of a loop; nothing where they are not known.
  static std::optional<int64_t> countTurns(std::optional<int64_t> from, std::optional<int64_t> to,
                                           std::optional<int64_t> by) {
    int64_t span = 0;
    if (!from || !to || !by || *by <= 0 || llvm::SubOverflow(*to, *from, span))
      return std::nullopt;
    return std::max<int64_t>(0, llvm::divideCeilSigned(span, *by));
  }

  /// In what turns of a loop can differ, as far as that decides how often something runs.
  struct Decisions {
    /// What is computed from the loop's indices, and from nothing that loops inside make, in an order to compute it in.
    SmallVector<Operation *> ops;
    /// What of that is seen by other ops that decide.
    SmallVector<Value> values;
    /// Loops that only run as often as that says: their indices decide nothing.
    SmallVector<scf::ForOp> loops;
  };

  const Decisions &getDecisions(Block *body) {
    auto [it, isNew] = allDecisions.try_emplace(body);
    if (!isNew)
      return *it->second;
    auto decisions = std::make_unique<Decisions>();
    llvm::DenseSet<Value> computed(body->args_begin(), body->args_end());
    SmallVector<Value> candidates(body->args_begin(), body->args_end());
    auto isComputed = [&](Value value) {
      return computed.contains(value) || getConstantIntValue(value) ||
             !body->getParent()->isAncestor(value.getParentRegion());
    };
    body->walk<WalkOrder::PreOrder>([&](Operation *op) {
      bool counts = op->getNumRegions() == 0 && op->getNumResults() == 1 && control.contains(op->getResult(0));
      if (counts && llvm::all_of(op->getOperands(), isComputed)) {
        decisions->ops.push_back(op);
        computed.insert(op->getResult(0));
        candidates.push_back(op->getResult(0));
      }
      auto loop = dyn_cast<scf::ForOp>(op);
      if (loop && isCounted(loop) && isComputed(loop.getLowerBound()) && isComputed(loop.getUpperBound()) &&
          isComputed(loop.getStep()))
        decisions->loops.push_back(loop);
    });
    auto isSeen = [&](OpOperand &use) {
      Operation *user = use.getOwner();
      if (user->getNumRegions() == 0)
        return user->getNumResults() == 1 && control.contains(user->getResult(0)) &&
               !computed.contains(user->getResult(0));
      auto loop = dyn_cast<scf::ForOp>(user);
      return !loop || !llvm::is_contained(decisions->loops, loop);
    };
    for (Value value : candidates)
      if (control.contains(value) && llvm::any_of(value.getUses(), isSeen))
        decisions->values.push_back(value);
    return *(it->second = std::move(decisions));
  }

  /// Whether how often a loop runs is all that its bounds decide.
  bool isCounted(scf::ForOp loop) const { return !control.contains(loop.getInductionVar()); }

  llvm::DenseMap<Block *, std::unique_ptr<Decisions>> allDecisions;
  llvm::DenseSet<Value> control;
  llvm::DenseMap<Value, int64_t> values;
  llvm::DenseMap<Block *, uint64_t> runs;
  int64_t turnsLeft = maxTurns;
};

/// Operations an element of the result.
int64_t getFlopsPerElement(Operation *op) {
  if (isa<math::FmaOp, vector::FMAOp>(op))
    return 2;
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::RemFOp, arith::MaximumFOp,
          arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(op))
    return 1;
  // These only change bits.
  bool isFree =
      isa<math::AbsFOp, math::CopySignOp, math::FloorOp, math::CeilOp, math::TruncOp, math::RoundOp, math::RoundEvenOp>(
          op);
  return isa_and_present<math::MathDialect>(op->getDialect()) && !isFree;
}

} // namespace

int64_t nn::getFlops(Operation *op) {
  if (auto reduction = dyn_cast<vector::ReductionOp>(op))
    return isa<FloatType>(reduction.getType()) ? reduction.getSourceVectorType().getNumElements() - !reduction.getAcc()
                                               : 0;
  if (op->getNumResults() != 1 || !isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
    return 0;
  auto vector = dyn_cast<VectorType>(op->getResult(0).getType());
  return getFlopsPerElement(op) * (vector ? vector.getNumElements() : 1);
}

namespace {

/// The bytes that an op touches of an operand of `type`.
uint64_t getAccessedBytes(Operation *op, MemRefType type) {
  int64_t elementBytes = *getBufferBytes(MemRefType::get({}, type.getElementType()));
  if (isa<memref::LoadOp, memref::StoreOp>(op))
    return elementBytes;
  for (Type moved : llvm::concat<Type>(llvm::to_vector(op->getResultTypes()), llvm::to_vector(op->getOperandTypes())))
    if (auto vector = dyn_cast<VectorType>(moved); vector && vector.getElementType() == type.getElementType())
      return vector.getNumElements() * elementBytes;
  return getBufferBytes(type).value_or(0);
}

/// The first op in the body of a linalg.generic that uses what it reads of an operand, and the op that makes what it
/// writes; for any other op, or where there is none, the operand's owner.
Operation *getReader(OpOperand &operand) {
  Operation *owner = operand.getOwner();
  auto generic = dyn_cast<linalg::GenericOp>(owner);
  if (!generic)
    return owner;
  BlockArgument element = generic.getMatchingBlockArgument(&operand);
  for (Operation &inner : generic.getBody()->without_terminator())
    if (llvm::is_contained(inner.getOperands(), element))
      return &inner;
  return owner;
}

Operation *getWriter(OpOperand &operand) {
  Operation *owner = operand.getOwner();
  auto generic = dyn_cast<linalg::GenericOp>(owner);
  if (!generic || !generic.isDpsInit(&operand))
    return owner;
  Operation *source = generic.getMatchingYieldValue(&operand)->get().getDefiningOp();
  return source && source->getBlock() == generic.getBody() ? source : owner;
}

/// What a kernel reads and writes of its buffers.
class Traffic {
public:
  explicit Traffic(CountedAccess getCounted) : getCounted(getCounted) {}

  /// `op` runs `times` times. `findOrigin`: of an op, whom it works for.
  void addAccesses(Operation *op, uint64_t times, llvm::function_ref<size_t(Operation *)> findOrigin) {
    if (isBufferView(op) || isa<memref::PrefetchOp>(op))
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      auto type = dyn_cast<MemRefType>(operand.get().getType());
      if (!type || !getBufferBytes(MemRefType::get({}, type.getElementType())))
        continue;
      uint64_t bytes = multiply(times, getAccessedBytes(op, type));
      Access access = getAccess(op, operand);
      if (reads(access))
        addAccess(operand.get(), &Part::read, bytes, findOrigin(getReader(operand)));
      if (writes(access))
        addAccess(operand.get(), &Part::written, bytes, findOrigin(getWriter(operand)));
    }
  }

  /// Each buffer counts once, and a part of one that is the same throughout as that part: for the first origin that
  /// reads it, and the first that writes it.
  void addBytes(MutableArrayRef<uint64_t> ofOrigins) const {
    for (const auto &[root, buffer] : buffers)
      for (Bytes Part::*direction : {&Part::read, &Part::written}) {
        uint64_t left = buffer.size;
        for (const auto &[view, part] : buffer.parts) {
          const Bytes &accessed = part.*direction;
          uint64_t bytes = std::min({left, part.size, accessed.bytes});
          add(ofOrigins[accessed.origin], bytes);
          left -= bytes;
        }
      }
  }

private:
  struct Bytes {
    uint64_t bytes = 0;
    /// The first.
    size_t origin = 0;
  };
  struct Part {
    uint64_t size = 0;
    Bytes read, written;
  };
  struct Buffer {
    uint64_t size = 0;
    llvm::SmallMapVector<Value, Part, 2> parts;
  };

  static uint64_t getSize(Value memref) {
    return getBufferBytes(cast<MemRefType>(memref.getType())).value_or(INT64_MAX);
  }

  /// From the memref that an op touches through its views to the arena's view that is the buffer. The part is the view
  /// made outside of all loops.
  void addAccess(Value memref, Bytes Part::*direction, uint64_t bytes, size_t origin) {
    Value root = memref, part;
    while (true) {
      if (!part && isa<FunctionOpInterface>(root.getParentBlock()->getParentOp()))
        part = root;
      auto view = root.getDefiningOp<ViewLikeOpInterface>();
      if (!view || isa<memref::ViewOp>(view))
        break;
      root = view.getViewSource();
    }
    Operation *source = root.getDefiningOp();
    bool isScratch = source && (source->hasAttr("nn.worker_offset") ||
                                (isBufferAllocation(source) && source->getParentOfType<scf::ForallOp>()));
    if (isScratch)
      return;
    Access counted = getCounted(root);
    if (!(direction == &Part::read ? reads(counted) : writes(counted)))
      return;
    const void *key = root.getAsOpaquePointer();
    if (auto global = dyn_cast_or_null<memref::GetGlobalOp>(source))
      key = global.getNameAttr().getAsOpaquePointer();
    Buffer &buffer = buffers[key];
    buffer.size = getSize(root);
    Part &accessed = buffer.parts[part ? part : root];
    accessed.size = getSize(part ? part : root);
    Bytes &already = accessed.*direction;
    if (already.bytes == 0)
      already.origin = origin;
    add(already.bytes, bytes);
  }

  CountedAccess getCounted;
  llvm::MapVector<const void *, Buffer> buffers;
};

} // namespace

KernelCost nn::countCost(OpRange ops) {
  SmallVector<Operation *> list;
  for (Operation &op : ops)
    list.push_back(&op);
  return countCost(list, [](Value) { return Access::readWrite; });
}

KernelCost nn::countCost(Ops ops, CountedAccess getCounted) {
  RunCounter counter(ops);
  Origins origins;
  SmallVector<uint64_t> flops, bytes;
  Traffic traffic(getCounted);
  for (Operation *top : ops)
    top->walk([&](Operation *op) {
      bool isTop = op->getBlock() == top->getBlock();
      uint64_t times = isTop ? 1 : counter.getRuns(op->getBlock());
      uint64_t computed = multiply(times, getFlops(op));
      bool accesses = times && (op->getNumRegions() == 0 || isa<linalg::GenericOp>(op));
      if (computed == 0 && !accesses)
        return;
      size_t origin = origins.find(op);
      flops.resize(origins.getAll().size());
      add(flops[origin], computed);
      if (accesses)
        traffic.addAccesses(op, times, [&](Operation *accessing) { return origins.find(accessing); });
    });
  flops.resize(origins.getAll().size());
  bytes.resize(flops.size());
  traffic.addBytes(bytes);
  KernelCost cost;
  uint64_t allFlops = 0, allBytes = 0;
  for (auto [of, itsFlops, itsBytes] : llvm::zip_equal(origins.getAll(), flops, bytes)) {
    if (itsFlops || itsBytes)
      cost.shares.push_back({of, clamp(itsFlops), clamp(itsBytes)});
    add(allFlops, itsFlops);
    add(allBytes, itsBytes);
  }
  cost.flops = clamp(allFlops);
  cost.bytes = clamp(allBytes);
  return cost;
}

SmallVector<NamedAttrList> KernelCost::describeShares(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<NamedAttrList> descriptions;
  for (const KernelShare &share : shares) {
    NamedAttrList &description = descriptions.emplace_back(describeLayer(context, share.of.layer, share.of.stage));
    description.set("flops", builder.getI64IntegerAttr(share.flops));
    description.set("bytes", builder.getI64IntegerAttr(share.bytes));
  }
  return descriptions;
}
