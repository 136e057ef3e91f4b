// nn-split-kernels: of what shared kernels have become, each parallel loop gets a kernel of its own, and so has serial
// code between two; what a kernel allocates outside of parallel loops, its callers allocate and pass.
#include "codegen/Buffers.h"
#include "codegen/Passes.h"
#include "codegen/SharedKernels.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::nn {
#define GEN_PASS_DEF_SPLITKERNELS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Allocations outside of parallel loops.
SmallVector<Operation *> findAllocations(func::FuncOp kernel) {
  SmallVector<Operation *> allocations;
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<scf::ForallOp>(op))
      return WalkResult::skip();
    if (isBufferAllocation(op) && op->getNumOperands() == 0)
      allocations.push_back(op);
    return WalkResult::advance();
  });
  return allocations;
}

void liftBuffers(func::FuncOp kernel, ArrayRef<func::CallOp> calls) {
  SmallVector<Operation *> allocations = findAllocations(kernel);
  for (func::CallOp call : calls) {
    OpBuilder builder(call);
    for (Operation *allocation : allocations) {
      Operation *own = builder.clone(*allocation);
      own->setLoc(call.getLoc());
      call->insertOperands(call->getNumOperands(), own->getResults());
    }
    countCopies(call, kernel);
  }
  for (Operation *allocation : allocations) {
    Value buffer = allocation->getResult(0);
    buffer.replaceAllUsesWith(kernel.getBody().front().addArgument(buffer.getType(), allocation->getLoc()));
    allocation->erase();
  }
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), kernel.getBody().front().getArgumentTypes(), {}));
}

/// The parts of a kernel, each with what it captures; none where they need more of each other than buffers.
std::vector<KernelPiece> findParts(func::FuncOp kernel) {
  std::vector<KernelPiece> parts;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (op.getNumRegions() == 0 && (isMemoryEffectFree(&op) || isBufferView(&op)))
      continue;
    bool isSerial = !isa<scf::ForallOp>(op);
    if (parts.empty() || !isSerial || isa<scf::ForallOp>(parts.back().ops.back()))
      parts.push_back({kernel, {}, kernel.getSymName().str(), {}, {}, {}, {}});
    parts.back().ops.push_back(&op);
  }
  for (KernelPiece &part : parts) {
    FailureOr<Captures> captures = findCapturedArguments(part);
    if (failed(captures))
      return {};
    part.captures = std::move(*captures);
  }
  return parts;
}

void split(func::FuncOp kernel, ArrayRef<func::CallOp> calls, SymbolTable &symbols) {
  std::vector<KernelPiece> parts = findParts(kernel);
  if (parts.size() < 2)
    return;
  for (const KernelPiece &part : parts) {
    func::FuncOp function = makeKernel(part, kernel.getLoc(), symbols);
    for (func::CallOp call : calls) {
      SmallVector<Value> operands;
      SmallVector<bool> writes;
      for (Value captured : llvm::concat<const Value>(part.captures.buffers, part.captures.scalars)) {
        unsigned index = cast<BlockArgument>(captured).getArgNumber();
        operands.push_back(call.getOperand(index));
        writes.push_back(mayWriteOperand(call, index));
      }
      callKernel(call, call.getLoc(), function, operands, writes);
    }
  }
  for (func::CallOp call : calls)
    call.erase();
  symbols.erase(kernel);
}

struct SplitKernels : nn::impl::SplitKernelsBase<SplitKernels> {
  using Base::Base;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    llvm::MapVector<Operation *, SmallVector<func::CallOp>> calls;
    for (func::CallOp call : getKernelCalls(getOperation()))
      calls[getCalledKernel(call)].push_back(call);
    for (auto &[op, ofKernel] : calls) {
      auto kernel = cast<func::FuncOp>(op);
      liftBuffers(kernel, ofKernel);
      split(kernel, ofKernel, symbols);
    }
  }
};
} // namespace
