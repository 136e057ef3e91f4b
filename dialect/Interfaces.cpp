// Definitions that tablegen generates for the interfaces, and what every layer's verifier checks.
#include "dialect/NN.h"

#include "dialect/AttrInterfaces.cpp.inc"
#include "dialect/OpInterfaces.cpp.inc"

using namespace mlir;
using namespace mlir::nn;

static LogicalResult verifyAttributeNames(Operation *op) {
  for (NamedAttribute attribute : op->getAttrs())
    if (failed(checkAttributeName(*op->getRegisteredInfo(), attribute.getName(), [&] { return op->emitOpError(); })))
      return failure();
  return success();
}

static LogicalResult verifyShapeRule(Operation *op) {
  SmallVector<Type> results;
  if (failed(cast<InferTypeOpInterface>(op).inferReturnTypes(op->getContext(), op->getLoc(), op->getOperands(),
                                                             op->getRawDictionaryAttrs(), op->getPropertiesStorage(),
                                                             op->getRegions(), results)))
    return failure();
  if (TypeRange(results) == op->getResultTypes())
    return success();
  return op->emitOpError() << "has a result of type " << op->getResultTypes() << ", makes " << TypeRange(results);
}

static LogicalResult verifyParameters(LayerOpInterface layer) {
  OperandRange params = layer.getParamsMutable();
  if (params.empty())
    return success();
  // A form that a pass makes of a layer asks for none, and checks those of the layer itself.
  SmallVector<ParameterSpec> specs = layer.getParameterSpecs();
  if (specs.empty())
    return success();
  auto hasType = [](auto pair) { return std::get<0>(pair).getType() == std::get<1>(pair).type; };
  if (params.size() == specs.size() && llvm::all_of(llvm::zip(params, specs), hasType))
    return success();
  InFlightDiagnostic error = layer->emitOpError() << "got parameters (" << params.getTypes() << "), takes (";
  llvm::interleave(
      specs, [&](const ParameterSpec &spec) { error << spec.name << ": " << spec.type; }, [&] { error << ", "; });
  return error << ")";
}

LogicalResult nn::verifyLayer(Operation *op) {
  if (failed(verifyAttributeNames(op)) || failed(verifyShapeRule(op)))
    return failure();
  return verifyParameters(cast<LayerOpInterface>(op));
}

LogicalResult nn::verifyRandom(Operation *op) {
  size_t count = cast<RandomOpInterface>(op).getKeyMutable().size();
  if (count != 0 && count != 2)
    return op->emitOpError() << "takes a key of two values, the seed and the step, not " << count;
  return success();
}
