// nn-lower-arena: gives entry points the C ABI's form, void(void *arena).
#include "codegen/Arena.h"
#include "codegen/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERARENA
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct LowerArena : nn::impl::LowerArenaBase<LowerArena> {
  using Base::Base;
  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (!entry->hasAttr("nn.entry") || entry.isExternal())
      return;
    if (entry.getArgumentTypes() != ArrayRef<Type>(getArenaType(&getContext()))) {
      entry.emitOpError("does not take the arena alone; --nn-plan-arena makes it so");
      return signalPassFailure();
    }
    auto pointerType = LLVM::LLVMPointerType::get(&getContext());
    BlockArgument argument = entry.getArgument(0);
    OpBuilder builder = OpBuilder::atBlockBegin(&entry.getBody().front());
    argument.setType(pointerType);
    Value arena = makeArena(builder, entry.getLoc(), argument);
    argument.replaceUsesWithIf(arena, usesArena);
    entry.setFunctionType(builder.getFunctionType({pointerType}, {}));
  }

  /// Uses other than those of the descriptor just made.
  static bool usesArena(OpOperand &use) { return !isa<LLVM::InsertValueOp>(use.getOwner()); }
};
} // namespace
