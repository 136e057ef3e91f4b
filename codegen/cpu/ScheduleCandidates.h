// Which schedules of a contraction are worth measuring.
#pragma once
#include "codegen/cpu/ContractionSchedule.h"

namespace mlir::nn {

/// What the candidates of one turn of a search differ in; the turns go in this order, each from the best so far.
enum class SearchTurn { operands, tile, tasks };
inline constexpr SearchTurn searchTurns[] = {SearchTurn::operands, SearchTurn::tile, SearchTurn::tasks};

/// All choices of a schedule, none left open.
ScheduleChoices getAllChoices(const ContractionSchedule &schedule, int64_t lanes);

/// Possible choices, besides `best`, that give schedules unlike one another's and that of `best`; on `threads` threads.
/// None for a contraction whose schedule is not free.
SmallVector<ScheduleChoices> listCandidates(const Contraction &contraction, const CpuTarget &target, int64_t threads,
                                            const ScheduleChoices &best, SearchTurn turn);

} // namespace mlir::nn
