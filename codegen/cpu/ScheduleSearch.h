// The search for a contraction's best schedule, by measurement: from the target's own choice to better ones near it,
// turn by turn. Noise must not pick a loser, so what wins is measured once more, against the target's choice alone, and
// has to be clearly faster.
#pragma once
#include "codegen/cpu/ScheduleChoices.h"
#include "codegen/cpu/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace mlir::nn {

struct SearchOptions {
  std::string march;
  CpuTarget target;
  int64_t threads;
};

struct SearchOutcome {
  /// All open where nothing is clearly faster than the target's own choice.
  ScheduleChoices choices;
  /// Seconds by the target's own choice, and by these; zero where none was worth a second measurement.
  double before = 0, after = 0;
};

/// For the contraction in `kernel`, which extractContraction made.
llvm::Expected<SearchOutcome> searchSchedule(ModuleOp kernel, const SearchOptions &options);

} // namespace mlir::nn
