// Runs the kernels of programs of targets cuda-emulator and cuda-races on the host: nnc_rt_emulate and its companions
// of program.h. The threads of a block are fibers that run in turn until each waits for others; blocks are the tasks of
// a parallel loop, or all there at once where the kernel waits for all of them.
//
// It is stricter than a device, so that what works here works there: shared memory and the targets of asynchronous
// copies hold NaNs until they are written, and a copy is done when it is waited for, not before. What a device would
// hang on, or answer with anything, is an error: threads that wait where others do not come, copies of a size or at an
// address that no device takes. Programs of target cuda-races report each access, too: what lies outside of the arena
// and of shared memory is found, and accesses that race.
#pragma once
#include <string>

namespace nnc {

/// Keeps the first error of the kernels that the calling thread launches while it lives; what comes after it does not
/// run. Without one an error is written to stderr and ends the process.
class EmulationScope {
public:
  EmulationScope();
  ~EmulationScope();
  EmulationScope(const EmulationScope &) = delete;

  /// Throws the Error that there was, if any.
  void check() const;

private:
  friend class EmulatedLaunch;
  std::string message;
  EmulationScope *previous;
};

} // namespace nnc
