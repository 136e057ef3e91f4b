// Names of kernels; see KernelNames.h.
#include "codegen/KernelNames.h"
#include "codegen/ParallelLoops.h"
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

std::string KernelOrigin::getStem() const {
  // An optimiser's counter, a loss: of no layer.
  SmallVector<StringRef> parts = {layer, stage};
  llvm::erase(parts, "");
  return parts.empty() ? "kernel" : llvm::join(parts, ".");
}

KernelOrigin nn::describeKernel(func::FuncOp entry, Location loc) {
  // What initialises variables is no part of a training step.
  auto kind = entry->getAttrOfType<StringAttr>("nn.entry");
  bool hasStages = !kind || kind.getValue() != "init";
  return {getLayerName(loc), hasStages ? llvm::join(getStages(loc), "_") : std::string(), getFilePlace(loc)};
}

KernelNames::KernelNames(func::FuncOp entry) {
  llvm::StringMap<int64_t> count;
  for (scf::ForallOp loop : getParallelLoops(entry)) {
    std::string stem = describeKernel(entry, loop.getLoc()).getStem();
    loops[loop] = stem + "." + std::to_string(count[stem]++);
  }
}

std::string KernelNames::makeSerialName(const KernelOrigin &origin) {
  std::string stem = origin.getStem();
  return stem + ".serial_" + std::to_string(numSerial[stem]++);
}
