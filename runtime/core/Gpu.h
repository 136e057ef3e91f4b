// The GPU that programs for CUDA run on: the first that the driver shows (CUDA_VISIBLE_DEVICES chooses others).
#pragma once
#include "core/CudaDriver.h"
#include "core/Roofline.h"
#include <cstdint>
#include <optional>
#include <string>

namespace nnc {

class Gpu {
public:
  /// Throws an Error that says what is missing, and how to do without, where there is no driver or no GPU.
  Gpu();
  ~Gpu();
  Gpu(const Gpu &) = delete;

  const cuda::Driver &driver() const { return calls; }
  /// As its vendor calls it.
  const std::string &name() const { return deviceName; }
  /// The compute capability, such as 9.0.
  std::string capability() const;
  int64_t attribute(cuda::Attribute attribute) const;

  struct Memory {
    int64_t free, total; // bytes
  };
  Memory memory() const;

  /// Fused multiply-adds in f32 of the ordinary units, without the matrix units, and the memory, both at their highest
  /// clock: what no kernel exceeds.
  Roofline roofline() const;

  cuda::Context handle() const { return context; }
  /// Has the calling thread's next calls mean this GPU.
  void makeCurrent() const { calls.contextSetCurrent(context); }

private:
  cuda::Driver calls;
  cuda::DeviceNumber device = 0;
  cuda::Context context = nullptr;
  std::string deviceName;
};

/// Of the GPU that a `Gpu` would be, without a context on it; nothing where there is none.
std::optional<int64_t> countMultiprocessors();

} // namespace nnc
