// nnc_rt_emulate and its companions; see Emulator.h.
#include "core/Emulator.h"
#include "core/EmulatedBlock.h"
#include "core/Error.h"
#include "core/LibraryProducts.h"
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>

namespace nnc {
namespace {

constexpr int64_t kMaxBlocks = INT32_MAX;
/// Of an H100's block: 227 KiB.
constexpr int64_t kMaxSharedBytes = 227 * 1024;

thread_local EmulationScope *currentScope = nullptr;

/// Blocks that the calling thread runs, one at a time or all at once, and what they have done to the arena. They keep
/// their memory for the launches to come.
struct Workspace {
  std::deque<EmulatedBlock> blocks; // they stay where they are: threads point to them
  AccessHistory history;
};
thread_local Workspace workspace;

EmulatedThread &unwrap(nnc_emulated_thread *thread) { return *static_cast<EmulatedThread *>(thread); }

} // namespace

EmulationScope::EmulationScope() : previous(currentScope) { currentScope = this; }
EmulationScope::~EmulationScope() { currentScope = previous; }

void EmulationScope::check() const {
  if (!message.empty())
    throw Error(message);
}

/// One run of a kernel.
class EmulatedLaunch {
public:
  EmulatedLaunch(EmulatedKernel kernel, int64_t flags) : kernel(kernel), flags(flags) {}

  /// Whether an earlier one has failed.
  static bool isOver() { return currentScope && !currentScope->message.empty(); }

  /// Where NNC_CUBLASLT names a library that plays cuBLASLt on the host, which has a way. Otherwise false, and the
  /// workspace is soiled, as the library would.
  static bool runByLibrary(const nnc_product &product, char *arena) {
    try {
      const char *chosen = std::getenv("NNC_CUBLASLT");
      if (chosen && *chosen && cublaslt::Library().isPlayed()) {
        LibraryProducts products(reinterpret_cast<cuda::Address>(arena));
        if (const LibraryProducts::Product *found = products.find(product)) {
          products.run(*found, /*stream=*/nullptr);
          return true;
        }
      }
    } catch (const Error &) {
      // As on a device, the kernel does it.
    }
    constexpr int kSoil = 0xc3; // none of the paints of --assert-plan
    std::memset(arena + product.workspace, kSoil, static_cast<size_t>(product.workspace_bytes));
    return false;
  }

  void run() {
    if (std::string problem = findProblem(); !problem.empty()) {
      report(0, concat("kernel '", kernel.name, "' ", problem));
    } else if (flags & NNC_COOPERATIVE) {
      runTogether();
    } else if (flags & NNC_DETECT_RACES) {
      record();
      for (int64_t block = 0; block < kernel.blocks && error.empty(); ++block)
        runBlock(block);
    } else {
      nnc_rt_parallel_for(runTask, this, kernel.blocks);
    }
    if (error.empty())
      return;
    if (currentScope) {
      currentScope->message = error;
      return;
    }
    std::fflush(stdout);
    std::fprintf(stderr, "error: %s\n", error.c_str());
    std::_Exit(EXIT_FAILURE);
  }

private:
  std::string findProblem() const {
    if (kernel.blocks < 1 || kernel.blocks > kMaxBlocks)
      return concat("is launched on ", kernel.blocks, " blocks; a device takes 1 to ", kMaxBlocks);
    if (kernel.threads < 1 || kernel.threads > kMaxThreads)
      return concat("is launched on blocks of ", kernel.threads, " threads; a device takes 1 to ", kMaxThreads);
    if (kernel.sharedBytes < 0 || kernel.sharedBytes > kMaxSharedBytes)
      return concat("wants ", kernel.sharedBytes, " bytes of shared memory; a block has at most ", kMaxSharedBytes);
    return {};
  }

  void record() {
    workspace.history.clear();
    kernel.history = &workspace.history;
  }

  static void runTask(void *launch, int64_t task, int64_t) { static_cast<EmulatedLaunch *>(launch)->runBlock(task); }

  void runBlock(int64_t number) {
    if (isSettled(number))
      return;
    if (workspace.blocks.empty())
      workspace.blocks.resize(1);
    EmulatedBlock &block = workspace.blocks.front();
    block.start(kernel, number);
    if (!block.run())
      report(number, block.error);
    else if (!block.hasEnded())
      report(number, concat("kernel '", kernel.name, "' waits for other blocks at ", block.getGridPlace(),
                            ", but is not launched as one whose blocks are all there at once"));
  }

  /// Each block runs until it waits for all others, again and again.
  void runTogether() {
    if (flags & NNC_DETECT_RACES)
      record();
    std::deque<EmulatedBlock> &blocks = workspace.blocks;
    if (static_cast<int64_t>(blocks.size()) < kernel.blocks)
      blocks.resize(kernel.blocks);
    for (int64_t i = 0; i < kernel.blocks; ++i)
      blocks[i].start(kernel, i);
    while (true) {
      for (int64_t i = 0; i < kernel.blocks; ++i)
        if (!blocks[i].run())
          return report(i, blocks[i].error);
      const char *place = blocks.front().getGridPlace();
      for (int64_t i = 1; i < kernel.blocks; ++i)
        if (blocks[i].getGridPlace() != place)
          return report(i, concat("kernel '", kernel.name, "': block 0 ", describeWait(place), ", but block ", i, " ",
                                  describeWait(blocks[i].getGridPlace())));
      if (!place)
        return;
      // What came before is ordered before what comes now, in all blocks.
      workspace.history.clear();
      for (int64_t i = 0; i < kernel.blocks; ++i)
        blocks[i].passGridBarrier();
    }
  }

