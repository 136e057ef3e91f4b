// --nn-test-count-products: makes training steps in phase linalg count their multiply-adds while they run. The body of
// each matrix product, which is run once for each of its multiply-adds, increments a counter of its own. The host
// gives the counters' start as the input `products` and finds their end in the output `products`. `nn.products` says
// for each which layer and stage the report counts the product for. No shape is looked at, so that what a report
// derives from shapes has something to be compared with.
//
// The input's own memory is what is incremented, which tensors do not show; so the output, a copy made when all is
// done, is what counts. For programs that are run on one thread.
#include "CountProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/Pass.h"
#include "passes/report/ProductCounts.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

struct CountProducts : PassWrapper<CountProducts, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountProducts)
  StringRef getArgument() const override { return "nn-test-count-products"; }
  StringRef getDescription() const override { return "Have training steps count the multiply-adds of their products"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, bufferization::BufferizationDialect, memref::MemRefDialect>();
  }

  void runOnOperation() override {
    for (func::FuncOp entry : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (entry->getAttr("nn.entry") == StringAttr::get(&getContext(), "train") && failed(addCounters(entry)))
        signalPassFailure();
  }

  LogicalResult addCounters(func::FuncOp entry) {
    SmallVector<linalg::LinalgOp> products;
    SmallVector<Attribute> origins;
    OpBuilder builder(&getContext());
    entry.walk([&](linalg::LinalgOp op) {
      if (std::optional<LayerStage> origin = describeProduct(op)) {
        origins.push_back(builder.getStringAttr(origin->stage + " " + origin->layer));
        products.push_back(op);
      }
    });
    entry->setAttr("nn.products", builder.getArrayAttr(origins));
    auto type = RankedTensorType::get({static_cast<int64_t>(products.size())}, builder.getI64Type());
    unsigned index = entry.getNumArguments();
    (void)entry.insertArgument(index, type, describe(builder, "input", "data"), entry.getLoc());
    auto start = ImplicitLocOpBuilder::atBlockBegin(entry.getLoc(), &entry.getBody().front());
    Value counters = bufferization::ToBufferOp::create(start, MemRefType::get(type.getShape(), type.getElementType()),
                                                       entry.getArgument(index), /*read_only=*/true);
    for (auto [number, op] : llvm::enumerate(products))
      if (failed(countRuns(op, counters, number)))
        return failure();
    Operation *terminator = entry.getBody().front().getTerminator();
    unsigned numResults = entry.getNumResults();
    (void)entry.insertResult(numResults, type, describe(builder, "output", "metric"));
    terminator->insertOperands(numResults, entry.getArgument(index));
    return success();
  }

  static DictionaryAttr describe(OpBuilder &b, StringRef what, StringRef role) {
    return b.getDictionaryAttr({b.getNamedAttr(("nn." + what).str(), b.getStringAttr("products")),
                                b.getNamedAttr(("nn." + what + "_role").str(), b.getStringAttr(role))});
  }

  /// Puts an increment into the op's body.
  static LogicalResult countRuns(linalg::LinalgOp op, Value counters, int64_t index) {
    IRRewriter rewriter(op->getContext());
    rewriter.setInsertionPoint(op);
    auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
    if (!generic) {
      FailureOr<linalg::GenericOp> general = linalg::generalizeNamedOp(rewriter, op);
      if (failed(general))
        return op->emitOpError("has no body to count in");
      generic = *general;
    }
    auto b = ImplicitLocOpBuilder::atBlockBegin(generic.getLoc(), generic.getBody());
    Value place = arith::ConstantIndexOp::create(b, index);
    Value before = memref::LoadOp::create(b, counters, ValueRange(place));
    Value after = arith::AddIOp::create(b, before, arith::ConstantIntOp::create(b, 1, 64));
    memref::StoreOp::create(b, after, counters, ValueRange(place));
    return success();
  }
};

} // namespace

void nn::test::registerCountProducts() { PassRegistration<CountProducts>(); }
