// nn-test-schedules: copies of each function with a product, a copy for each of several schedules that a search may
// try.
#include "TestSchedules.h"
#include "codegen/cpu/ScheduleCandidates.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace mlir::nn;

/// For each way to read the operands, one with another tile and another split into tasks. Which ones goes round.
static SmallVector<ScheduleChoices> listSchedules(const Contraction &contraction, const CpuTarget &target) {
  auto list = [&](const ScheduleChoices &best, SearchTurn turn) {
    return listCandidates(contraction, target, /*threads=*/3, best, turn);
  };
  SmallVector<ScheduleChoices> starts = {ScheduleChoices()}, all;
  llvm::append_range(starts, list({}, SearchTurn::operands));
  for (auto [number, start] : llvm::enumerate(starts)) {
    ScheduleChoices choices = start;
    for (SearchTurn turn : {SearchTurn::tile, SearchTurn::tasks})
      if (SmallVector<ScheduleChoices> next = list(choices, turn); !next.empty())
        choices = next[number % next.size()];
    all.push_back(choices);
  }
  return all;
}

namespace {
struct TestSchedules : PassWrapper<TestSchedules, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestSchedules)
  TestSchedules() = default;
  TestSchedules(const TestSchedules &other) : PassWrapper(other) {}
  StringRef getArgument() const override { return "nn-test-schedules"; }
  StringRef getDescription() const override { return "Copy each function for each of several schedules"; }
  Option<std::string> march{*this, "march", llvm::cl::init("native")};

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getCpuTarget(getOperation(), march);
    if (failed(target))
      return signalPassFailure();
    for (func::FuncOp function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      copy(function, *target);
  }

  void copy(func::FuncOp function, const CpuTarget &target) {
    std::optional<Contraction> product = findProduct(function);
    if (!product)
      return;
    for (auto [number, choices] : llvm::enumerate(listSchedules(*product, target))) {
      func::FuncOp copy = function.clone();
      copy.setName((function.getName() + "_" + Twine(number)).str());
      getOperation().push_back(copy);
      findProduct(copy)->op->setAttr(scheduleAttributeName, getScheduleAttribute(&getContext(), choices));
    }
  }

  static std::optional<Contraction> findProduct(func::FuncOp function) {
    std::optional<Contraction> product;
    function.walk([&](linalg::GenericOp op) {
      if (FailureOr<Contraction> found = matchContraction(op); succeeded(found))
        product = *found;
    });
    return product;
  }
};
} // namespace

void nn::test::registerTestSchedules() { PassRegistration<TestSchedules>(); }
