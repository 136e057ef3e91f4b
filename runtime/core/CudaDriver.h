// The CUDA driver's API, found in the driver's own library when a program for a GPU is to run: to build the runtime
// takes nothing of CUDA. Types, numbers and names are those of cuda.h; the names with a version are the ones that it
// gives the calls today.
#pragma once
#include "core/ForeignCall.h"
#include <cstddef>
#include <memory>

namespace nnc::cuda {

using Result = int; // 0: done
using DeviceNumber = int;
using Address = unsigned long long; // of the device's memory
using Context = struct ContextObject *;
using Module = struct ModuleObject *;
using Function = struct FunctionObject *;
using Stream = struct StreamObject *;
using Event = struct EventObject *;
using Graph = struct GraphObject *;
using ExecutableGraph = struct ExecutableGraphObject *;

constexpr Result kOutOfMemory = 2, kNoDevice = 100;

/// Of a device.
enum Attribute : int {
  kClockRate = 13, // kHz
  kMultiprocessors = 16,
  kMemoryClockRate = 36, // kHz
  kMemoryBusWidth = 37,  // bits
  kCapabilityMajor = 75, // compute capability
  kCapabilityMinor = 76,
  kSharedMemoryOptIn = 97, // most bytes of a block that asks for them
};

constexpr int kMaxThreadsOfBlock = 0, kMaxDynamicSharedBytes = 8; // attributes of a function
constexpr unsigned kStreamNonBlocking = 1;                        // does not wait for the default stream
constexpr int kCaptureRelaxed = 2;           // the driver may load or allocate what a captured call needs
constexpr unsigned kEventRecordExternal = 1; // the event becomes a node of the graph
constexpr unsigned kEventWithoutTime = 2;    // to be waited for only

/// The driver's library.
class Library {
public:
  static constexpr const char *kOwner = "CUDA's";

  /// libcuda.so.1, or what the environment variable NNC_CUDA_DRIVER names. Throws an Error that says how to train
  /// without.
  Library();
  /// Throws where the driver has no such function.
  void *find(const char *symbol) const;
  /// `CALL: CUDA_ERROR_..., what it means`.
  std::string describe(const char *symbol, Result result) const;

private:
  void *handle;
};

template <typename... Parameters> using Call = ForeignCall<Library, Parameters...>;

/// The functions that the runtime needs.
class Driver {
  Library library;

public:
  Driver() = default;
  Driver(const Driver &) = delete;

#define NNC_CUDA_CALL(name, symbol, ...) Call<__VA_ARGS__> name{library, symbol};
  NNC_CUDA_CALL(init, "cuInit", unsigned)
  NNC_CUDA_CALL(deviceGetCount, "cuDeviceGetCount", int *)
  NNC_CUDA_CALL(deviceGet, "cuDeviceGet", DeviceNumber *, int)
  NNC_CUDA_CALL(deviceGetName, "cuDeviceGetName", char *, int, DeviceNumber)
  NNC_CUDA_CALL(deviceGetAttribute, "cuDeviceGetAttribute", int *, int, DeviceNumber)
  NNC_CUDA_CALL(primaryContextRetain, "cuDevicePrimaryCtxRetain", Context *, DeviceNumber)
  NNC_CUDA_CALL(primaryContextRelease, "cuDevicePrimaryCtxRelease_v2", DeviceNumber)
  NNC_CUDA_CALL(contextSetCurrent, "cuCtxSetCurrent", Context)

