// The kernel launches that an entry point for a device consists of, as attributes.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::nn {

/// How many blocks of how many threads a launch has, and the shared memory of each block.
struct LaunchSize {
  int64_t blocks, threads, sharedBytes;
};

/// Of a gpu.launch or gpu.launch_func; an error at it where that is not known before it runs.
FailureOr<LaunchSize> getLaunchSize(Operation *launch);

/// The launches of `entry` (gpu.launch_func), in their order, as dictionaries of kernel, blocks, threads, shared_bytes,
/// cooperative, arguments, and time and product where they have these: what Program.h reads. An error where one of
/// these is not known before it runs.
FailureOr<ArrayAttr> listLaunches(func::FuncOp entry);

/// On a gpu.barrier: it is one of all blocks of the grid.
inline constexpr llvm::StringLiteral gridBarrierName = "nn.grid";

/// Whether `code` has such a barrier: all blocks of the launch have to run at the same time.
bool waitsForGrid(Operation *code);

/// On a launch whose blocks wait for each other.
inline constexpr llvm::StringLiteral cooperativeAttributeName = "nn.cooperative";

/// On a launch: its number among the ops of its entry point's body as memory was planned, which lifetimes of buffers
/// count by.
inline constexpr llvm::StringLiteral timeAttributeName = "nn.time";

/// What a step that stands in a launch computes and moves, by its layer and stage: an attribute of gpu.launch, from
/// nn-map-to-gpu on.
inline constexpr llvm::StringLiteral partsAttributeName = "nn.parts";

} // namespace mlir::nn
