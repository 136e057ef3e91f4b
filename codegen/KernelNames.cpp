// Names of kernels; see KernelNames.h.
#include "codegen/KernelNames.h"
#include "codegen/SharedKernels.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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

NamedAttrList nn::describeLayer(MLIRContext *context, StringRef layer, StringRef stage) {
  NamedAttrList description;
  for (auto [key, text] : {std::pair("layer", layer), {"stage", stage}})
    if (!text.empty())
      description.set(key, StringAttr::get(context, text));
  return description;
}

ArrayAttr nn::makeArray(MLIRContext *context, ArrayRef<NamedAttrList> descriptions) {
  auto toAttribute = [&](const NamedAttrList &one) -> Attribute { return one.getDictionary(context); };
  return ArrayAttr::get(context, llvm::map_to_vector(descriptions, toAttribute));
}

bool nn::isLaunch(Operation *op) { return isa<gpu::LaunchOp, gpu::LaunchFuncOp>(op); }

KernelNames::KernelNames(func::FuncOp entry) {
  llvm::StringMap<int64_t> count;
  entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool isWhole = isa<scf::ForallOp>(op) || isLaunch(op);
    if (isWhole || getCalledKernel(op)) {
      std::string stem = describeKernel(entry, op->getLoc()).getStem();
      names[op] = stem + "." + std::to_string(count[stem]++);
    }
    return isWhole ? WalkResult::skip() : WalkResult::advance();
  });
}

std::string KernelNames::makeSerialName(const KernelOrigin &origin) {
  std::string stem = origin.getStem();
  return stem + ".serial_" + std::to_string(numSerial[stem]++);
}
