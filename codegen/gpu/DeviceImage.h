// Device code as NVIDIA's driver loads it: PTX by LLVM, machine code by NVIDIA's assembler.
#pragma once
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/Support/Error.h"

namespace mlir::nn {

/// Compute capability of the oldest devices that programs run on, which PTX is made for; machine code is made for each
/// of `deviceArchitectures`, and the driver makes its own of the PTX on later ones.
inline constexpr llvm::StringLiteral oldestArchitecture = "sm_80";
inline constexpr llvm::StringLiteral deviceArchitectures[] = {"sm_80", "sm_90"};

/// PTX of a module of LLVM dialect and nvvm ops.
llvm::Expected<std::string> translateToPtx(gpu::GPUModuleOp kernels);

/// What a kernel takes on an architecture, as the assembler says. Spills are what it has no registers for, in bytes
/// that a thread stores or loads; its frame is what else a thread keeps in memory.
struct KernelResources {
  std::string kernel, architecture;
  int64_t registers = 0, spillBytes = 0, frameBytes = 0;
};

struct DeviceImage {
  /// The fat binary: machine code of all architectures, and the PTX.
  std::string bytes;
  /// Of each kernel for each architecture, in the assembler's order.
  std::vector<KernelResources> resources;
};

/// Takes ptxas and fatbinary from PATH, from a CUDA Toolkit (CUDA_HOME, CUDA_PATH, /usr/local/cuda), or from PyPI's
/// nvidia-cuda-nvcc in build/cuda; says where it looked.
llvm::Expected<DeviceImage> assemble(StringRef ptx);

} // namespace mlir::nn
