// Inlining with a fixed batch: nn ops infer their types anew; upstream ops get `?` replaced where it stands for the
// batch, and shapes that merge the batch into another dimension are computed.
#include "passes/SpecializeBatch.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace mlir::nn;

Type nn::withBatch(Type type, int64_t batch) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() == 0 || !tensor.isDynamicDim(0))
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = batch;
  return tensor.clone(shape);
}

/// A slice's sizes that have become known: those written `tensor.dim` of what is static now.
template <typename SliceOp> static void makeSizesStatic(SliceOp op) {
  SmallVector<int64_t> sizes(op.getStaticSizes());
  SmallVector<Value> left;
  unsigned next = 0;
  for (int64_t &size : sizes) {
    if (!ShapedType::isDynamic(size))
      continue;
    Value value = op.getSizes()[next++];
    auto dim = value.getDefiningOp<tensor::DimOp>();
    std::optional<int64_t> index = dim ? dim.getConstantIndex() : std::nullopt;
    auto source = dim ? dyn_cast<RankedTensorType>(dim.getSource().getType()) : RankedTensorType();
    if (index && source && *index < source.getRank() && !source.isDynamicDim(*index))
      size = source.getDimSize(*index);
    else
      left.push_back(value);
  }
  op.getSizesMutable().assign(left);
  op.setStaticSizes(sizes);
}

namespace {

class Inliner {
public:
  Inliner(OpBuilder &builder, int64_t batch, SymbolTable &symbols, function_ref<Value(StringRef)> variable)
      : builder(builder), batch(batch), symbols(symbols), variable(variable) {}

  FailureOr<SmallVector<Value>> inlineBlock(Block &body, ValueRange arguments, IRMapping &mapping) {
    mapping.map(body.getArguments(), arguments);
    for (Operation &op : body.without_terminator())
      if (failed(inlineOp(op, mapping)))
        return failure();
    SmallVector<Value> results;
    for (Value value : body.getTerminator()->getOperands())
      results.push_back(mapping.lookup(value));
    return results;
  }

private:
  LogicalResult inlineOp(Operation &op, IRMapping &mapping) {
    if (auto get = dyn_cast<GetVariableOp>(op)) {
      mapping.map(get.getResult(), variable(get.getVariable()));
      return success();
    }
    if (auto call = dyn_cast<CallOp>(op)) {
      auto model = symbols.lookup<ModelOp>(call.getCallee());
      SmallVector<Value> inputs;
      for (Value input : call.getInputs())
        inputs.push_back(mapping.lookup(input));
      IRMapping inner;
      FailureOr<SmallVector<Value>> results = inlineBlock(model.getBody().front(), inputs, inner);
      if (failed(results))
        return failure();
      mapping.map(call.getResults(), *results);
      return success();
    }
    Operation *clone = builder.clone(op, mapping);
    return specialize(clone);
  }

  LogicalResult specialize(Operation *op) {
    // Regions first: a loop's results follow from its body.
    for (Region &region : op->getRegions())
      for (Block &block : region) {
        for (BlockArgument argument : block.getArguments())
          argument.setType(withBatch(argument.getType(), batch));
        for (Operation &nested : llvm::make_early_inc_range(block))
          if (failed(specialize(&nested)))
            return failure();
      }
    if (auto empty = dyn_cast<tensor::EmptyOp>(op); empty && !empty.getDynamicSizes().empty()) {
      if (empty.getType().getNumDynamicDims() == 1 && empty.getType().isDynamicDim(0))
        empty.getDynamicSizesMutable().clear();
    }
    if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
      makeSizesStatic(extract);
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      makeSizesStatic(insert);
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      collapse.getResult().setType(
          tensor::CollapseShapeOp::inferCollapsedType(collapse.getSrcType(), collapse.getReassociationMaps()));
    } else if (isa<LayerOpInterface>(op)) {
      auto infer = cast<InferTypeOpInterface>(op);
      SmallVector<Type> types;
      if (failed(infer.inferReturnTypes(op->getContext(), op->getLoc(), op->getOperands(), op->getAttrDictionary(),
                                        op->getPropertiesStorage(), op->getRegions(), types)))
        return failure();
      for (auto [result, type] : llvm::zip(op->getResults(), types))
        result.setType(type);
    } else {
      for (Value result : op->getResults())
        result.setType(withBatch(result.getType(), batch));
    }
    for (Value result : op->getResults())
      if (auto shaped = dyn_cast<ShapedType>(result.getType()); shaped && !shaped.hasStaticShape())
        return op->emitOpError() << "has a result of type " << shaped
                                 << ": with the batch fixed, every dimension must be static";
    return success();
  }

  OpBuilder &builder;
  int64_t batch;
  SymbolTable &symbols;
  function_ref<Value(StringRef)> variable;
};

} // namespace

FailureOr<SmallVector<Value>> nn::inlineBody(OpBuilder &builder, Block &body, ValueRange arguments, int64_t batch,
                                             SymbolTable &symbols, function_ref<Value(StringRef)> variable,
                                             IRMapping &mapping) {
  return Inliner(builder, batch, symbols, variable).inlineBlock(body, arguments, mapping);
}
