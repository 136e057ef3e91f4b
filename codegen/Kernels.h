// The kernels of an entry point, in their order: what is timed, named and outlined as one.
#pragma once
#include "codegen/KernelNames.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::nn {

/// A parallel loop of an entry's body, a call of a shared kernel, a launch of a device's kernel, or the ops between two
/// of these with one layer and stage.
struct Kernel {
  /// Where it starts, and where the next starts or a call to the host stands. Ops that cost nothing are of the kernel
  /// before them.
  Block::iterator begin, end;
  /// The last op that does not cost nothing.
  Operation *last;
  KernelOrigin origin;
  std::string name;
  /// All null where it is serial.
  scf::ForallOp loop;
  func::CallOp call;
  Operation *launch = nullptr;

  bool isSerial() const { return !loop && !call && !launch; }
};

SmallVector<Kernel> findKernels(func::FuncOp entry);

} // namespace mlir::nn
