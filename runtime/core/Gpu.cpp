// The GPU that programs for CUDA run on; see Gpu.h. Its context is the one that other libraries of the process share.
#include "core/Gpu.h"

namespace nnc {

using namespace cuda;

Gpu::Gpu() {
  constexpr const char *kNoGpu = "this program is for an NVIDIA GPU, and the NVIDIA driver finds none (";
  if (Result result = calls.init.attempt(0))
    fail(result == kNoDevice ? kNoGpu : "this program is for an NVIDIA GPU, and the NVIDIA driver does not start (",
         calls.init.describe(result), "); ", kOnTheCpu);
  int count = 0;
  calls.deviceGetCount(&count);
  if (count == 0)
    fail(kNoGpu, "cuDeviceGetCount: 0); ", kOnTheCpu);
  calls.deviceGet(&device, 0);
  char text[256] = {};
  calls.deviceGetName(text, sizeof(text) - 1, device);
  deviceName = text;
  calls.primaryContextRetain(&context, device);
  if (Result result = calls.contextSetCurrent.attempt(context)) {
    calls.primaryContextRelease.attempt(device);
    fail("CUDA's ", calls.contextSetCurrent.describe(result));
  }
}

Gpu::~Gpu() { calls.primaryContextRelease.attempt(device); }

std::string Gpu::capability() const { return concat(attribute(kCapabilityMajor), ".", attribute(kCapabilityMinor)); }

int64_t Gpu::attribute(Attribute attribute) const {
  int value = 0;
  calls.deviceGetAttribute(&value, attribute, device);
  return value;
}

Gpu::Memory Gpu::memory() const {
  size_t free = 0, total = 0;
  calls.memGetInfo(&free, &total);
  return {static_cast<int64_t>(free), static_cast<int64_t>(total)};
}

Roofline Gpu::roofline() const {
  constexpr double kHertz = 1e3, kFlopsOfFma = 2, kTransfersOfClock = 2, kBitsOfByte = 8;
  // A multiprocessor of 7.x and 8.0 has 64 units for f32, all later ones have 128. Multiply-adds of tf32 a cycle, of
  // bf16 twice as many: what makes the peaks of NVIDIA's data sheets (A100, RTX 3090 and 4090, H100) of their clocks.
  int64_t major = attribute(kCapabilityMajor), minor = attribute(kCapabilityMinor);
  bool is80 = major == 8 && minor == 0;
  double units = major < 8 || is80 ? 64 : 128;
  double tf32 = is80 ? 512 : major == 8 && (minor == 6 || minor == 9) ? 128 : major == 9 && minor == 0 ? 1024 : 0;
  double cycles =
      static_cast<double>(attribute(kMultiprocessors)) * static_cast<double>(attribute(kClockRate)) * kHertz;
  Roofline roofline;
  roofline.flops = cycles * units * kFlopsOfFma;
  roofline.tf32Flops = cycles * tf32 * kFlopsOfFma;
  roofline.bf16Flops = 2 * roofline.tf32Flops;
  roofline.bytes = static_cast<double>(attribute(kMemoryBusWidth)) / kBitsOfByte * kTransfersOfClock *
                   static_cast<double>(attribute(kMemoryClockRate)) * kHertz;
  return roofline;
}

std::optional<int64_t> countMultiprocessors() {
  try {
    Driver calls;
    DeviceNumber device = 0;
    int count = 0;
    calls.init(0);
    calls.deviceGet(&device, 0);
    calls.deviceGetAttribute(&count, kMultiprocessors, device);
    return count;
  } catch (const Error &) {
    return std::nullopt;
  }
}

} // namespace nnc
