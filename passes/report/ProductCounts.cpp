// Counts matrix products on linalg ops; see ProductCounts.h.
#include "passes/report/ProductCounts.h"
#include "codegen/cpu/Contraction.h"
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

Stage nn::parseStage(StringRef name) {
  for (Stage stage : {backward, update})
    if (name.starts_with(stageNames[stage]))
      return stage;
  return forward;
}

std::optional<LayerStage> nn::describeProduct(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!linalgOp || !((generic && hasMultiplyAddBody(generic)) || linalg::isaContractionOpInterface(linalgOp)))
    return std::nullopt;
  return getLayerStage(getOwnLocation(op));
}

llvm::StringMap<StageCounts> nn::countProducts(func::FuncOp entry) {
  llvm::StringMap<StageCounts> counts;
  entry.walk([&](linalg::LinalgOp op) {
    std::optional<LayerStage> origin = describeProduct(op);
    if (!origin)
      return;
    int64_t runs = countRuns(op);
    for (int64_t extent : op.getStaticLoopRanges())
      runs = multiply(runs, std::max<int64_t>(extent, 0));
    add(counts[origin->layer][parseStage(origin->stage)], runs);
  });
  return counts;
}