  static std::string describeWait(const char *place) {
    return place ? concat("waits for other blocks at ", place) : "has ended";
  }

  /// Whether a block before this one has failed: the first one's error is told, whatever the order of blocks.
  bool isSettled(int64_t block) {
    std::lock_guard lock(mutex);
    return !error.empty() && failed < block;
  }

  void report(int64_t block, std::string message) {
    std::lock_guard lock(mutex);
    if (!error.empty() && failed < block)
      return;
    failed = block;
    error = std::move(message);
  }

  EmulatedKernel kernel;
  int64_t flags;
  std::mutex mutex;
  int64_t failed = 0;
  std::string error;
};

namespace {

/// The element `index` of a fragment, as f32.
float getElement(const uint32_t *fragment, int64_t type, int64_t index) {
  if (type == NNC_MMA_TF32)
    return std::bit_cast<float>(fragment[index] & ~uint32_t(0x1FFF));
  auto half = static_cast<uint16_t>(fragment[index / 2] >> index % 2 * 16);
  return std::bit_cast<float>(uint32_t(half) << 16);
}

} // namespace
} // namespace nnc

using namespace nnc;

extern "C" void nnc_rt_emulate(const char *kernel, nnc_emulated_body body, void *context, int64_t blocks,
                               int64_t threads, int64_t sharedBytes, int64_t arenaBytes, int64_t flags,
                               const nnc_product *product) {
  if (EmulatedLaunch::isOver())
    return;
  char *arena = *static_cast<char **>(context);
  if (product && EmulatedLaunch::runByLibrary(*product, arena))
    return;
  EmulatedLaunch({kernel, body, context, blocks, threads, sharedBytes, arena, arenaBytes, nullptr}, flags).run();
}

extern "C" void nnc_rt_emulate_barrier(nnc_emulated_thread *thread, const char *place) {
  unwrap(thread).owner->wait(unwrap(thread), EmulatedThread::atBarrier, place);
}

extern "C" void nnc_rt_emulate_grid_barrier(nnc_emulated_thread *thread, const char *place) {
  unwrap(thread).owner->wait(unwrap(thread), EmulatedThread::atGridBarrier, place);
}

extern "C" const void *nnc_rt_emulate_exchange(nnc_emulated_thread *thread, const void *data, int64_t bytes,
                                               const char *place) {
  return unwrap(thread).owner->exchange(unwrap(thread), data, bytes, place);
}

extern "C" void nnc_rt_emulate_mma(nnc_emulated_thread *thread, nnc_mma_fragments *fragments, int64_t type,
                                   int64_t depth, const char *place) {
  auto lanes = static_cast<const nnc_mma_fragments *>(
      unwrap(thread).owner->exchange(unwrap(thread), fragments, sizeof(nnc_mma_fragments), place));
  // A register holds one tf32, or two neighbours of 16 bits. Lane 4 g + t holds, of a, rows g and g + 8 of registers t
  // and t + 4 of a row; of b, column g of the same terms; of c, columns 2 t and 2 t + 1 of rows g and g + 8.
  int64_t elements = type == NNC_MMA_TF32 ? 1 : 2;
  int64_t lane = thread->thread % kWarpThreads, group = lane / 4, pair = lane % 4;
  for (int64_t i = 0; i < 4; ++i) {
    int64_t half = i / 2, column = 2 * pair + i % 2;
    float sum = fragments->c[i];
    for (int64_t k = 0; k < depth; ++k) {
      int64_t reg = k / elements, from = reg % 4, element = k % elements;
      float a = getElement(lanes[4 * group + from].a, type, (half + 2 * (reg / 4)) * elements + element);
      float b = getElement(lanes[4 * column + from].b, type, reg / 4 * elements + element);
      float product = a * b; // exact
      sum += product;
    }
    fragments->c[i] = sum;
  }
}

extern "C" void nnc_rt_emulate_copy(nnc_emulated_thread *thread, void *target, const void *source, int64_t bytes,
                                    int64_t sourceBytes, const char *place) {
  unwrap(thread).owner->startCopy(
      unwrap(thread), {static_cast<char *>(target), static_cast<const char *>(source), bytes, sourceBytes, place});
}

extern "C" void nnc_rt_emulate_copy_group(nnc_emulated_thread *thread) {
  unwrap(thread).groups.push_back(unwrap(thread).copies.size());
}

extern "C" void nnc_rt_emulate_copy_wait(nnc_emulated_thread *thread, int64_t pending) {
  unwrap(thread).owner->endCopies(unwrap(thread), pending);
}

extern "C" void nnc_rt_emulate_access(nnc_emulated_thread *thread, const void *address, int64_t bytes, int64_t flags,
                                      const char *place) {
  unwrap(thread).owner->access(unwrap(thread), static_cast<const char *>(address), bytes, flags, place);
}
