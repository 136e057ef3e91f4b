// Finds the kernels of an entry point; see Kernels.h.
#include "codegen/Kernels.h"
#include "codegen/Buffers.h"
#include "codegen/SharedKernels.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::nn;

/// What costs nothing to run, or so little that a kernel of its own would say nothing: constants, places, scalars.
static bool isNegligible(Operation &op) {
  if (op.getNumRegions() != 0)
    return false;
  return isMemoryEffectFree(&op) || isBufferView(&op) || isa<memref::LoadOp>(op);
}

SmallVector<Kernel> nn::findKernels(func::FuncOp entry) {
  SmallVector<Kernel> kernels;
  KernelNames names(entry);
  bool isOpen = false;
  Block &body = entry.getBody().front();
  auto close = [&](Block::iterator end) {
    if (isOpen)
      kernels.back().end = end;
    isOpen = false;
  };
  for (Operation &op : body.without_terminator()) {
    auto call = getCalledKernel(&op) ? cast<func::CallOp>(op) : func::CallOp();
    if (isa<func::CallOp>(op) && !call) {
      close(op.getIterator());
      continue;
    }
    if (isNegligible(op))
      continue;
    auto loop = dyn_cast<scf::ForallOp>(op);
    KernelOrigin origin = describeKernel(entry, op.getLoc());
    Operation *launch = isLaunch(&op) ? &op : nullptr;
    bool isSerial = !loop && !call && !launch;
    if (isOpen && isSerial && kernels.back().isSerial() && kernels.back().origin.getStem() == origin.getStem()) {
      kernels.back().last = &op;
      continue;
    }
    close(op.getIterator());
    kernels.push_back({op.getIterator(), body.end(), &op, origin,
                       isSerial ? names.makeSerialName(origin) : names.getName(&op), loop, call, launch});
    isOpen = true;
  }
  close(Block::iterator(body.getTerminator()));
  return kernels;
}
