// Lists schedules near the best one so far. What a candidate leaves open, the target's description decides anew: other
// panels have other blocks and tasks.
#include "codegen/cpu/ScheduleCandidates.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mlir::nn;

// Tiles of the least estimated time that are measured.
static constexpr size_t numTiles = 6;

ScheduleChoices nn::getAllChoices(const ContractionSchedule &schedule, int64_t lanes) {
  ScheduleChoices all;
  all.tile = {schedule.tiling.rows.front().size, llvm::divideCeil(schedule.panelWidth, lanes)};
  all.panels = schedule.panels;
  all.tasks = {schedule.rowTasks, schedule.columnTasks};
  if (schedule.goesByRows)
    all.byRows = true;
  if (schedule.goesByBlocks())
    all.blockSums = schedule.blockSums;
  if (schedule.copiesB())
    all.blockOfA = schedule.blockOfA;
  return all;
}

namespace {
class CandidateList {
public:
  CandidateList(const Contraction &contraction, const CpuTarget &target, const ScheduleChoices &best)
      : contraction(contraction), target(target), best(best),
        lanes(target.getLanes(cast<MemRefType>(contraction.c->get().getType()).getElementType())) {
    // Seen, but no candidate.
    add(best);
    candidates.clear();
  }

  SmallVector<ScheduleChoices> take() { return std::move(candidates); }

  ContractionSchedule getSchedule() const { return scheduleContraction(contraction, target, best); }

  void addOperands() {
    for (PanelsOfB panels :
         {PanelsOfB::inPlace, PanelsOfB::transposed, PanelsOfB::streamed, PanelsOfB::perTask, PanelsOfB::shared}) {
      ScheduleChoices choices;
      choices.panels = panels;
      add(choices);
      if (panels == PanelsOfB::inPlace) {
        choices.byRows = true;
        add(choices);
      }
      if (copiesB(panels))
        for (BlockOfA block : {BlockOfA::inPlace, BlockOfA::rowMajor, BlockOfA::tileMajor}) {
          choices.blockOfA = block;
          add(choices);
        }
    }
  }

  void addTiles() {
    ContractionSchedule schedule = getSchedule();
    int64_t rows = schedule.rowLoop ? contraction.getExtent(*schedule.rowLoop) : 1;
    auto ranked = rankTiles(target, lanes, rows, contraction.getExtent(contraction.vectorLoop),
                            contraction.getNumTerms(), target.vectorRegisters, target.vectorRegisters);
    for (auto tile : ArrayRef(ranked).take_front(numTiles)) {
      ScheduleChoices choices = best;
      choices.tile = tile;
      choices.tasks.reset();
      choices.blockSums.reset();
      add(choices);
    }
  }

  void addTasks(int64_t threads) {
    ContractionSchedule schedule = getSchedule();
    for (int64_t share : {schedule.blockSums / 2, schedule.blockSums * 2}) {
      ScheduleChoices choices = best;
      choices.blockSums =
          std::min<int64_t>(llvm::alignTo(share, termsPerTurn),
                            contraction.sums.empty() ? 1 : contraction.getExtent(contraction.sums.back()));
      if (schedule.goesByBlocks())
        add(choices);
    }
    int64_t rows = schedule.rowTasks, columns = schedule.columnTasks;
    std::pair<int64_t, int64_t> splits[] = {{threads, 1},        {1, threads},        {2 * threads, 1},
                                            {1, 2 * threads},    {2 * rows, columns}, {rows, 2 * columns},
                                            {rows / 2, columns}, {rows, columns / 2}, {1, 1}};
    for (auto split : splits) {
      ScheduleChoices choices = best;
      choices.tasks = split;
      add(choices);
    }
  }

private:
  void add(const ScheduleChoices &choices) {
    if (!findScheduleProblem(contraction, target, choices).empty())
      return;
    ScheduleChoices all = getAllChoices(scheduleContraction(contraction, target, choices), lanes);
    if (seen.insert(getScheduleAttribute(contraction.op->getContext(), all)).second)
      candidates.push_back(all);
  }

  const Contraction &contraction;
  const CpuTarget &target;
  const ScheduleChoices &best;
  int64_t lanes;
  SmallVector<ScheduleChoices> candidates;
  DenseSet<Attribute> seen;
};
} // namespace

SmallVector<ScheduleChoices> nn::listCandidates(const Contraction &contraction, const CpuTarget &target,
                                                int64_t threads, const ScheduleChoices &best, SearchTurn turn) {
  if (!findScheduleProblem(contraction, target, best).empty())
    return {};
  CandidateList list(contraction, target, best);
  switch (turn) {
  case SearchTurn::operands:
    list.addOperands();
    break;
  case SearchTurn::tile:
    list.addTiles();
    break;
  case SearchTurn::tasks:
    list.addTasks(threads);
    break;
  }
  return list.take();
}
