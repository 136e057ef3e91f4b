// What a planned or binary module says of its program: the contents of the descriptor, in C++.
#pragma once
#include "codegen/MemoryPlan.h"
#include "dialect/NN.h"
#include "runtime/include/nnc/program.h"
#include <optional>
#include <vector>

namespace mlir::nn {

/// An input or output of an entry point, as nn-plan-arena describes it.
struct ProgramTensor {
  StringRef name;
  RankedTensorType type;
  int64_t offset = 0;
  /// nnc_input_role or nnc_output_role.
  int32_t role = 0;
  std::optional<std::pair<int64_t, int64_t>> range;
  double defaultValue = 0;
};

/// What a kernel does for one layer and stage.
struct ProgramPart {
  StringRef layer, stage;
  int64_t flops = 0, bytes = 0, tensorFlops = 0, sharedBytes = 0;
};

/// A kernel of an entry point, as nn-instrument-kernels describes it.
struct ProgramKernel {
  StringRef name, layer, stage, location;
  int64_t tasks = 0, flops = 0, bytes = 0, tensorFlops = 0;
  /// Of a launch: its threads and shared memory of each block (tasks are its blocks).
  int64_t threads = 0, sharedBytes = 0;
  /// At least one.
  SmallVector<ProgramPart> parts;
};

/// A kernel of the device's image on so many blocks of so many threads.
struct ProgramLaunch {
  StringRef kernel;
  int64_t blocks = 0, threads = 0, sharedBytes = 0;
  ArrayRef<int64_t> arguments;
  /// Whether its blocks wait for each other.
  bool isCooperative = false;
  /// Its time in the plan: the number of the op that it was; -1 where that is not known.
  int64_t time = -1;
  /// What cuBLASLt, where it is there, does in its place.
  std::optional<nnc_product> product;
};

struct ProgramEntry {
  StringRef name, symbol;
  /// nnc_entry_kind.
  int32_t kind = 0;
  int64_t batch = 0;
  SmallVector<ProgramTensor> inputs, outputs;
  EntryPlan plan;
  /// Of programs compiled for a profile.
  SmallVector<ProgramKernel> kernels;
  /// Of entries for a device, which is named.
  StringRef device;
  /// nnc_precision, of products there.
  int32_t precision = 0;
  std::vector<ProgramLaunch> launches;
  /// It has no code for the host any more.
  bool isOnDevice = false;
};

struct ProgramVariable {
  StringRef name;
  RankedTensorType type;
  int64_t offset = 0;
  /// nnc_variable_role.
  int32_t role = 0;
  bool trainable = false;
};

struct Program {
  int64_t arenaBytes = 0, stateBytes = 0, workerBytes = 0;
  SmallVector<ProgramVariable> variables;
  std::vector<ProgramEntry> entries;
  /// Device code; empty where there is none.
  StringRef image;
};

/// Reads the attributes that nn-plan-arena left on `module`, checking all of them: IR may come from a file.
FailureOr<Program> readProgram(ModuleOp module);

/// The variables of `program`, read from `module`, in their order, as buffers that live throughout.
SmallVector<BufferPlan> describeVariables(ModuleOp module, const Program &program);

} // namespace mlir::nn
