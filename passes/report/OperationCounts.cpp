// Counts products and operations on linalg ops; see OperationCounts.h.
#include "passes/report/OperationCounts.h"
#include "codegen/KernelCost.h"
#include "codegen/KernelNames.h"
#include "codegen/cpu/Contraction.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

static int64_t multiply(int64_t a, int64_t b) {
  int64_t product = 0;
  return llvm::MulOverflow(a, b, product) ? INT64_MAX : product;
}

static void add(int64_t &sum, int64_t value) { sum = llvm::AddOverflow(sum, value, sum) ? INT64_MAX : sum; }

/// The turns of a loop; 1 where they are not known, or `op` is no loop.
static int64_t countTurns(Operation *op) {
  int64_t turns = 1;
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    if (std::optional<APInt> count = loop.getStaticTripCount(); count && count->getActiveBits() < 63)
      turns = count->getZExtValue();
  } else if (auto loop = dyn_cast<scf::ForallOp>(op)) {
    for (auto [lower, upper, step] :
         llvm::zip_equal(loop.getMixedLowerBound(), loop.getMixedUpperBound(), loop.getMixedStep()))
      if (std::optional<APInt> count = constantTripCount(lower, upper, step, /*isSigned=*/true, scf::computeUbMinusLb);
          count && count->getActiveBits() < 63)
        turns = multiply(turns, count->getZExtValue());
  }
  return turns;
}

/// How often an op runs when the entry runs once.
static int64_t countRuns(Operation *op) {
  int64_t runs = 1;
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp())
    runs = multiply(runs, countTurns(parent));
  return runs;
}

SmallVector<Stage> nn::parseStages(StringRef names) {
  SmallVector<Stage> stages;
  SmallVector<StringRef> parts;
  names.split(parts, '_', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts)
    stages.push_back(part == backwardStage ? backward : part == updateStage ? update : forward);
  return stages;
}

/// What an op counts for: of several stages the first.
static ProductOrigin describe(func::FuncOp entry, Operation *op) {
  KernelOrigin origin = describeKernel(entry, op->getLoc());
  SmallVector<Stage> stages = parseStages(origin.stage);
  return {std::move(origin.layer), stages.empty() ? forward : stages.front()};
}

std::optional<ProductOrigin> nn::describeProduct(func::FuncOp entry, Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (linalgOp && ((generic && hasMultiplyAddBody(generic)) || linalg::isaContractionOpInterface(linalgOp)))
    return describe(entry, op);
  return std::nullopt;
}

llvm::StringMap<OperationCounts> nn::countOperations(func::FuncOp entry) {
  llvm::StringMap<OperationCounts> counts;
  entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp) {
      if (int64_t flops = getFlops(op); flops > 0) {
        auto [layer, stage] = describe(entry, op);
        add(counts[layer].flops[stage], multiply(flops, countRuns(op)));
      }
      return WalkResult::advance();
    }
    auto [layer, stage] = describe(entry, op);
    int64_t runs = countRuns(op);
    for (int64_t extent : linalgOp.getStaticLoopRanges())
      runs = multiply(runs, std::max<int64_t>(extent, 0));
    OperationCounts &count = counts[layer];
    int64_t flops = 0;
    linalgOp.getBlock()->walk([&](Operation *inner) { flops += getFlops(inner); });
    add(count.flops[stage], multiply(runs, flops));
    if (describeProduct(entry, op))
      add(count.multiplyAdds[stage], runs);
    return WalkResult::skip();
  });
  return counts;
}
