// Cuts a body into steps and finds what each needs; see Steps.h.
#include "codegen/gpu/Steps.h"
#include "codegen/Buffers.h"
#include "codegen/ParallelLoops.h"
#include "codegen/gpu/BlockCode.h"
#include "codegen/gpu/ContractionTile.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <map>

using namespace mlir;
using namespace mlir::nn;

/// Evaluations of a body up to which an operation is small: a block does them faster than a launch starts.
static constexpr int64_t smallWork = 1 << 15;

bool nn::standsOutside(Operation &op) {
  return isa<memref::AllocOp>(op) || op.hasTrait<OpTrait::ConstantLike>() || isBufferView(&op) ||
         op.hasTrait<OpTrait::IsTerminator>();
}

bool nn::isLargeStep(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic)
    return isa<scf::ForallOp>(op) || op->hasAttr(turnsAttributeName);
  int64_t work = 1;
  for (int64_t extent : generic.getStaticLoopRanges())
    work *= extent;
  return work > smallWork;
}

bool nn::isTurnsStep(Operation &op) {
  return isa<scf::ForOp>(op) && op.hasAttr(turnsAttributeName) && op.getNumResults() == 0;
}

int64_t Step::getLength() const {
  if (kind == Step::loop)
    return std::numeric_limits<int64_t>::max();
  return kind == Step::product ? group->contraction.getNumTerms() : 0;
}

namespace {
class StepFinder {
public:
  StepFinder(Block &block, const StepChoices &choices) : block(block), choices(choices) {}

  std::vector<Step> run() {
    DenseSet<Operation *> taken;
    DenseMap<Operation *, Step> products;
    for (Operation &op : block) {
      auto generic = dyn_cast<linalg::GenericOp>(op);
      if (!generic || !isLargeStep(&op) || taken.contains(&op))
        continue;
      FailureOr<Contraction> contraction = matchContraction(generic);
      if (failed(contraction) || !takesTiles(*contraction))
        continue;
      Step step = makeProduct(fuseNeighbours(*contraction, taken, choices.knowsRoots));
      taken.insert_range(step.ops);
      Operation *last = step.group->getLast();
      products.try_emplace(last, std::move(step));
    }
    for (auto &[loop, loads] : choices.boundsOf)
      taken.insert_range(loads);
    SmallVector<Operation *> ops;
    for (Operation &op : block)
      if (!standsOutside(op))
        ops.push_back(&op);
    for (size_t at = 0; at < ops.size(); ++at) {
      Operation *op = ops[at];
      if (auto product = products.find(op); product != products.end()) {
        steps.push_back(product->second);
      } else if (taken.contains(op)) {
        continue;
      } else if (auto generic = dyn_cast<linalg::GenericOp>(op); generic && isLargeStep(op)) {
        steps.push_back({Step::generic, {op}, {}, {}});
      } else if (isa<scf::ForallOp>(op)) {
        steps.push_back({Step::loop, {op}, {}, {}});
        steps.back().isAlone = choices.isAlone(op);
      } else if (isTurnsStep(*op)) {
        SmallVector<Operation *> turns = choices.boundsOf.lookup(op);
        turns.push_back(op);
        steps.push_back({Step::turns, turns, {}, {}});
      } else if (auto fill = dyn_cast<linalg::GenericOp>(op); fill && isFillOfNext(fill, ops, at, taken)) {
        steps.push_back({Step::generic, {op, ops[at + 1]}, {}, {}});
        ++at;
      } else if (!steps.empty() && steps.back().kind == Step::small) {
        steps.back().ops.push_back(op);
      } else {
        steps.push_back({Step::small, {op}, {}, {}});
      }
    }
    mergeLargeFills();
    findLevels();
    isolate();
    return std::move(steps);
  }

private:
  Step makeProduct(const ContractionGroup &group) {
    Step step{Step::product, group.getOps(), group, choices.findLibraryProduct(group)};
    if (step.library) {
      step.group = step.library->group;
      step.ops = step.group->getOps();
      step.isAlone = true;
    }
    return step;
  }

  /// A small fill of what a large reduction, the next op, adds up to.
  static bool isFillOfNext(linalg::GenericOp fill, ArrayRef<Operation *> ops, size_t at,
                           const DenseSet<Operation *> &taken) {
    auto next = at + 1 < ops.size() ? dyn_cast<linalg::GenericOp>(ops[at + 1]) : linalg::GenericOp();
    return next && isLargeStep(next) && !taken.contains(next) && takesFill(next, fill);
  }

  /// The same of large fills.
  void mergeLargeFills() {
    std::vector<Step> merged;
    for (Step &step : steps) {
      if (step.kind == Step::generic && step.ops.size() == 1 && !merged.empty() &&
          merged.back().kind == Step::generic && merged.back().ops.size() == 1 &&
          takesFill(cast<linalg::GenericOp>(step.ops[0]), cast<linalg::GenericOp>(merged.back().ops[0]))) {
        merged.back().ops.push_back(step.ops[0]);
        continue;
      }
      merged.push_back(std::move(step));
    }
    steps = std::move(merged);
  }

  /// Each step in the first launch after those that it needs, or that need what it overwrites.
  void findLevels() {
    struct Levels {
      int64_t written = -1, touched = -1;
    };
    DenseMap<Value, Levels> levels;
    for (Step &step : steps) {
      SmallVector<std::pair<Value, Access>> accesses;
      for (Operation *op : step.ops)
        forEachAccess(op, [&](Value memref, Access access) { accesses.push_back({getBufferRoot(memref), access}); });
      for (auto [root, access] : accesses) {
        const Levels &known = levels[root];
        step.level = std::max(step.level, (writes(access) ? known.touched : known.written) + 1);
      }
      for (auto [root, access] : accesses) {
        Levels &known = levels[root];
        known.touched = std::max(known.touched, step.level);
        if (writes(access))
          known.written = std::max(known.written, step.level);
      }
    }
  }

  /// Cuts levels that have steps that are to be alone into several.
  void isolate() {
    std::map<int64_t, SmallVector<Step *>> levels;
    for (Step &step : steps)
      levels[step.level].push_back(&step);
    int64_t next = 0;
    for (auto &[level, members] : levels) {
      auto others = llvm::make_filter_range(members, [](Step *step) { return !step->isAlone; });
      for (Step *step : others)
        step->level = next;
      next += !others.empty();
      for (Step *step : members)
        if (step->isAlone)
          step->level = next++;
    }
  }

  Block &block;
  const StepChoices &choices;
  std::vector<Step> steps;
};
} // namespace

std::vector<Step> nn::findSteps(Block &block, const StepChoices &choices) { return StepFinder(block, choices).run(); }
