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

/// How often an op runs when the entry runs once.
static int64_t countRuns(Operation *op) {
  int64_t runs = 1;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>())
    if (std::optional<APInt> turns = loop.getStaticTripCount(); turns && turns->getActiveBits() < 63)
      runs = multiply(runs, turns->getZExtValue());
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

llvm::StringMap<OperationCounts> nn::countOperations(func::FuncOp entry) {
  llvm::StringMap<OperationCounts> counts;
  entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp) {
      if (int64_t flops = getFlops(op); flops > 0) {
        KernelOrigin origin = describeKernel(entry, op->getLoc());
        SmallVector<Stage> stages = parseStages(origin.stage);
        add(counts[origin.layer].flops[stages.empty() ? forward : stages.front()], multiply(flops, countRuns(op)));
      }
      return WalkResult::advance();
    }
    KernelOrigin origin = describeKernel(entry, op->getLoc());
    SmallVector<Stage> stages = parseStages(origin.stage);
    Stage stage = stages.empty() ? forward : stages.front();
    int64_t runs = countRuns(op);
    for (int64_t extent : linalgOp.getStaticLoopRanges())
      runs = multiply(runs, std::max<int64_t>(extent, 0));
    OperationCounts &count = counts[origin.layer];
    int64_t flops = 0;
    linalgOp.getBlock()->walk([&](Operation *inner) { flops += getFlops(inner); });
    add(count.flops[stage], multiply(runs, flops));
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if ((generic && hasMultiplyAddBody(generic)) || linalg::isaContractionOpInterface(linalgOp))
      add(count.multiplyAdds[stage], runs);
    return WalkResult::skip();
  });
  return counts;
}
