// A CUDA driver without a GPU, for tests: the calls that the runtime makes, all of one library, on the host's memory.
// Nothing runs before its stream is waited for; a graph records calls and repeats them; kernels are functions of the
// program's image.
//
// It is as strict as the real one may be: a copy has to lie in one allocation and on one side of the edge of pinned
// pages, a captured one in pinned pages; a capture forbids what waits or allocates; handles that are gone are refused.
#include "fake_cuda.h"
#include "core/CudaDriver.h"
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using nnc::cuda::Address, nnc::cuda::Result;
using Work = std::vector<std::function<void()>>;

} // namespace

// What the handles stand for.
namespace nnc::cuda {

struct ContextObject {};
struct ModuleObject {
  const nnc_fake_kernel *kernels;
};
struct FunctionObject {
  const nnc_fake_kernel *kernel;
  int64_t sharedBytes = 48 << 10;
};
struct GraphObject {
  Work work;
};
struct ExecutableGraphObject {
  Work work;
};
struct StreamObject {
  Work work; // that waits, or is captured
  bool isCapturing = false, isInvalidated = false;
};
struct EventObject {
  bool isRecorded = false;
  float time = 0;
  // How often it has been asked to be recorded, and has been, and on which stream last.
  int64_t asked = 0, done = 0;
  StreamObject *stream = nullptr;
};

} // namespace nnc::cuda

