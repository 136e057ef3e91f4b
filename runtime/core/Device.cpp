// The GPU's side of a session; see Device.h.
#include "core/Device.h"
#include "core/Profile.h"
#include <algorithm>
#include <cmath>

namespace nnc {
namespace {

using namespace cuda;

std::map<const nnc_entry *, DeviceSteps> planOutputs(const nnc_program &program) {
  std::map<const nnc_entry *, DeviceSteps> entries;
  for (const nnc_entry &entry : entriesOf(program))
    if (runsOnDevice(entry))
      entries[&entry].outputs = spansOf(outputsOf(entry), program.state_bytes);
  return entries;
}

std::vector<nnc_span> allOutputs(const std::map<const nnc_entry *, DeviceSteps> &entries) {
  std::vector<nnc_span> spans;
  for (const auto &[entry, steps] : entries)
    spans.insert(spans.end(), steps.outputs.begin(), steps.outputs.end());
  return spans;
}

} // namespace

Device::Releases::~Releases() {
  for (auto release = all.rbegin(); release != all.rend(); ++release)
    (*release)();
}

Device::Device(const nnc_program &program, const Arena &hostArena, const ArenaOptions &options)
    : program(program), host(hostArena.data()), entries(planOutputs(program)), pinned(card, host, allOutputs(entries)),
      staging(card, program) {
  const Driver &driver = card.driver();
  driver.streamCreate(&stream, kStreamNonBlocking);
  releases.add([&driver, this] { driver.streamDestroy.attempt(stream); });
  loadKernels();
  allocateArena(options);
  findProducts();
}

Device::~Device() {
  // The thread may be another than the one that has run the last entry.
  card.driver().contextSetCurrent.attempt(card.handle());
}

//===-- What it holds ------------------------------------------------------===//

void Device::loadKernels() {
  const Driver &driver = card.driver();
  Module module = nullptr;
  if (Result result = driver.moduleLoad.attempt(&module, program.image))
    fail("the program's kernels do not load on ", card.name(), " of compute capability ", card.capability(), " (",
         driver.moduleLoad.describe(result), ")");
  releases.add([&driver, module] { driver.moduleUnload.attempt(module); });
  std::map<std::string_view, nnc_launch> largest;
  for (const auto &[entry, steps] : entries)
    for (const nnc_launch &launch : launchesOf(*entry)) {
      nnc_launch &most = largest.try_emplace(launch.kernel, launch).first->second;
      most.threads = std::max(most.threads, launch.threads);
      most.shared_bytes = std::max(most.shared_bytes, launch.shared_bytes);
      most.blocks = std::max(most.blocks, launch.blocks);
    }
  std::map<std::string_view, Function> functions;
  for (const auto &[kernel, launch] : largest)
    functions[kernel] = loadKernel(module, launch);
  for (auto &[entry, steps] : entries)
    for (const nnc_launch &launch : launchesOf(*entry))
      steps.functions.push_back(functions.at(launch.kernel));
}

Function Device::loadKernel(Module module, const nnc_launch &largest) const {
  const Driver &driver = card.driver();
  Function function = nullptr;
  std::string kernel = concat("the program's kernel ", largest.kernel);
  if (Result result = driver.moduleGetFunction.attempt(&function, module, largest.kernel))
    fail(kernel, " does not load on ", card.name(), " (", driver.moduleGetFunction.describe(result), ")");
  int most = 0;
  driver.functionGetAttribute(&most, kMaxThreadsOfBlock, function);
  if (largest.threads > most)
    fail(kernel, " takes ", largest.threads, " threads a block, and ", card.name(), " has registers for ", most);
  if (int64_t bytes = card.attribute(kSharedMemoryOptIn); largest.shared_bytes > bytes)
    fail(kernel, " takes ", largest.shared_bytes, " bytes of shared memory a block, and ", card.name(),
         " of compute capability ", card.capability(), " has ", bytes);
  if (largest.shared_bytes > 0)
    driver.functionSetAttribute(function, kMaxDynamicSharedBytes, static_cast<int>(largest.shared_bytes));
  if (largest.cooperative) {
    int each = 0;
    driver.occupancy(&each, function, static_cast<int>(largest.threads), static_cast<size_t>(largest.shared_bytes));
    if (int64_t blocks = each * card.attribute(kMultiprocessors); largest.blocks > blocks)
      fail(kernel, " takes ", largest.blocks, " blocks at the same time, and ", card.name(), " runs ", blocks,
           blocks > 0 ? concat(": nnc-opt --gpu-blocks=", blocks, " compiles for it") : std::string());
  }
  return function;
}

void Device::allocateArena(const ArenaOptions &options) {
  const Driver &driver = card.driver();
  auto bytes = static_cast<size_t>(std::max<int64_t>(program.arena_bytes, 1));
  auto [free, total] = card.memory();
  Result result = program.arena_bytes > free ? kOutOfMemory : driver.memAlloc.attempt(&arena, bytes);
  if (result == kOutOfMemory)
    fail("the program takes ", program.arena_bytes, " bytes of the GPU's memory, and ", card.name(), " has ", free,
         " free of ", total, ": nnc-run train --dry-run tells the largest batch that fits");
  if (result)
    fail("CUDA's ", driver.memAlloc.describe(result));
  releases.add([&driver, this] { driver.memFree.attempt(arena); });
  driver.memsetBytes(arena, options.poison ? options.pattern : 0, bytes, stream);
  driver.streamSynchronize(stream);
}

void Device::findProducts() {
  int64_t count = 0, found = 0;
  for (const auto &[entry, steps] : entries)
    for (const nnc_launch &launch : launchesOf(*entry))
      count += launch.product != nullptr;
  if (count == 0)
    return;
  try {
    library = std::make_unique<LibraryProducts>(arena);
  } catch (const Error &error) {
    note = concat("no cuBLASLt (", error.what(), "); own kernels do all products");
    return;
  }
  releases.add([this] { library.reset(); });
  for (auto &[entry, steps] : entries)
    for (const nnc_launch &launch : launchesOf(*entry)) {
      steps.products.push_back(launch.product ? library->find(*launch.product) : nullptr);
      found += steps.products.back() != nullptr;
    }
  note = concat("cuBLASLt ", library->version(), " does ", found, " of ", count, " products that it may");
  if (!library->problem().empty())
    note += concat(" (", library->problem(), ")");
}

//===-- Variables ----------------------------------------------------------===//

void Device::fetchVariables() {
  if (!hostIsStale)
    return;
  card.makeCurrent();
  for (const nnc_span &part : pinned.cut({0, program.state_bytes}))
    card.driver().copyToHost(host + part.offset, arena + part.offset, part.bytes, stream);
  card.driver().streamSynchronize(stream);
  hostIsStale = false;
}

void Device::sendVariables() {
  if (!deviceIsStale)
    return;
  for (const nnc_span &part : pinned.cut({0, program.state_bytes}))
    card.driver().copyToDevice(arena + part.offset, host + part.offset, part.bytes, stream);
  card.driver().streamSynchronize(stream);
  deviceIsStale = false;
}

//===-- Runs ---------------------------------------------------------------===//

bool Device::run(const nnc_entry &entry, Profile *profile, const std::function<void()> &meanwhile) {
  DeviceSteps &steps = entries.at(&entry);
  bool hasNext = false;
  try {
    card.makeCurrent();
    sendVariables();
    bool isTimed = profile && profile->records(entry);
    launch(entry, steps, isTimed);
    hostIsStale |= entry.kind == NNC_TRAIN;
    // A timed step has the host to itself.
    if (meanwhile && !isTimed)
      hasNext = takeNext(entry, meanwhile);
    card.driver().streamSynchronize(stream);
    for (const nnc_span &span : steps.outputs)
      pinned.pull(span);
    if (isTimed)
      readTimes(entry, steps, *profile);
  } catch (const Error &error) {
    fail(entry.name, " on ", card.name(), ": ", error.what());
  }
  return hasNext;
}

bool Device::takeNext(const nnc_entry &entry, const std::function<void()> &meanwhile) {
  try {
    if (!staging.canUpload())
      return false;
    staging.turn();
    meanwhile();
    staging.upload(entry);
    return true;
  } catch (...) {
    card.driver().streamSynchronize.attempt(stream);
    throw;
  }
}

void Device::launch(const nnc_entry &entry, DeviceSteps &steps, bool isTimed) {
  GraphKind kind{isTimed, staging.isUploaded(entry), staging.current()};
  ExecutableGraph &graph = steps.graphs[kind];
  if (!graph)
    graph = capture(entry, steps, kind);
  if (kind.isUploaded)
    staging.awaitUpload(stream);
  card.driver().graphLaunch(graph, stream);
}

void Device::readTimes(const nnc_entry &entry, DeviceSteps &steps, Profile &profile) const {
  for (size_t i = 0; i < steps.nanoseconds.size(); ++i) {
    constexpr double kNanoseconds = 1e6;
    float milliseconds = 0;
    card.driver().eventElapsed(&milliseconds, steps.events[i], steps.events[i + 1]);
    steps.nanoseconds[i] = std::llround(milliseconds * kNanoseconds);
  }
  profile.addRun(entry, steps.nanoseconds);
}

ExecutableGraph Device::capture(const nnc_entry &entry, DeviceSteps &steps, const GraphKind &kind) {
  const Driver &driver = card.driver();
  if (kind.isTimed)
    createEvents(steps);
  driver.streamBeginCapture(stream, kCaptureRelaxed);
  Graph graph = nullptr;
  try {
    enqueue(entry, steps, kind);
  } catch (...) {
    if (driver.streamEndCapture.attempt(stream, &graph) == 0 && graph)
      driver.graphDestroy.attempt(graph);
    throw;
  }
  driver.streamEndCapture(stream, &graph);
  ExecutableGraph executable = nullptr;
  Result result = driver.graphInstantiate.attempt(&executable, graph, 0);
  driver.graphDestroy.attempt(graph);
  if (result)
    fail("CUDA's ", driver.graphInstantiate.describe(result));
  releases.add([&driver, executable] { driver.executableGraphDestroy.attempt(executable); });
  return executable;
}

void Device::enqueue(const nnc_entry &entry, DeviceSteps &steps, const GraphKind &kind) {
  const Driver &driver = card.driver();
  auto record = [&](size_t event) {
    if (kind.isTimed)
      driver.eventRecord(steps.events[event], stream, kEventRecordExternal);
  };
  for (const InputStaging::Part &part : staging.partsOf(entry)) {
    Address target = arena + part.span.offset;
    auto bytes = static_cast<size_t>(part.span.bytes);
    if (kind.isUploaded)
      driver.copyOnDevice(target, staging.onDevice(part), bytes, stream);
    else
      driver.copyToDevice(target, staging.onHost(part), bytes, stream);
  }
  record(0);
  std::vector<void *> parameters;
  for (size_t i = 0; i < steps.functions.size(); ++i) {
    if (library && steps.products[i]) {
      library->run(*steps.products[i], stream);
      record(i + 1);
      continue;
    }
    const nnc_launch &launch = launchesOf(entry)[i];
    parameters.assign({&arena});
    for (int64_t argument = 0; argument < launch.argument_count; ++argument)
      parameters.push_back(const_cast<int64_t *>(launch.arguments + argument));
    auto blocks = static_cast<unsigned>(launch.blocks), threads = static_cast<unsigned>(launch.threads),
         sharedBytes = static_cast<unsigned>(launch.shared_bytes);
    if (launch.cooperative)
      driver.launchCooperativeKernel(steps.functions[i], blocks, 1, 1, threads, 1, 1, sharedBytes, stream,
                                     parameters.data());
    else
      driver.launchKernel(steps.functions[i], blocks, 1, 1, threads, 1, 1, sharedBytes, stream, parameters.data(),
                          nullptr);
    record(i + 1);
  }
  for (const nnc_span &span : steps.outputs)
    driver.copyToHost(pinned.locate(span), arena + span.offset, span.bytes, stream);
}

void Device::createEvents(DeviceSteps &steps) {
  const Driver &driver = card.driver();
  steps.nanoseconds.resize(steps.functions.size());
  while (steps.events.size() < steps.functions.size() + 1) {
    Event event = nullptr;
    driver.eventCreate(&event, 0);
    releases.add([&driver, event] { driver.eventDestroy.attempt(event); });
    steps.events.push_back(event);
  }
}

} // namespace nnc
