// The GPU's side of a session: an arena there of the program's layout, its kernels, and each entry's step captured once
// as a graph, which one call launches. A step copies inputs there and outputs back, and variables where one side has
// changed them since. While it runs, the host may write the next step's inputs, which go ahead of it.
#pragma once
#include "core/Arena.h"
#include "core/InputStaging.h"
#include "core/LibraryProducts.h"
#include "core/PinnedMemory.h"
#include "core/Program.h"
#include <functional>
#include <map>
#include <string_view>

namespace nnc {

class Profile;

/// What a captured step does besides its launches: whether it notes their times, and where its inputs are.
struct GraphKind {
  bool isTimed, isUploaded;
  int buffer;
  auto operator<=>(const GraphKind &) const = default;
};

/// What an entry takes to run there.
struct DeviceSteps {
  std::vector<nnc_span> outputs;                          // neighbours together
  std::vector<cuda::Function> functions;                  // one a launch
  std::vector<const LibraryProducts::Product *> products; // one a launch; null where its kernel runs
  std::map<GraphKind, cuda::ExecutableGraph> graphs;      // once it has run so
  // Of profiled runs: events before each launch and after the last, and what lies between them.
  std::vector<cuda::Event> events;
  std::vector<int64_t> nanoseconds;
};

class Device {
public:
  /// `program` and the host's arena must outlive it. Its own arena holds at first what `options` say. Throws an Error
  /// where there is no GPU, it has not room for the arena, or it cannot run one of the kernels.
  Device(const nnc_program &program, const Arena &host, const ArenaOptions &options);
  ~Device();
  Device(const Device &) = delete;

  const Gpu &gpu() const { return card; }
  /// What becomes of the products that cuBLASLt may do; empty where there are none.
  const std::string &libraryNote() const { return note; }

  /// Where the host writes an input for the entry's next run.
  void *inputAt(const nnc_entry &entry, const nnc_tensor &input) { return staging.at(entry, input); }

  /// Runs an entry that has launches: from the inputs that have been written to outputs in the host's arena. Where
  /// `profile` records the entry, each launch is timed by the GPU's clock. Otherwise `meanwhile`, where there is one,
  /// writes the inputs of the entry's next run; true where it did.
  bool run(const nnc_entry &entry, Profile *profile, const std::function<void()> &meanwhile);

  /// Before the host reads variables in its arena: brings those that the GPU has changed.
  void fetchVariables();
  /// The host's variables are the newest now: it has set them all, or fetched them and is about to change some.
  void takeFromHost() {
    hostIsStale = false;
    deviceIsStale = true;
  }

private:
  /// Frees what the GPU holds when it goes, the last first, also where the constructor has thrown.
  class Releases {
  public:
    ~Releases();
    void add(std::function<void()> release) { all.push_back(std::move(release)); }

  private:
    std::vector<std::function<void()>> all;
  };

  void loadKernels();
  cuda::Function loadKernel(cuda::Module module, const nnc_launch &largest) const;
  void allocateArena(const ArenaOptions &options);
  void findProducts();
  void sendVariables();
  void launch(const nnc_entry &entry, DeviceSteps &steps, bool isTimed);
  /// Has the next run's inputs written and sent ahead, while a step runs; false where there is no room for them. Where
  /// that throws, the step has ended first.
  bool takeNext(const nnc_entry &entry, const std::function<void()> &meanwhile);
  void readTimes(const nnc_entry &entry, DeviceSteps &steps, Profile &profile) const;
  cuda::ExecutableGraph capture(const nnc_entry &entry, DeviceSteps &steps, const GraphKind &kind);
  void enqueue(const nnc_entry &entry, DeviceSteps &steps, const GraphKind &kind);
  void createEvents(DeviceSteps &steps);

  const nnc_program &program;
  std::byte *host;
  Gpu card;
  std::map<const nnc_entry *, DeviceSteps> entries;
  PinnedMemory pinned; // outputs
  InputStaging staging;
  cuda::Stream stream = nullptr;
  cuda::Address arena = 0;
  std::unique_ptr<LibraryProducts> library;
  std::string note;
  Releases releases;
  // Where the newest variables are; not both.
  bool hostIsStale = false, deviceIsStale = true;
};

} // namespace nnc
