// Runs the threads of a block; see EmulatedBlock.h. Compiled code lies between the frames here and there, through which
// no exception passes: on a fiber an error is kept in the block, and the fiber left for good.
#include "core/EmulatedBlock.h"
#include "core/Error.h"
#include <algorithm>
#include <cstring>

namespace nnc {
namespace {

/// A device's shared memory is so aligned, or better.
constexpr int64_t kSharedAlignment = 1024;

/// All bits set is a NaN as f32, f64, bf16 and f16.
constexpr int kPoison = 0xFF;

std::string describeState(const EmulatedThread &thread) {
  if (thread.state == EmulatedThread::ended)
    return concat("thread ", thread.thread, " has ended");
  return concat("thread ", thread.thread, " waits at ", thread.place);
}

} // namespace

void EmulatedBlock::start(const EmulatedKernel &newKernel, int64_t newNumber) {
  kernel = &newKernel;
  number = newNumber;
  epoch = 0;
  error.clear();
  if (sharedCapacity < kernel->sharedBytes || !sharedMemory) {
    sharedCapacity = kernel->sharedBytes;
    sharedMemory = std::make_unique<char[]>(sharedCapacity + kSharedAlignment);
    auto address = reinterpret_cast<uintptr_t>(sharedMemory.get());
    shared = sharedMemory.get() + (kSharedAlignment - address % kSharedAlignment) % kSharedAlignment;
  }
  std::memset(shared, kPoison, kernel->sharedBytes);
  sharedHistory.clear();
  threads.resize(kernel->threads);
  warps.resize((kernel->threads + kWarpThreads - 1) / kWarpThreads);
  for (EmulatedWarp &warp : warps)
    warp.turn = 0;
  // Threads that an error has left on their stacks leave these behind.
  freeStacks.clear();
  stacks.reserve(kMaxThreads); // others point to them
  for (const FiberStack &stack : stacks)
    freeStacks.push_back(&stack);
  for (int64_t i = 0; i < kernel->threads; ++i) {
    EmulatedThread &thread = threads[i];
    static_cast<nnc_emulated_thread &>(thread) = {number, kernel->blocks, i, kernel->threads, shared};
    thread.owner = this;
    thread.state = EmulatedThread::fresh;
    thread.place = nullptr;
    thread.stack = nullptr;
    thread.copies.clear();
    thread.groups.clear();
  }
}

bool EmulatedBlock::run() {
  while (error.empty()) {
    for (size_t warp = 0; warp < warps.size() && error.empty(); ++warp)
      while (runWarp(warp) && passExchange(warp)) {
      }
    if (!error.empty())
      return false;
    if (waitsAlike(EmulatedThread::ended) || waitsAlike(EmulatedThread::atGridBarrier))
      return true;
    if (!waitsAlike(EmulatedThread::atBarrier)) {
      explainWait();
      return false;
    }
    release();
  }
  return false;
}

/// Runs each thread that can until it waits or ends; false after an error.
bool EmulatedBlock::runWarp(int64_t warp) {
  int64_t begin = warp * kWarpThreads, end = std::min(begin + kWarpThreads, kernel->threads);
  for (int64_t i = begin; i < end; ++i) {
    EmulatedThread &thread = threads[i];
    if (thread.state != EmulatedThread::fresh && thread.state != EmulatedThread::ready)
      continue;
    resume(thread);
    if (!error.empty())
      return false;
  }
  return true;
}

/// Lets the warp's threads go on where all of them are at one exchange.
bool EmulatedBlock::passExchange(int64_t warp) {
  auto begin = threads.begin() + warp * kWarpThreads;
  auto end = threads.begin() + std::min((warp + 1) * kWarpThreads, kernel->threads);
  for (auto thread = begin; thread != end; ++thread)
    if (thread->state != EmulatedThread::exchanging || thread->place != begin->place)
      return false;
  for (auto thread = begin; thread != end; ++thread)
    thread->state = EmulatedThread::ready;
  warps[warp].turn ^= 1;
  return true;
}

void EmulatedBlock::resume(EmulatedThread &thread) {
  if (thread.state == EmulatedThread::fresh) {
    if (freeStacks.empty()) {
      try {
        stacks.emplace_back(stacks.size());
      } catch (const Error &exception) {
        error = exception.what();
        return;
      }
      freeStacks.push_back(&stacks.back());
    }
    thread.stack = freeStacks.back();
    freeStacks.pop_back();
    thread.fiber.start(*thread.stack, runThread, &thread);
  }
  thread.state = EmulatedThread::ready;
  thread.fiber.resume();
  if (thread.state == EmulatedThread::ended)
    freeStacks.push_back(thread.stack);
}

void EmulatedBlock::runThread(void *argument) {
  auto &thread = *static_cast<EmulatedThread *>(argument);
  const EmulatedKernel &kernel = *thread.owner->kernel;
  kernel.body(kernel.context, &thread);
  thread.state = EmulatedThread::ended;
  thread.fiber.abandon();
}

/// The threads have met at a barrier: they go on.
void EmulatedBlock::release() {
  ++epoch;
  for (EmulatedThread &thread : threads)
    thread.state = EmulatedThread::ready;
}

bool EmulatedBlock::waitsAlike(EmulatedThread::State state) const {
  return std::all_of(threads.begin(), threads.end(), [&](const EmulatedThread &thread) {
    return thread.state == state && (state == EmulatedThread::ended || thread.place == threads.front().place);
  });
}

/// Says why no thread can go on: two that others wait for in vain.
void EmulatedBlock::explainWait() {
  auto waits = [](const EmulatedThread &thread) { return thread.state != EmulatedThread::ended; };
  const EmulatedThread &waiting = *std::find_if(threads.begin(), threads.end(), waits);
  // Of its warp, where it waits for that alone.
  auto begin = threads.begin(), end = threads.end();
  if (waiting.state == EmulatedThread::exchanging) {
    begin += waiting.thread / kWarpThreads * kWarpThreads;
    end = begin + std::min<int64_t>(kWarpThreads, end - begin);
  }
  auto other = std::find_if(begin, end, [&](const EmulatedThread &thread) {
    return thread.state != waiting.state || thread.place != waiting.place;
  });
  error = concat("kernel '", kernel->name, "', block ", number, ": ", describeState(waiting), ", but ",
                 describeState(other == end ? waiting : *other));
}

void EmulatedBlock::stop(EmulatedThread &thread, std::string message) {
  error = concat("kernel '", kernel->name, "', block ", number, ", thread ", thread.thread, " ", message);
  message = {}; // nobody comes back to destroy it
  message.shrink_to_fit();
  thread.fiber.abandon();
}

void EmulatedBlock::wait(EmulatedThread &thread, EmulatedThread::State state, const char *place) {
  if (epoch == kMaxEpoch)
    stop(thread, concat("is at barrier ", epoch + 1, ", more than the emulator counts"));
  thread.state = state;
  thread.place = place;
  thread.fiber.suspend();
}

const void *EmulatedBlock::exchange(EmulatedThread &thread, const void *data, int64_t bytes, const char *place) {
  if (bytes > kMaxExchangeBytes)
    stop(thread, concat("exchanges ", bytes, " bytes at ", place, "; at most ", kMaxExchangeBytes, " can be"));
  EmulatedWarp &warp = warps[thread.thread / kWarpThreads];
  int64_t first = thread.thread / kWarpThreads * kWarpThreads, lane = thread.thread - first;
  std::byte *lanes = warp.data[warp.turn];
  std::memcpy(lanes + lane * bytes, data, bytes);
  if (int64_t count = std::min(kWarpThreads, kernel->threads - first); lane == 0 && count < kWarpThreads)
    std::memset(lanes + count * bytes, kPoison, (kWarpThreads - count) * bytes);
  wait(thread, EmulatedThread::exchanging, place);
  return lanes;
}

void EmulatedBlock::startCopy(EmulatedThread &thread, const EmulatedCopy &copy) {
  auto isAligned = [&](const void *address) { return reinterpret_cast<uintptr_t>(address) % copy.bytes == 0; };
  if (copy.bytes != 4 && copy.bytes != 8 && copy.bytes != 16)
    stop(thread, concat("copies ", copy.bytes, " bytes at ", copy.place, "; devices copy 4, 8 or 16"));
  if (!isAligned(copy.target) || !isAligned(copy.source))
    stop(thread, concat("copies ", copy.bytes, " bytes at ", copy.place,
                        " between addresses that are no multiples of so many"));
  if (copy.sourceBytes < 0 || copy.sourceBytes > copy.bytes)
    stop(thread, concat("reads ", copy.sourceBytes, " of ", copy.bytes, " bytes that it copies at ", copy.place));
  if (!holdsShared(copy.target) || !holdsShared(copy.target + copy.bytes - 1))
    stop(thread, concat("copies to what is no shared memory at ", copy.place));
  if (holdsShared(copy.source))
    stop(thread, concat("copies from shared memory, not global, at ", copy.place));
  if (kernel->history) {
    if (copy.sourceBytes > 0)
      access(thread, copy.source, copy.sourceBytes, 0, copy.place);
    check(thread, sharedHistory.beginCopy(copy.target - shared, copy.bytes, describe(thread, copy.place)), true, true,
          copy.place);
  }
  std::memset(copy.target, kPoison, copy.bytes);
  thread.copies.push_back(copy);
}

void EmulatedBlock::endCopies(EmulatedThread &thread, int64_t pendingGroups) {
  int64_t done = static_cast<int64_t>(thread.groups.size()) - pendingGroups;
  if (done <= 0)
    return;
  size_t end = thread.groups[done - 1];
  for (size_t i = 0; i < end; ++i) {
    const EmulatedCopy &copy = thread.copies[i];
    if (kernel->history) {
      if (copy.sourceBytes > 0)
        access(thread, copy.source, copy.sourceBytes, 0, copy.place);
      check(thread, sharedHistory.endCopy(copy.target - shared, copy.bytes, describe(thread, copy.place)), true, true,
            copy.place);
    }
    std::memcpy(copy.target, copy.source, copy.sourceBytes);
    std::memset(copy.target + copy.sourceBytes, 0, copy.bytes - copy.sourceBytes);
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + end);
  thread.groups.erase(thread.groups.begin(), thread.groups.begin() + done);
  for (size_t &group : thread.groups)
    group -= end;
}

Access EmulatedBlock::describe(const EmulatedThread &thread, const char *place) const {
  Access access;
  access.place = place;
  access.block = number;
  access.thread = thread.thread;
  access.epoch = epoch;
  return access;
}

void EmulatedBlock::access(EmulatedThread &thread, const char *address, int64_t bytes, int64_t flags,
                           const char *place) {
  bool isWrite = flags & NNC_WRITE;
  const char *verb = isWrite ? "writes " : "reads ";
  if (holdsShared(address) && holdsShared(address + bytes - 1)) {
    int64_t offset = address - shared;
    Access access = describe(thread, place);
    return check(thread,
                 isWrite ? sharedHistory.write(offset, bytes, access) : sharedHistory.read(offset, bytes, access), true,
                 isWrite, place);
  }
  if (flags & NNC_SHARED)
    stop(thread, concat(verb, bytes, " bytes at byte ", address - shared, " of ", kernel->sharedBytes,
                        " of shared memory at ", place));
  if (address >= kernel->arena && address + bytes <= kernel->arena + kernel->arenaBytes) {
    int64_t offset = address - kernel->arena;
    Access access = describe(thread, place);
    AccessHistory &history = *kernel->history;
    return check(thread, isWrite ? history.write(offset, bytes, access) : history.read(offset, bytes, access), false,
                 isWrite, place);
  }
  if (!thread.stack->holds(address))
    stop(thread, concat(verb, bytes, " bytes at byte ", address - kernel->arena, " of ", kernel->arenaBytes,
                        " of the arena at ", place));
}

void EmulatedBlock::check(EmulatedThread &thread, const std::optional<Race> &race, bool isShared, bool isWrite,
                          const char *place) {
  if (!race)
    return;
  const Access &earlier = race->earlier;
  std::string other = concat("thread ", earlier.thread);
  if (earlier.block != number)
    other += concat(" of block ", earlier.block);
  std::string message = concat(isWrite ? "writes" : "reads", " byte ", race->place,
                               isShared ? " of shared memory" : " of the arena", " at ", place, ", which ", other);
  if (earlier.isPending)
    message += concat(" copies to at ", earlier.place, " and has not waited for");
  else
    message += concat(race->earlierWrites ? " writes at " : " reads at ", earlier.place,
                      earlier.block != number ? ": blocks of one launch run in any order" : " with no barrier between");
  other = {};
  other.shrink_to_fit();
  stop(thread, std::move(message));
}

} // namespace nnc
