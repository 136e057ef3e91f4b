// Finds shared kernels and their calls; see SharedKernels.h.
#include "codegen/SharedKernels.h"
#include "codegen/Buffers.h"

using namespace mlir;
using namespace mlir::nn;

bool nn::isKernel(func::FuncOp function) {
  return function->hasAttr(kernelAttributeName) && !function->hasAttr("nn.entry") && !function.isExternal();
}

func::FuncOp nn::getCalledKernel(Operation *op) {
  auto call = dyn_cast<func::CallOp>(op);
  auto module = call ? call->getParentOfType<ModuleOp>() : ModuleOp();
  auto function = module ? module.lookupSymbol<func::FuncOp>(call.getCallee()) : func::FuncOp();
  return function && isKernel(function) ? function : func::FuncOp();
}

SmallVector<func::CallOp> nn::getKernelCalls(ModuleOp module) {
  SmallVector<func::CallOp> calls;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    function.walk([&](func::CallOp call) {
      if (getCalledKernel(call))
        calls.push_back(call);
    });
  return calls;
}

bool nn::mayWriteOperand(func::CallOp call, unsigned index) {
  auto written = call->getAttrOfType<DenseBoolArrayAttr>(writesAttributeName);
  return !written || index >= static_cast<unsigned>(written.size()) || written[index];
}

FailureOr<Captures> nn::findCapturedArguments(const KernelPiece &piece) {
  auto isArgument = [](Value value) { return isa<BlockArgument>(value); };
  FailureOr<Captures> captures =
      findCaptures(piece, [&](Value value) { return isa<MemRefType>(value.getType()) && isArgument(value); });
  if (failed(captures) || !llvm::all_of(captures->scalars, isArgument))
    return failure();
  return captures;
}

func::FuncOp nn::makeKernel(const KernelPiece &piece, Location loc, SymbolTable &symbols) {
  SmallVector<Value> captured =
      llvm::to_vector(llvm::concat<const Value>(piece.captures.buffers, piece.captures.scalars));
  OpBuilder builder(symbols.getOp()->getContext());
  auto kernel =
      func::FuncOp::create(builder, loc, piece.name, builder.getFunctionType(ValueRange(captured).getTypes(), {}));
  kernel.setPrivate();
  kernel->setAttr(kernelAttributeName, builder.getUnitAttr());
  symbols.insert(kernel);
  Block *block = kernel.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  mapping.map(ValueRange(captured), block->getArguments());
  for (Operation *op : llvm::concat<Operation *const>(piece.captures.rebuilt, piece.ops))
    builder.clone(*op, mapping);
  func::ReturnOp::create(builder, loc);
  return kernel;
}

void nn::callKernel(Operation *place, Location loc, func::FuncOp kernel, ArrayRef<Value> operands,
                    ArrayRef<bool> writes) {
  OpBuilder builder(place);
  auto call = func::CallOp::create(builder, loc, kernel, operands);
  call->setAttr(writesAttributeName, builder.getDenseBoolArrayAttr(writes));
}

LogicalResult nn::verifyKernel(func::FuncOp kernel) {
  if (!kernel.getBody().hasOneBlock() || kernel.getNumResults() != 0)
    return kernel.emitOpError() << "is a kernel, which is one block without results";
  for (Type type : kernel.getArgumentTypes()) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!type.isIntOrIndexOrFloat() && !(buffer && buffer.getLayout().isIdentity() && getBufferBytes(buffer)))
      return kernel.emitOpError() << "is a kernel, which takes buffers of known size and scalars, not a " << type;
  }
  return failure(kernel
                     .walk([](func::CallOp call) {
                       call.emitOpError() << "stands in a kernel, which calls nothing";
                       return WalkResult::interrupt();
                     })
                     .wasInterrupted());
}
