// --nn-test-mutate-adjoints: next to each function that holds adjoints, a copy of it for each way to break one. A check
// of gradients is worth something only where it notices every one of them.
//
// What `nn.adjoint` marks, and the ops in its regions, are broken one result at a time: a float is negated, then
// zeroed; a condition inverted, then false. A result that is zero by construction becomes one instead. The copies are
// called NAME.mutant.INDEX.KIND and carry in `nn.symbol` the op that was broken.
#include "MutateAdjoints.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace {

/// The float and i1 results of adjoints, in order. Bodies of named linalg ops are not the adjoint's.
SmallVector<OpResult> collectResults(func::FuncOp function) {
  SmallVector<OpResult> results;
  auto add = [&](Operation *op) {
    for (OpResult result : op->getResults()) {
      Type element = getElementTypeOrSelf(result.getType());
      if ((isa<FloatType>(element) || element.isInteger(1)) && !isa<tensor::EmptyOp>(op) && !result.use_empty())
        results.push_back(result);
    }
  };
  std::function<void(Operation *)> visit = [&](Operation *op) {
    bool isNamed = isa<linalg::LinalgOp>(op) && !isa<linalg::GenericOp, linalg::MapOp, linalg::ReduceOp>(op);
    if (!isNamed)
      for (Region &region : op->getRegions())
        for (Operation &inner : region.getOps())
          visit(&inner);
    add(op);
  };
  for (Operation &op : function.getBody().front())
    if (op.hasAttr("nn.adjoint"))
      visit(&op);
  return results;
}

bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  return matchPattern(value, m_AnyZeroFloat());
}

/// Whether the value is written over an operand, so that what breaks it must write over it too.
bool isInPlace(Operation *op) {
  return isa<DestinationStyleOpInterface, scf::ForOp, tensor::InsertSliceOp, tensor::InsertOp,
             bufferization::MaterializeInDestinationOp>(op);
}

enum class Kind { negate, zero, one };
StringRef name(Kind kind) { return kind == Kind::negate ? "negate" : kind == Kind::zero ? "zero" : "one"; }

Value breakScalar(ImplicitLocOpBuilder &b, Kind kind, Value value) {
  if (value.getType().isInteger(1)) {
    Value flag = arith::ConstantIntOp::create(b, kind == Kind::negate, 1);
    return kind == Kind::negate ? arith::XOrIOp::create(b, value, flag).getResult() : flag;
  }
  if (kind == Kind::negate)
    return arith::NegFOp::create(b, value);
  return arith::ConstantOp::create(b, b.getFloatAttr(value.getType(), kind == Kind::one ? 1.0 : 0.0));
}

void breakResult(OpResult result, Kind kind) {
  Operation *op = result.getOwner();
  ImplicitLocOpBuilder b(op->getLoc(), op->getContext());
  b.setInsertionPointAfter(op);
  llvm::SmallPtrSet<Operation *, 4> ours;
  Value broken;
  if (auto type = dyn_cast<RankedTensorType>(result.getType())) {
    bool inPlace = isInPlace(op);
    Value destination =
        inPlace ? Value(result) : tensor::EmptyOp::create(b, type.getShape(), type.getElementType()).getResult();
    SmallVector<AffineMap> maps(inPlace ? 1 : 2, b.getMultiDimIdentityMap(type.getRank()));
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(b, TypeRange{type}, inPlace ? ValueRange() : ValueRange{result},
                                             ValueRange{destination}, maps, iterators,
                                             [&](OpBuilder &nested, Location loc, ValueRange args) {
                                               ImplicitLocOpBuilder body(loc, nested);
                                               linalg::YieldOp::create(body, breakScalar(body, kind, args[0]));
                                             });
    ours.insert(generic);
    broken = generic.getResult(0);
  } else {
    broken = breakScalar(b, kind, result);
    ours.insert(broken.getDefiningOp());
  }
  result.replaceAllUsesExcept(broken, ours);
}

struct MutateAdjoints : PassWrapper<MutateAdjoints, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MutateAdjoints)
  StringRef getArgument() const override { return "nn-test-mutate-adjoints"; }
  StringRef getDescription() const override { return "Copy each function once for each way to break its adjoints"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, linalg::LinalgDialect, tensor::TensorDialect>();
  }

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      SmallVector<OpResult> results = collectResults(function);
      for (auto [index, result] : llvm::enumerate(results)) {
        if (isZero(result)) {
          addMutant(function, index, Kind::one);
          continue;
        }
        addMutant(function, index, Kind::negate);
        addMutant(function, index, Kind::zero);
      }
    }
  }

  void addMutant(func::FuncOp function, unsigned index, Kind kind) {
    OpBuilder b(function.getContext());
    func::FuncOp copy = function.clone();
    getOperation().push_back(copy);
    copy.setName((function.getName() + ".mutant." + Twine(index) + "." + name(kind)).str());
    OpResult result = collectResults(copy)[index];
    copy->setAttr("nn.symbol", b.getStringAttr(result.getOwner()->getName().getStringRef()));
    breakResult(result, kind);
  }
};

} // namespace

void nn::test::registerMutateAdjoints() { PassRegistration<MutateAdjoints>(); }
