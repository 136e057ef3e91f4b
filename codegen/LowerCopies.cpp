// nn-lower-copies: strided copies become linalg.copy, which code generation makes loops of. A memref.copy of such
// operands would call a function of MLIR's runtime; a contiguous one becomes a memcpy and stays.
#include "codegen/Passes.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERCOPIES
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
bool isContiguous(Value value) { return memref::isStaticShapeAndContiguousRowMajor(cast<MemRefType>(value.getType())); }

struct LowerCopies : nn::impl::LowerCopiesBase<LowerCopies> {
  using Base::Base;
  void runOnOperation() override {
    getOperation().walk([](memref::CopyOp copy) {
      if (isContiguous(copy.getSource()) && isContiguous(copy.getTarget()))
        return;
      OpBuilder builder(copy);
      auto loops = linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
      if (Attribute reason = copy->getAttr("nn.copy_reason"))
        loops->setAttr("nn.copy_reason", reason);
      copy.erase();
    });
  }
};
} // namespace
