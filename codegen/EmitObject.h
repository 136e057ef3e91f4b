// The last step: from a module in the `binary` phase to one object with its descriptor.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LogicalResult.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace mlir::nn {

/// What machine an object is for, and how the program in it is called.
struct TargetOptions {
  /// CPU: `native`, or an LLVM name such as `x86-64-v3`, `x86-64-v4`, `cortex-a72`; `x86-64` is the baseline.
  std::string march = "native";
  /// LLVM target triple; empty: this machine's.
  std::string triple;
  /// `cpu`; or `reference`, whose objects may import libm; or `cuda-emulator` or `cuda-races`, which may import the
  /// host's emulator.
  std::string target = "cpu";
  /// The program's name in its descriptor: the model file's, without folder and extension.
  std::string name = "program";
  /// The one symbol that the object exports, of type nnc_program (runtime/include/nnc/program.h).
  std::string symbol = "nnc_program";
};

/// Whether there are objects for such a machine; the error, of the command line's options, says why not.
llvm::Error checkTarget(const TargetOptions &options);

/// Writes the object of `module`, which must be in the `binary` phase, to `out`: relocatable, or shared. Refuses an
/// object that would import anything but the functions a program may import; errors are emitted at the module's ops. Of
/// the module's functions nothing is left.
LogicalResult emitObject(ModuleOp module, const TargetOptions &options, bool shared, llvm::raw_ostream &out);

} // namespace mlir::nn
