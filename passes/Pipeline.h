// The phases of compilation, by name, and the passes between them.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir::nn {

/// Where a module stands on its way. Order matters: a phase comes after those above it.
enum class Phase { model, params, grad, fused, linalg, tiled, planned, binary };

StringRef stringifyPhase(Phase phase);
std::optional<Phase> parsePhase(StringRef name);

/// The phase a module is in: its `nn.phase` attribute, `model` where it has none.
FailureOr<Phase> getPhase(ModuleOp module);

/// What a compilation is for.
struct CompileOptions {
  /// Batch size of every entry point.
  int64_t batch = 32;
  /// Target: `cpu`, or `reference` (plain loops in f64 with libm; the oracle of tests).
  std::string target = "cpu";
  /// CPU to generate code for: `native`, or an LLVM name such as `x86-64-v3`, `x86-64-v4`, `cortex-a72`.
  std::string march = "native";
  /// LLVM target triple; empty: this machine's.
  std::string triple;
  /// Entry points to build, comma-separated: any of init, train, evaluate, predict, gradient.
  std::string entries = "init,train,evaluate,predict";
  /// Whether training steps take a weight for each class.
  bool classWeights = false;
  /// Whether the program tells its host when each of its kernels starts.
  bool profile = false;
  /// Whether schedules of products are measured on this machine, for how many threads (0: one a processor), and in
  /// which file results are kept (empty: beside nnc-run's programs).
  bool tune = false;
  int64_t tuneThreads = 0;
  std::string tuneResults;
  /// Blocks that the GPU runs side by side: its multiprocessors, or fewer. No launch whose blocks wait for each other
  /// has more.
  int64_t gpuBlocks = 128;
  /// What a GPU's program rounds factors of matrix products to (codegen/gpu/Precision.h).
  std::string matmulPrecision = "f32";
  /// never, auto or always (codegen/gpu/LibraryProduct.h).
  std::string cublaslt = "never";
};

/// Checks the options that a person can get wrong; errors have no place, but name the option.
LogicalResult verifyOptions(MLIRContext *context, const CompileOptions &options);

/// Adds the passes that lead from phase `from` to phase `to`.
void buildPipeline(OpPassManager &pm, Phase from, Phase to, const CompileOptions &options);

} // namespace mlir::nn
