// --nn-assemble-kernels: the module's device code becomes a fat binary, and each of its entry points a list of
// launches, for the program's descriptor.
#include "codegen/Passes.h"
#include "codegen/gpu/DeviceImage.h"
#include "codegen/gpu/Launches.h"

namespace mlir::nn {
#define GEN_PASS_DEF_ASSEMBLEKERNELS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct AssembleKernels : nn::impl::AssembleKernelsBase<AssembleKernels> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (func::FuncOp entry : module.getOps<func::FuncOp>())
      if (entry->hasAttr("nn.device") && failed(replaceBody(entry)))
        return signalPassFailure();
    for (gpu::GPUModuleOp kernels : llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>())) {
      llvm::Expected<std::string> ptx = translateToPtx(kernels);
      llvm::Expected<DeviceImage> image = ptx ? assemble(*ptx) : ptx.takeError();
      if (!image) {
        module.emitError() << llvm::toString(image.takeError());
        return signalPassFailure();
      }
      module->setAttr("nn.image", StringAttr::get(&getContext(), image->bytes));
      module->setAttr("nn.kernel_resources", listResources(image->resources));
      kernels.erase();
    }
  }

  ArrayAttr listResources(ArrayRef<KernelResources> resources) {
    Builder builder(&getContext());
    auto list = [&](const KernelResources &each) -> Attribute {
      return builder.getDictionaryAttr({
          builder.getNamedAttr("kernel", builder.getStringAttr(each.kernel)),
          builder.getNamedAttr("architecture", builder.getStringAttr(each.architecture)),
          builder.getNamedAttr("registers", builder.getI64IntegerAttr(each.registers)),
          builder.getNamedAttr("spill_bytes", builder.getI64IntegerAttr(each.spillBytes)),
          builder.getNamedAttr("frame_bytes", builder.getI64IntegerAttr(each.frameBytes)),
      });
    };
    return builder.getArrayAttr(llvm::map_to_vector(resources, list));
  }

  /// Leaves the launches of an entry as `nn.launches`, and nothing of its body.
  static LogicalResult replaceBody(func::FuncOp entry) {
    FailureOr<ArrayAttr> launches = listLaunches(entry);
    if (failed(launches))
      return failure();
    entry->setAttr("nn.launches", *launches);
    // The host has no code for it.
    entry.getBody().getBlocks().clear();
    entry.setPrivate();
    return success();
  }
};
} // namespace
