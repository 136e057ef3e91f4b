// A block of an emulated kernel: its threads, its shared memory, and who waits for whom.
#pragma once
#include "core/Accesses.h"
#include "core/Fiber.h"
#include "nnc/program.h"
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace nnc {

class EmulatedBlock;

constexpr int64_t kWarpThreads = 32;
constexpr int64_t kMaxThreads = 1024;
constexpr int64_t kMaxExchangeBytes = 64;

/// What all blocks of a launch have in common.
struct EmulatedKernel {
  const char *name;
  nnc_emulated_body body;
  void *context;
  int64_t blocks, threads, sharedBytes;
  /// Its arena, and what has been done to it; null where nobody records that.
  char *arena;
  int64_t arenaBytes;
  AccessHistory *history;
};

/// An asynchronous copy that has started.
struct EmulatedCopy {
  char *target;
  const char *source;
  int64_t bytes, sourceBytes;
  const char *place;
};

/// A thread, as compiled code knows it and as the block does.
struct EmulatedThread : nnc_emulated_thread {
  enum State { fresh, ready, atBarrier, atGridBarrier, exchanging, ended };

  EmulatedBlock *owner;
  State state;
  /// Where it waits.
  const char *place;
  Fiber fiber;
  const FiberStack *stack;
  /// In their order; of each group, how many copies there are up to its end.
  std::vector<EmulatedCopy> copies;
  std::vector<size_t> groups;
};

/// 32 threads in a row, or what there is of them. Exchanges take turns with two buffers: who is at the next one must
/// not touch what others still read.
struct EmulatedWarp {
  alignas(16) std::byte data[2][kWarpThreads * kMaxExchangeBytes];
  int turn;
};

class EmulatedBlock {
public:
  /// Ready to run block `number`; memory is kept from one block to the next.
  void start(const EmulatedKernel &kernel, int64_t number);

  /// Runs the threads until all have ended or wait for other blocks. False where that cannot be; the error says why.
  bool run();

  bool hasEnded() const { return threads.front().state == EmulatedThread::ended; }
  /// Where all threads wait for other blocks; null where they have ended.
  const char *getGridPlace() const { return hasEnded() ? nullptr : threads.front().place; }
  /// Lets them go on.
  void passGridBarrier() { release(); }

  /// What is wrong with the kernel.
  std::string error;

  // Called on a thread's fiber.
  void wait(EmulatedThread &thread, EmulatedThread::State state, const char *place);
  const void *exchange(EmulatedThread &thread, const void *data, int64_t bytes, const char *place);
  void startCopy(EmulatedThread &thread, const EmulatedCopy &copy);
  void endCopies(EmulatedThread &thread, int64_t pendingGroups);
  void access(EmulatedThread &thread, const char *address, int64_t bytes, int64_t flags, const char *place);

private:
  bool runWarp(int64_t warp);
  bool passExchange(int64_t warp);
  void resume(EmulatedThread &thread);
  void release();
  bool waitsAlike(EmulatedThread::State state) const;
  void explainWait();

  bool holdsShared(const char *address) const { return address >= shared && address < shared + kernel->sharedBytes; }
  Access describe(const EmulatedThread &thread, const char *place) const;
  [[noreturn]] void stop(EmulatedThread &thread, std::string message);
  void check(EmulatedThread &thread, const std::optional<Race> &race, bool isShared, bool isWrite, const char *place);

  static void runThread(void *thread);

  const EmulatedKernel *kernel = nullptr;
  int64_t number = 0, epoch = 0;
  std::vector<EmulatedThread> threads;
  std::vector<EmulatedWarp> warps;
  std::vector<FiberStack> stacks;
  std::vector<const FiberStack *> freeStacks;
  std::unique_ptr<char[]> sharedMemory;
  int64_t sharedCapacity = 0;
  char *shared = nullptr;
  AccessHistory sharedHistory;
};

} // namespace nnc