  NNC_CUDA_CALL(memGetInfo, "cuMemGetInfo_v2", size_t *, size_t *)
  NNC_CUDA_CALL(memAlloc, "cuMemAlloc_v2", Address *, size_t)
  NNC_CUDA_CALL(memFree, "cuMemFree_v2", Address)
  NNC_CUDA_CALL(memsetBytes, "cuMemsetD8Async", Address, unsigned char, size_t, Stream)
  NNC_CUDA_CALL(copyToDevice, "cuMemcpyHtoDAsync_v2", Address, const void *, size_t, Stream)
  NNC_CUDA_CALL(copyToHost, "cuMemcpyDtoHAsync_v2", void *, Address, size_t, Stream)
  NNC_CUDA_CALL(copyOnDevice, "cuMemcpyDtoDAsync_v2", Address, Address, size_t, Stream)
  NNC_CUDA_CALL(hostAlloc, "cuMemHostAlloc", void **, size_t, unsigned)
  NNC_CUDA_CALL(hostFree, "cuMemFreeHost", void *)
  NNC_CUDA_CALL(hostRegister, "cuMemHostRegister_v2", void *, size_t, unsigned)
  NNC_CUDA_CALL(hostUnregister, "cuMemHostUnregister", void *)

  NNC_CUDA_CALL(moduleLoad, "cuModuleLoadData", Module *, const void *)
  NNC_CUDA_CALL(moduleUnload, "cuModuleUnload", Module)
  NNC_CUDA_CALL(moduleGetFunction, "cuModuleGetFunction", Function *, Module, const char *)
  NNC_CUDA_CALL(functionGetAttribute, "cuFuncGetAttribute", int *, int, Function)
  NNC_CUDA_CALL(functionSetAttribute, "cuFuncSetAttribute", Function, int, int)
  /// Blocks and threads along three axes, bytes of shared memory, then the addresses of the parameters.
  NNC_CUDA_CALL(launchKernel, "cuLaunchKernel", Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                unsigned, Stream, void **, void **)

  /// The same, of a kernel whose blocks wait for each other.
  NNC_CUDA_CALL(launchCooperativeKernel, "cuLaunchCooperativeKernel", Function, unsigned, unsigned, unsigned, unsigned,
                unsigned, unsigned, unsigned, Stream, void **)
  /// The blocks, of so many threads and bytes of shared memory, that a multiprocessor runs at the same time.
  NNC_CUDA_CALL(occupancy, "cuOccupancyMaxActiveBlocksPerMultiprocessor", int *, Function, int, size_t)

  NNC_CUDA_CALL(streamCreate, "cuStreamCreate", Stream *, unsigned)
  NNC_CUDA_CALL(streamDestroy, "cuStreamDestroy_v2", Stream)
  NNC_CUDA_CALL(streamSynchronize, "cuStreamSynchronize", Stream)
  NNC_CUDA_CALL(streamWaitEvent, "cuStreamWaitEvent", Stream, Event, unsigned)
  NNC_CUDA_CALL(streamBeginCapture, "cuStreamBeginCapture_v2", Stream, int)
  NNC_CUDA_CALL(streamEndCapture, "cuStreamEndCapture", Stream, Graph *)
  NNC_CUDA_CALL(graphInstantiate, "cuGraphInstantiateWithFlags", ExecutableGraph *, Graph, unsigned long long)
  NNC_CUDA_CALL(graphLaunch, "cuGraphLaunch", ExecutableGraph, Stream)
  NNC_CUDA_CALL(graphDestroy, "cuGraphDestroy", Graph)
  NNC_CUDA_CALL(executableGraphDestroy, "cuGraphExecDestroy", ExecutableGraph)

  NNC_CUDA_CALL(eventCreate, "cuEventCreate", Event *, unsigned)
  NNC_CUDA_CALL(eventDestroy, "cuEventDestroy_v2", Event)
  NNC_CUDA_CALL(eventRecord, "cuEventRecordWithFlags", Event, Stream, unsigned)
  NNC_CUDA_CALL(eventElapsed, "cuEventElapsedTime", float *, Event, Event)
#undef NNC_CUDA_CALL
};

/// What every error says that comes of a machine without a GPU.
constexpr const char *kOnTheCpu = "compiled without --target=cuda, the model runs on the CPU";

} // namespace nnc::cuda
