// Rehearsal of an entry point: whether it touches just the bytes that its plan says, whatever they held before.
#pragma once
#include "core/Session.h"
#include <functional>

namespace nnc {

/// How many bytes an entry touched, which are those planned.
struct TouchedBytes {
  int64_t arena = 0;   // of the arena; the variables are counted where the entry is init
  int64_t scratch = 0; // of a worker's scratch, all workers laid over each other
};

/// Throws an Error where the program's entries do not run on the host, where alone this is possible.
void checkRehearsable(const nnc_program &program);

/// Runs `entry` twice on arenas of its own, each between guard pages and painted with a pattern of its own: a byte that
/// keeps both paints is untouched. Seed and learning rate are those of `prepared`, and so are the variables where the
/// entry is not init; `writeInputs` writes the inputs. Throws an Error where the bytes touched are not those planned,
/// where a guard is met, or where outputs or variables of the two runs differ in any bit.
///
/// The workers take turns on the calling thread, so that both runs do the same in the same order. While it lasts,
/// faults of the process are taken for the entry's: one rehearsal at a time, and best in a process of its own.
TouchedBytes rehearse(const Session &prepared, const nnc_entry &entry, int workers,
                      const std::function<void(Session &)> &writeInputs);

} // namespace nnc