namespace {

using Context = nnc::cuda::ContextObject;
using Module = nnc::cuda::ModuleObject;
using Function = nnc::cuda::FunctionObject;
using Graph = nnc::cuda::GraphObject;
using ExecutableGraph = nnc::cuda::ExecutableGraphObject;
using Stream = nnc::cuda::StreamObject;
using Event = nnc::cuda::EventObject;

enum : Result {
  kDone = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kInvalidHandle = 400,
  kNotFound = 500,
  kIllegalAddress = 700,
  kAlreadyRegistered = 712,
  kNotSupported = 801,
  kCaptureUnsupported = 900,
  kCaptureInvalidated = 901,
};
const std::map<Result, std::pair<const char *, const char *>> kErrors = {
    {kInvalidValue, {"CUDA_ERROR_INVALID_VALUE", "invalid argument"}},
    {kOutOfMemory, {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"}},
    {kNotInitialized, {"CUDA_ERROR_NOT_INITIALIZED", "initialization error"}},
    {kNoDevice, {"CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"}},
    {kInvalidDevice, {"CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"}},
    {kInvalidImage, {"CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"}},
    {kInvalidContext, {"CUDA_ERROR_INVALID_CONTEXT", "invalid device context"}},
    {kInvalidHandle, {"CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"}},
    {kNotFound, {"CUDA_ERROR_NOT_FOUND", "named symbol not found"}},
    {kIllegalAddress, {"CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"}},
    {kAlreadyRegistered, {"CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED", "memory range is already registered"}},
    {kNotSupported, {"CUDA_ERROR_NOT_SUPPORTED", "operation not supported"}},
    {kCaptureUnsupported, {"CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when capturing"}},
    {kCaptureInvalidated, {"CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "capture has been invalidated by an error"}},
};

nnc_fake_cuda ordinary() {
  nnc_fake_cuda state = {};
  state.devices = 1;
  state.free_bytes = 1 << 30;
  state.total_bytes = int64_t(2) << 30;
  state.shared_bytes = 227 << 10;
  state.threads = 1024;
  state.multiprocessors = 10;
  state.resident_threads = 2048;
  return state;
}

nnc_fake_cuda state = ordinary();
bool isInitialized = false;
int64_t contextUsers = 0;
Context context;
thread_local Context *current = nullptr;
float clockTicks = 0; // a kernel takes one
std::set<const void *> handles;
std::map<std::pair<const Module *, std::string>, std::unique_ptr<Function>> functions;
std::map<Address, size_t> allocations;
std::map<std::byte *, size_t> pinned; // registered, or the driver's own
bool isAnyCapturing = false;

bool isHeld(const void *handle) { return handles.contains(handle); }

template <typename T> Result hold(T **result, T *handle) {
  handles.insert(handle);
  ++state.held;
  *result = handle;
  return kDone;
}

template <typename T> Result drop(T *handle) {
  if (!isHeld(handle))
    return kInvalidHandle;
  handles.erase(handle);
  --state.held;
  delete handle;
  return kDone;
}

/// Counts a call; `kDone`, or why it fails.
Result enter(const char *name, bool needsContext = true) {
  if (++state.calls == state.failing_call) {
    state.failed_call = name;
    return state.error;
  }
  if (needsContext && (!isInitialized || !current || contextUsers == 0))
    return isInitialized ? kInvalidContext : kNotInitialized;
  return kDone;
}

/// What waits or allocates is not for a time of capture, and spoils it.
Result enterUncaptured(const char *name, Stream *stream = nullptr) {
  Result result = enter(name);
  if (result == kDone && isAnyCapturing) {
    if (stream)
      stream->isInvalidated = true;
    return kCaptureUnsupported;
  }
  return result;
}

/// Hands work to a stream.
Result enqueue(Stream *stream, std::function<void()> work) {
  stream->work.push_back(std::move(work));
  return kDone;
}

void finish(Stream *stream) {
  Work work = std::exchange(stream->work, {});
  for (const auto &piece : work)
    piece();
}

bool isInAllocation(Address address, size_t bytes) {
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin())
    return false;
  auto [start, size] = *std::prev(after);
  return address + bytes <= start + size;
}

enum class Pages { pageable, pinned, both };

Pages pagesOf(const void *memory, size_t bytes) {
  auto *first = static_cast<std::byte *>(const_cast<void *>(memory)), *last = first + bytes;
  for (auto [start, size] : pinned)
    if (first < start + size && start < last)
      return first >= start && last <= start + size ? Pages::pinned : Pages::both;
  return Pages::pageable;
}

Result checkCopy(Stream *stream, Address device, const void *host, size_t bytes) {
  if (!isHeld(stream))
    return kInvalidHandle;
  Pages pages = pagesOf(host, bytes);
  if (!isInAllocation(device, bytes) || pages == Pages::both)
    return kInvalidValue;
  if (stream->isCapturing && pages == Pages::pageable) {
    stream->isInvalidated = true;
    return kCaptureUnsupported;
  }
  return kDone;
}

/// As the real driver's memory begins.
constexpr std::align_val_t kMemoryAlignment{256};

void *pointerTo(Address device) { return reinterpret_cast<void *>(device); }

} // namespace

extern "C" {

nnc_fake_cuda *nnc_fake_cuda_state(void) { return &state; }

Result cuGetErrorName(Result error, const char **text) {
  auto found = kErrors.find(error);
  *text = found == kErrors.end() ? nullptr : found->second.first;
  return *text ? kDone : kInvalidValue;
}
Result cuGetErrorString(Result error, const char **text) {
  auto found = kErrors.find(error);
  *text = found == kErrors.end() ? nullptr : found->second.second;
  return *text ? kDone : kInvalidValue;
}

//===-- The device ---------------------------------------------------------===//

Result cuInit(unsigned) {
  if (Result result = enter("cuInit", false))
    return result;
  if (state.devices == 0)
    return kNoDevice;
  isInitialized = true;
  return kDone;
}
Result cuDeviceGetCount(int *count) {
  *count = state.devices;
  return enter("cuDeviceGetCount", false);
}
Result cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  Result result = enter("cuDeviceGet", false);
  return result ? result : ordinal < state.devices ? kDone : kInvalidDevice;
}
Result cuDeviceGetName(char *name, int bytes, int) {
  std::strncpy(name, "Fake GPU", bytes);
  return enter("cuDeviceGetName", false);
}
Result cuDeviceGetAttribute(int *value, int attribute, int) {
  const std::map<int, int> values = {
      {13, 1000000}, {16, static_cast<int>(state.multiprocessors)}, {36, 500000}, {37, 512}, {75, 9},
      {76, 0},       {97, static_cast<int>(state.shared_bytes)}};
  auto found = values.find(attribute);
  if (found == values.end())
    return kInvalidValue;
  *value = found->second;
  return enter("cuDeviceGetAttribute", false);
}
Result cuDevicePrimaryCtxRetain(Context **result, int) {
  if (Result failure = enter("cuDevicePrimaryCtxRetain", false))
    return failure;
  ++contextUsers;
  ++state.held;
  *result = &context;
  return kDone;
}
Result cuDevicePrimaryCtxRelease_v2(int) {
  Result result = enter("cuDevicePrimaryCtxRelease_v2", false);
  if (contextUsers == 0)
    return kInvalidContext;
  --contextUsers;
  --state.held;
  return result;
}
Result cuCtxSetCurrent(Context *value) {
  if (Result result = enter("cuCtxSetCurrent", false))
    return result;
  current = value;
  return kDone;
}

//===-- Memory -------------------------------------------------------------===//

Result cuMemGetInfo_v2(size_t *free, size_t *total) {
  *free = state.free_bytes;
  *total = state.total_bytes;
  return enter("cuMemGetInfo_v2");
}
Result cuMemAlloc_v2(Address *address, size_t bytes) {
  if (Result result = enterUncaptured("cuMemAlloc_v2"))
    return result;
  if (static_cast<int64_t>(bytes) > state.free_bytes)
    return kOutOfMemory;
  auto *memory = new (kMemoryAlignment) std::byte[bytes];
  std::memset(memory, 0xcd, bytes);
  *address = reinterpret_cast<Address>(memory);
  allocations[*address] = bytes;
  ++state.held;
  return kDone;
}
Result cuMemFree_v2(Address address) {
  Result result = enterUncaptured("cuMemFree_v2");
  if (allocations.erase(address) == 0)
    return kInvalidValue;
  ::operator delete[](pointerTo(address), kMemoryAlignment);
  --state.held;
  return result;
}
Result cuMemsetD8Async(Address address, unsigned char value, size_t bytes, Stream *stream) {
  if (Result result = enter("cuMemsetD8Async"))
    return result;
  if (!isHeld(stream))
    return kInvalidHandle;
  if (!isInAllocation(address, bytes))
    return kInvalidValue;
  return enqueue(stream, [=] { std::memset(pointerTo(address), value, bytes); });
}
Result cuMemcpyHtoDAsync_v2(Address device, const void *host, size_t bytes, Stream *stream) {
  Result result = enter("cuMemcpyHtoDAsync_v2");
  if (!result)
    result = checkCopy(stream, device, host, bytes);
  if (result)
    return result;
  auto count = [=] {
    ++state.copies_to_device;
    state.bytes_to_device += static_cast<int64_t>(bytes);
  };
  if (pagesOf(host, bytes) == Pages::pinned)
    return enqueue(stream, [=] {
      count();
      std::memcpy(pointerTo(device), host, bytes);
    });
  // The driver takes a copy before it returns.
  auto *first = static_cast<const std::byte *>(host);
  return enqueue(stream, [=, staged = std::vector<std::byte>(first, first + bytes)] {
    count();
    std::memcpy(pointerTo(device), staged.data(), bytes);
  });
}
Result cuMemcpyDtoHAsync_v2(void *host, Address device, size_t bytes, Stream *stream) {
  Result result = enter("cuMemcpyDtoHAsync_v2");
  if (!result)
    result = checkCopy(stream, device, host, bytes);
  if (result)
    return result;
  return enqueue(stream, [=] {
    ++state.copies_to_host;
    state.bytes_to_host += static_cast<int64_t>(bytes);
    std::memcpy(host, pointerTo(device), bytes);
  });
}
Result cuMemcpyDtoDAsync_v2(Address target, Address source, size_t bytes, Stream *stream) {
  if (Result result = enter("cuMemcpyDtoDAsync_v2"))
    return result;
  if (!isHeld(stream))
    return kInvalidHandle;
  if (!isInAllocation(target, bytes) || !isInAllocation(source, bytes))
    return kInvalidValue;
  return enqueue(stream, [=] {
    ++state.copies_on_device;
    std::memcpy(pointerTo(target), pointerTo(source), bytes);
  });
}
Result cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  if (Result result = enterUncaptured("cuMemHostAlloc"))
    return result;
  auto *start = new std::byte[bytes];
  pinned[start] = bytes;
  ++state.held;
  *memory = start;
  return kDone;
}
Result cuMemFreeHost(void *memory) {
  Result result = enterUncaptured("cuMemFreeHost");
  if (pinned.erase(static_cast<std::byte *>(memory)) == 0)
    return kInvalidValue;
  delete[] static_cast<std::byte *>(memory);
  --state.held;
  return result;
}
Result cuMemHostRegister_v2(void *memory, size_t bytes, unsigned) {
  constexpr uintptr_t kPage = 4096;
  if (Result result = enterUncaptured("cuMemHostRegister_v2"))
    return result;
  if (state.refuses_to_register)
    return kNotSupported;
  if (bytes == 0 || bytes % kPage || reinterpret_cast<uintptr_t>(memory) % kPage)
    return kInvalidValue;
  if (pagesOf(memory, bytes) != Pages::pageable)
    return kAlreadyRegistered;
  pinned[static_cast<std::byte *>(memory)] = bytes;
  ++state.held;
  return kDone;
}
Result cuMemHostUnregister(void *memory) {
  Result result = enterUncaptured("cuMemHostUnregister");
  if (pinned.erase(static_cast<std::byte *>(memory)) == 0)
    return kInvalidValue;
  --state.held;
  return result;
}

//===-- Kernels ------------------------------------------------------------===//

Result cuModuleLoadData(Module **module, const void *image) {
  if (Result result = enterUncaptured("cuModuleLoadData"))
    return result;
  constexpr uint32_t kFatBinary = 0xBA55ED50; // a program's for a real driver
  uint32_t first = 0;
  std::memcpy(&first, image, sizeof(first));
  if (first == kFatBinary)
    return kInvalidImage;
  return hold(module, new Module{static_cast<const nnc_fake_kernel *>(image)});
}
Result cuModuleUnload(Module *module) {
  Result result = enterUncaptured("cuModuleUnload");
  std::erase_if(functions, [&](const auto &entry) { return entry.first.first == module; });
  Result dropped = drop(module);
  return result ? result : dropped;
}
Result cuModuleGetFunction(Function **function, Module *module, const char *name) {
  if (Result result = enterUncaptured("cuModuleGetFunction"))
    return result;
  if (!isHeld(module))
    return kInvalidHandle;
  for (const nnc_fake_kernel *kernel = module->kernels; kernel->name; ++kernel)
    if (std::strcmp(kernel->name, name) == 0) {
      auto &slot = functions[{module, name}];
      if (!slot)
        slot.reset(new Function{kernel});
      *function = slot.get();
      return kDone;
    }
  return kNotFound;
}
Result cuFuncGetAttribute(int *value, int attribute, Function *) {
  if (Result result = enter("cuFuncGetAttribute"))
    return result;
  *value = static_cast<int>(state.threads);
  return attribute == 0 ? kDone : kInvalidValue;
}
Result cuFuncSetAttribute(Function *function, int attribute, int value) {
  if (Result result = enter("cuFuncSetAttribute"))
    return result;
  if (attribute != 8 || value < 0 || value > state.shared_bytes)
    return kInvalidValue;
  function->sharedBytes = value;
  return kDone;
}
Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, Function *, int threads, size_t sharedBytes) {
  if (Result result = enter("cuOccupancyMaxActiveBlocksPerMultiprocessor"))
    return result;
  *blocks = static_cast<int>(
      std::min<int64_t>(state.resident_threads / threads, state.shared_bytes / std::max<size_t>(sharedBytes, 1)));
  return kDone;
}
/// For what else plays a library of NVIDIA's; takes as long as a kernel.
Result nnc_fake_cuda_enqueue(Stream *stream, void (*run)(void *), void *context) {
  if (Result result = enter("nnc_fake_cuda_enqueue"))
    return result;
  if (!isHeld(stream))
    return kInvalidHandle;
  return enqueue(stream, [=] {
    clockTicks += 1;
    run(context);
  });
}
static Result launch(const char *name, Function *function, unsigned gridX, unsigned gridY, unsigned gridZ,
                     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream *stream,
                     void **parameters, void **extra) {
  if (Result result = enter(name))
    return result;
  if (!isHeld(stream))
    return kInvalidHandle;
  if (!gridX || gridY != 1 || gridZ != 1 || !blockX || blockX > 1024 || blockY != 1 || blockZ != 1 || extra ||
      sharedBytes > function->sharedBytes)
    return kInvalidValue;
  Address arena;
  std::memcpy(&arena, parameters[0], sizeof(arena));
  std::vector<int64_t> arguments(function->kernel->argument_count);
  for (size_t i = 0; i < arguments.size(); ++i)
    std::memcpy(&arguments[i], parameters[1 + i], sizeof(int64_t));
  return enqueue(stream, [=] {
    ++state.kernel_launches;
    clockTicks += 1;
    function->kernel->run(pointerTo(arena), arguments.data());
  });
}
Result cuLaunchKernel(Function *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                      unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream *stream, void **parameters,
                      void **extra) {
  return launch("cuLaunchKernel", function, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, stream,
                parameters, extra);
}
Result cuLaunchCooperativeKernel(Function *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                                 unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream *stream,
                                 void **parameters) {
  ++state.cooperative_launches;
  return launch("cuLaunchCooperativeKernel", function, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, stream,
                parameters, nullptr);
}

//===-- Streams, graphs and events -----------------------------------------===//

Result cuStreamCreate(Stream **stream, unsigned flags) {
  if (Result result = enterUncaptured("cuStreamCreate"))
    return result;
  return flags == 1 ? hold(stream, new Stream) : kInvalidValue;
}
Result cuStreamDestroy_v2(Stream *stream) {
  Result result = enter("cuStreamDestroy_v2");
  Result dropped = drop(stream);
  return result ? result : dropped;
}
Result cuStreamSynchronize(Stream *stream) {
  if (Result result = enterUncaptured("cuStreamSynchronize", stream))
    return result;
  if (!isHeld(stream))
    return kInvalidHandle;
  finish(stream);
  return kDone;
}
Result cuStreamBeginCapture_v2(Stream *stream, int mode) {
  if (Result result = enterUncaptured("cuStreamBeginCapture_v2"))
    return result;
  if (!isHeld(stream) || mode != 2)
    return kInvalidValue;
  finish(stream);
  stream->isCapturing = isAnyCapturing = true;
  stream->isInvalidated = false;
  ++state.captures;
  return kDone;
}
Result cuStreamEndCapture(Stream *stream, Graph **graph) {
  Result result = enter("cuStreamEndCapture");
  *graph = nullptr;
  if (!isHeld(stream) || !stream->isCapturing)
    return kInvalidValue;
  stream->isCapturing = isAnyCapturing = false;
  Work work = std::exchange(stream->work, {});
  if (result || stream->isInvalidated)
    return result ? result : kCaptureInvalidated;
  return hold(graph, new Graph{std::move(work)});
}
Result cuGraphInstantiateWithFlags(ExecutableGraph **executable, Graph *graph, unsigned long long) {
  if (Result result = enterUncaptured("cuGraphInstantiateWithFlags"))
    return result;
  return isHeld(graph) ? hold(executable, new ExecutableGraph{graph->work}) : kInvalidHandle;
}
Result cuGraphLaunch(ExecutableGraph *executable, Stream *stream) {
  if (Result result = enter("cuGraphLaunch"))
    return result;
  if (!isHeld(executable) || !isHeld(stream))
    return kInvalidHandle;
  ++state.graph_launches;
  return enqueue(stream, [work = executable->work] {
    for (const auto &piece : work)
      piece();
  });
}
Result cuGraphDestroy(Graph *graph) {
  Result result = enter("cuGraphDestroy");
  Result dropped = drop(graph);
  return result ? result : dropped;
}
Result cuGraphExecDestroy(ExecutableGraph *executable) {
  Result result = enter("cuGraphExecDestroy");
  Result dropped = drop(executable);
  return result ? result : dropped;
}

Result cuEventCreate(Event **event, unsigned) {
  if (Result result = enterUncaptured("cuEventCreate"))
    return result;
  return hold(event, new Event);
}
Result cuEventDestroy_v2(Event *event) {
  Result result = enter("cuEventDestroy_v2");
  Result dropped = drop(event);
  return result ? result : dropped;
}
Result cuEventRecordWithFlags(Event *event, Stream *stream, unsigned flags) {
  if (Result result = enter("cuEventRecordWithFlags"))
    return result;
  if (!isHeld(event) || !isHeld(stream))
    return kInvalidHandle;
  if (flags == 1 && !stream->isCapturing)
    return kInvalidValue;
  event->stream = stream;
  return enqueue(stream, [event, number = ++event->asked] {
    event->isRecorded = true;
    event->time = clockTicks;
    event->done = number;
  });
}
/// The other stream gets no further than it has to: what was handed to it later is not there yet.
Result cuStreamWaitEvent(Stream *stream, Event *event, unsigned flags) {
  if (Result result = enter("cuStreamWaitEvent"))
    return result;
  if (!isHeld(stream) || !isHeld(event))
    return kInvalidHandle;
  if (flags != 0 || stream->isCapturing)
    return kInvalidValue;
  return enqueue(stream, [event, number = event->asked] {
    while (event->done < number && !event->stream->work.empty()) {
      auto piece = std::move(event->stream->work.front());
      event->stream->work.erase(event->stream->work.begin());
      piece();
    }
  });
}
Result cuEventElapsedTime(float *milliseconds, Event *start, Event *end) {
  if (Result result = enterUncaptured("cuEventElapsedTime"))
    return result;
  if (!isHeld(start) || !isHeld(end) || !start->isRecorded || !end->isRecorded)
    return kInvalidHandle;
  *milliseconds = end->time - start->time;
  return kDone;
}

} // extern "C"
