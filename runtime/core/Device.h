// The GPU's side of a session: an arena there of the program's layout, its kernels, and each entry's step captured once
// as a graph, which one call launches. A step copies inputs there and outputs back, and variables where one side has
// changed them since.
#pragma once
#include "core/Arena.h"
#include "core/PinnedMemory.h"
#include "core/Program.h"
#include <functional>
#include <map>
#include <string_view>

namespace nnc {

class Profile;

/// What an entry takes to run there.
struct DeviceSteps {
  std::vector<nnc_span> inputs, outputs; // neighbours together
  std::vector<cuda::Function> functions; // one a launch
  cuda::ExecutableGraph graph = nullptr; // once it has run
  // Of profiled runs: events before each launch and after the last, and what lies between them.
  cuda::ExecutableGraph timedGraph = nullptr;
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

  /// Runs an entry that has launches: from inputs in the host's arena to outputs in it. Where `profile` records the
  /// entry, each launch is timed by the GPU's clock.
  void run(const nnc_entry &entry, Profile *profile);

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
  void sendVariables();
  void launch(const nnc_entry &entry, DeviceSteps &steps, bool isTimed);
  cuda::ExecutableGraph capture(const nnc_entry &entry, DeviceSteps &steps, bool isTimed);
  void enqueue(const nnc_entry &entry, DeviceSteps &steps, bool isTimed);
  void createEvents(DeviceSteps &steps);

  const nnc_program &program;
  std::byte *host;
  Gpu card;
  std::map<const nnc_entry *, DeviceSteps> entries;
  PinnedMemory pinned;
  cuda::Stream stream = nullptr;
  cuda::Address arena = 0;
  Releases releases;
  // Where the newest variables are; not both.
  bool hostIsStale = false, deviceIsStale = true;
};

} // namespace nnc
