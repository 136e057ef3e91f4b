// Measures candidates, and keeps what is faster.
#include "codegen/cpu/ScheduleSearch.h"
#include "codegen/cpu/ExtractContraction.h"
#include "codegen/cpu/ScheduleCandidates.h"
#include "codegen/cpu/TimeKernels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace mlir::nn;

// What another schedule takes at most of the target's own choice's time, to be taken in its place; in the search, of
// the best one's so far.
static constexpr double clearlyFaster = 0.97, faster = 0.99;

static constexpr int64_t searchRounds = 7, finalRounds = 9, finalProcesses = 3;

namespace {
class Search {
public:
  Search(ModuleOp kernel, const SearchOptions &options) : kernel(kernel), options(options) {}

  llvm::Expected<SearchOutcome> run() {
    // Its loops are merged already: what the lowering will see is what is here.
    FailureOr<Contraction> contraction = matchContraction(getExtracted(kernel), options.target);
    assert(succeeded(contraction) && "it was one in the program");
    SmallVector<ScheduleChoices> finalists = {ScheduleChoices()};
    for (SearchTurn turn : searchTurns)
      if (llvm::Error error = improve(*contraction, turn, finalists))
        return error;
    return choose(finalists);
  }

private:
  /// Adds what is faster than the last of `finalists`, if anything is.
  llvm::Error improve(const Contraction &contraction, SearchTurn turn, SmallVectorImpl<ScheduleChoices> &finalists) {
    SmallVector<ScheduleChoices> choices = {finalists.back()};
    llvm::append_range(choices, listCandidates(contraction, options.target, options.threads, choices.front(), turn));
    if (choices.size() == 1)
      return llvm::Error::success();
    llvm::Expected<KernelTimes> times = measure(choices, searchRounds, /*processes=*/1);
    if (!times)
      return times.takeError();
    ArrayRef<KernelTime> all = times->front();
    auto best = llvm::min_element(all, [](KernelTime a, KernelTime b) { return a.least < b.least; });
    if (best->least < faster * all.front().least)
      finalists.push_back(choices[best - all.begin()]);
    return llvm::Error::success();
  }

  /// The best of `finalists`, of which the first is the target's own choice: it stays where the others are not faster
  /// in every process, by its fastest call and by its median.
  llvm::Expected<SearchOutcome> choose(ArrayRef<ScheduleChoices> finalists) {
    SearchOutcome outcome;
    if (finalists.size() == 1)
      return outcome;
    llvm::Expected<KernelTimes> times = measure(finalists, finalRounds, finalProcesses);
    if (!times)
      return times.takeError();
    auto getLeast = [&](size_t number) {
      double least = times->front()[number].least;
      for (ArrayRef<KernelTime> all : *times)
        least = std::min(least, all[number].least);
      return least;
    };
    auto isFaster = [&](size_t number) {
      return llvm::all_of(*times, [&](ArrayRef<KernelTime> all) {
        return all[number].least < clearlyFaster * all[0].least && all[number].median < clearlyFaster * all[0].median;
      });
    };
    outcome.before = outcome.after = getLeast(0);
    for (size_t number = 1; number < finalists.size(); ++number)
      if (isFaster(number) && getLeast(number) < outcome.after) {
        outcome.after = getLeast(number);
        outcome.choices = finalists[number];
      }
    return outcome;
  }

  llvm::Expected<KernelTimes> measure(ArrayRef<ScheduleChoices> choices, int64_t rounds, int64_t processes) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(kernel.getLoc());
    func::FuncOp original = *kernel.getOps<func::FuncOp>().begin();
    for (auto [number, choice] : llvm::enumerate(choices)) {
      func::FuncOp copy = original.clone();
      copy.setName(("kernel" + Twine(number)).str());
      module->push_back(copy);
      getExtracted(copy)->setAttr(scheduleAttributeName, getScheduleAttribute(module->getContext(), choice));
    }
    return timeKernels(*module, {options.march, options.threads, rounds, processes});
  }

  ModuleOp kernel;
  const SearchOptions &options;
};
} // namespace

llvm::Expected<SearchOutcome> nn::searchSchedule(ModuleOp kernel, const SearchOptions &options) {
  return Search(kernel, options).run();
}
