// --nn-lower-device-math: the operations of math that a device has as instructions, as LLVM's intrinsics. Upstream
// makes calls of libdevice of them, which programs do without.
#include "codegen/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringSwitch.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERDEVICEMATH
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

static StringRef getIntrinsic(Operation *op) {
  return llvm::StringSwitch<StringRef>(op->getName().getStringRef())
      .Case("math.absf", "llvm.fabs")
      .Case("math.ceil", "llvm.ceil")
      .Case("math.copysign", "llvm.copysign")
      .Case("math.floor", "llvm.floor")
      .Case("math.fma", "llvm.fma")
      .Case("math.roundeven", "llvm.roundeven")
      .Case("math.sqrt", "llvm.sqrt")
      .Case("math.trunc", "llvm.trunc")
      .Default("");
}

namespace {
struct LowerDeviceMath : nn::impl::LowerDeviceMathBase<LowerDeviceMath> {
  using Base::Base;

  void runOnOperation() override {
    bool failed = false;
    getOperation()->walk([&](Operation *op) {
      if (!isa_and_nonnull<math::MathDialect>(op->getDialect()))
        return;
      StringRef intrinsic = getIntrinsic(op);
      bool isScalar = op->getNumResults() == 1 && isa<FloatType>(op->getResult(0).getType());
      if (!isScalar)
        return;
      if (intrinsic.empty()) {
        op->emitError() << "'" << op->getName() << "' is no instruction of a GPU; --nn-expand-math makes it of others";
        failed = true;
        return;
      }
      OpBuilder builder(op);
      Operation *call = LLVM::CallIntrinsicOp::create(builder, op->getLoc(), op->getResult(0).getType(),
                                                      builder.getStringAttr(intrinsic), op->getOperands());
      op->replaceAllUsesWith(call);
      op->erase();
    });
    if (failed)
      signalPassFailure();
  }
};
} // namespace
