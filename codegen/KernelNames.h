// What the kernels of a program are called and what they are of: a kernel is a parallel loop of an entry point, or the
// serial code between two of them. Names and tables of a profile, and the symbols that `perf` shows, come from here.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::nn {

/// What a location says of a kernel; each part is empty where there is none.
struct KernelOrigin {
  /// The layer's dotted name: of several that were fused, the first's.
  std::string layer;
  /// `forward`, `backward` or `update`; joined by underscores where operations of several were fused.
  std::string stage;
  /// FILE:LINE:COLUMN in the model file.
  std::string location;

  /// Layer and stage, dotted: what a kernel's name starts with.
  std::string getStem() const;
};

KernelOrigin describeKernel(func::FuncOp entry, Location loc);

/// `layer` and `stage` as attributes; what is empty has none.
NamedAttrList describeLayer(MLIRContext *context, StringRef layer, StringRef stage);

/// Descriptions as one attribute.
ArrayAttr makeArray(MLIRContext *context, ArrayRef<NamedAttrList> descriptions);

/// Whether `op` launches a device's kernel.
bool isLaunch(Operation *op);

/// Numbers an entry's kernels: `classifier.lstm.backward.0` is its first parallel loop, call of a shared kernel, or
/// launch, of that layer and stage, `classifier.lstm.backward.serial_0` the first piece of code between.
class KernelNames {
public:
  explicit KernelNames(func::FuncOp entry);

  /// Of a parallel loop, a call of a shared kernel, or a launch.
  std::string getName(Operation *op) const { return names.at(op); }
  std::string makeSerialName(const KernelOrigin &origin);

private:
  llvm::DenseMap<Operation *, std::string> names;
  llvm::StringMap<int64_t> numSerial;
};

} // namespace mlir::nn
