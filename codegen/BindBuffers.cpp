// nn-bind-buffers: gives every entry point buffers for its inputs, outputs and variables, as memref arguments. From
// here on an entry returns nothing: what it computes is written where the host, or the next step, finds it.
#include "codegen/Passes.h"
#include "dialect/NN.h"

namespace mlir::nn {
#define GEN_PASS_DEF_BINDBUFFERS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

MemRefType getBufferType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

/// Refuses what no buffer of fixed size can hold.
LogicalResult verifyEntry(func::FuncOp entry) {
  auto isStatic = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape();
  };
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes()))
    if (!isStatic(type))
      return entry.emitOpError() << "argument " << index << " is a " << type << "; an entry point takes tensors of "
                                 << "fixed shape";
  for (auto [index, type] : llvm::enumerate(entry.getResultTypes()))
    if (!isStatic(type))
      return entry.emitOpError() << "result " << index << " is a " << type << "; an entry point returns tensors of "
                                 << "fixed shape";
  if (!entry.getBody().hasOneBlock())
    return entry.emitOpError() << "has " << entry.getBody().getBlocks().size()
                               << " blocks; an entry point's control flow is structured (scf)";
  return success();
}

struct BindBuffers : nn::impl::BindBuffersBase<BindBuffers> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (!entry->hasAttr("nn.entry"))
      return;
    if (failed(verifyEntry(entry)))
      return signalPassFailure();
    bindResults(entry, bindArguments(entry));
  }

  /// Turns tensor arguments into buffers; returns the tensor that stands for each variable's old value.
  llvm::StringMap<Value> bindArguments(func::FuncOp entry) {
    llvm::StringMap<bool> changed;
    for (unsigned index = 0; index < entry.getNumResults(); ++index)
      if (auto variable = entry.getResultAttrOfType<FlatSymbolRefAttr>(index, "nn.variable"))
        changed[variable.getValue()] = true;

    llvm::StringMap<Value> variables;
    OpBuilder builder = OpBuilder::atBlockBegin(&entry.getBody().front());
    for (BlockArgument argument : entry.getArguments()) {
      Type tensorType = argument.getType();
      auto variable = entry.getArgAttrOfType<FlatSymbolRefAttr>(argument.getArgNumber(), "nn.variable");
      argument.setType(getBufferType(tensorType));
      bool writable = variable && changed.contains(variable.getValue());
      auto tensor = bufferization::ToTensorOp::create(builder, argument.getLoc(), tensorType, argument,
                                                      /*restrict=*/true, writable);
      argument.replaceAllUsesExcept(tensor, tensor);
      if (variable)
        variables[variable.getValue()] = tensor;
    }
    return variables;
  }

  /// Turns results into writes. Outputs come first, as one may be a variable's old value. A variable's new value is
  /// written into its old value as a tensor, so that bufferization sees every read of the old one; only then, and for
  /// nothing where that happened in place, into the buffer.
  void bindResults(func::FuncOp entry, const llvm::StringMap<Value> &variables) {
    Operation *terminator = entry.getBody().front().getTerminator();
    OpBuilder builder(terminator);
    auto writeTo = [&](Value value, Value buffer) {
      bufferization::MaterializeInDestinationOp::create(builder, value.getLoc(), Type(), value, buffer,
                                                        /*restrict=*/true, /*writable=*/true);
    };
    SmallVector<std::pair<Value, Value>> updates;
    for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
      auto variable = entry.getResultAttrOfType<FlatSymbolRefAttr>(index, "nn.variable");
      auto old = variable ? variables.find(variable.getValue()) : variables.end();
      if (old != variables.end()) {
        updates.emplace_back(value, old->second);
        continue;
      }
      DictionaryAttr attributes = entry.getResultAttrDict(index);
      pendingAttributes.push_back(attributes ? attributes : builder.getDictionaryAttr({}));
      writeTo(value, entry.getBody().addArgument(getBufferType(value.getType()), value.getLoc()));
    }
    for (auto &[value, old] : updates)
      value = bufferization::MaterializeInDestinationOp::create(builder, value.getLoc(), old.getType(), value, old)
                  .getResult();
    for (auto [value, old] : updates)
      writeTo(value, old.getDefiningOp<bufferization::ToTensorOp>().getBuffer());
    terminator->setOperands({});
    setSignature(entry);
  }

  /// Makes the function's type agree with its block; added arguments carry the attributes of their results.
  void setSignature(func::FuncOp entry) {
    SmallVector<DictionaryAttr> attributes;
    entry.getAllArgAttrs(attributes);
    attributes.append(pendingAttributes);
    pendingAttributes.clear();
    SmallVector<Type> types(entry.getBody().getArgumentTypes());
    entry.removeResAttrsAttr();
    entry.setFunctionType(FunctionType::get(&getContext(), types, {}));
    entry.setAllArgAttrs(attributes);
  }

  SmallVector<DictionaryAttr> pendingAttributes;
};
} // namespace
