// The LSTM layer: shape rules, parameters, cost. Its lowering is in LstmLowering.cpp, its gradient in LstmGradient.cpp.
#include "dialect/Layer.h"
#include "dialect/Recurrent.h"

using namespace mlir;
using namespace mlir::nn;

/// The input's type and the number of units, where they fit.
static FailureOr<std::pair<RankedTensorType, int64_t>> checkLstm(std::optional<Location> loc, StringRef layer,
                                                                 DictionaryAttr attributes, Value input) {
  FailureOr<RankedTensorType> type = checkFloatInput(loc, layer, attributes, input, 3, 3);
  if (failed(type))
    return failure();
  auto units = attributes.getAs<IntegerAttr>("units");
  if (!units || units.getInt() <= 0)
    return emitShapeError(loc, layer, attributes) << "takes `units`, a positive number";
  // The gates lie side by side, so four times as many columns must be countable.
  if (units.getInt() > std::numeric_limits<int32_t>::max())
    return emitShapeError(loc, layer, attributes)
           << "got units = " << units.getInt() << ", takes at most " << std::numeric_limits<int32_t>::max();
  return std::make_pair(*type, units.getInt());
}

static RankedTensorType getResultType(RankedTensorType input, int64_t units, bool sequences) {
  int64_t batch = input.getDimSize(0), time = input.getDimSize(1);
  return sequences ? RankedTensorType::get({batch, time, units}, input.getElementType())
                   : RankedTensorType::get({batch, units}, input.getElementType());
}

static int64_t countMultiplyAdds(RankedTensorType input, int64_t units) {
  return countElements({input.getDimSize(0), input.getDimSize(1), 4 * units, input.getDimSize(2) + units});
}

LogicalResult LstmOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &results) {
  auto checked = checkLstm(loc, getOperationName(), attributes, operands[0]);
  if (failed(checked))
    return failure();
  auto forget = attributes.getAs<BoolAttr>("unit_forget_bias");
  if (attributes.get("bias_initializer") && (!forget || forget.getValue()))
    return emitShapeError(loc, getOperationName(), attributes)
           << "takes `bias_initializer` only with `unit_forget_bias = false`, which else sets the bias";
  results.push_back(getResultType(checked->first, checked->second, !!attributes.get("return_sequences")));
  return success();
}

SmallVector<ParameterSpec> LstmOp::getParameterSpecs() {
  auto input = cast<RankedTensorType>(getInput().getType());
  int64_t features = input.getDimSize(2), units = getUnits();
  Type element = input.getElementType();
  MLIRContext *context = getContext();
  SmallVector<ParameterSpec> specs;
  specs.push_back({"kernel", RankedTensorType::get({features, 4 * units}, element),
                   getKernelInitializer().value_or(GlorotUniformAttr::get(context)), getKernelRegularizerAttr()});
  specs.push_back({"recurrent_kernel", RankedTensorType::get({units, 4 * units}, element),
                   getRecurrentInitializer().value_or(OrthogonalAttr::get(context, Number(1.0))),
                   getRecurrentRegularizerAttr()});
  if (!getUseBias())
    return specs;
  Attribute bias = ZerosAttr::get(context);
  if (getUnitForgetBias())
    bias = UnitForgetBiasAttr::get(context);
  specs.push_back({"bias", RankedTensorType::get({4 * units}, element), getBiasInitializer().value_or(bias),
                   getBiasRegularizerAttr()});
  return specs;
}

int64_t LstmOp::getDepth() { return 1; }
int64_t LstmOp::getMultiplyAdds() {
  return countMultiplyAdds(cast<RankedTensorType>(getInput().getType()), getUnits());
}

LogicalResult LstmTrainingOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,
                                               DictionaryAttr attributes, OpaqueProperties properties,
                                               RegionRange regions, SmallVectorImpl<Type> &results) {
  auto checked = checkLstm(loc, getOperationName(), attributes, operands[0]);
  if (failed(checked))
    return failure();
  auto [input, units] = *checked;
  bool sequences = !!attributes.get("return_sequences");
  int64_t batch = input.getDimSize(0), time = input.getDimSize(1);
  results.push_back(getResultType(input, units, sequences));
  int64_t padded = input.isDynamicDim(0) ? batch : getBatchBlocks(batch).padded();
  results.push_back(RankedTensorType::get({time, padded, 4 * units}, input.getElementType()));
  results.push_back(RankedTensorType::get({time + 1, padded, units}, input.getElementType()));
  results.push_back(RankedTensorType::get({time, padded, units}, input.getElementType()));
  return success();
}

LogicalResult LstmTrainingOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  int64_t units = getUnits();
  Type element = input.getElementType();
  SmallVector<Type> expected = {RankedTensorType::get({input.getDimSize(2), 4 * units}, element),
                                RankedTensorType::get({units, 4 * units}, element),
                                RankedTensorType::get({4 * units}, element)};
  TypeRange given = getParams().getTypes();
  if (given.size() < 2 || given.size() > 3 || given != TypeRange(expected).take_front(given.size()))
    return emitOpError("takes the parameters ") << TypeRange(expected) << ", the last one optional, got " << given;
  return success();
}

int64_t LstmTrainingOp::getDepth() { return 1; }
int64_t LstmTrainingOp::getMultiplyAdds() {
  return countMultiplyAdds(cast<RankedTensorType>(getInput().getType()), getUnits());
}

LogicalResult LstmBackwardOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,
                                               DictionaryAttr attributes, OpaqueProperties properties,
                                               RegionRange regions, SmallVectorImpl<Type> &results) {
  auto gates = dyn_cast<RankedTensorType>(operands[1].getType());
  if (!gates || gates.getRank() != 3)
    return emitShapeError(loc, getOperationName(), attributes)
           << "takes gates of rank 3, got " << operands[1].getType();
  results.push_back(gates);
  return success();
}

LogicalResult LstmBackwardOp::verify() {
  auto gates = cast<RankedTensorType>(getGates().getType());
  int64_t time = gates.getDimSize(0), padded = gates.getDimSize(1), units = gates.getDimSize(2) / 4;
  Type element = gates.getElementType();
  auto check = [&](StringRef what, Value value, ArrayRef<int64_t> shape) -> LogicalResult {
    auto type = RankedTensorType::get(shape, element);
    if (value.getType() == type)
      return success();
    return emitOpError("takes ") << what << " of type " << type << ", got " << value.getType();
  };
  if (!gates.hasStaticShape() || gates.getDimSize(2) % 4 != 0 || llvm::is_contained(gates.getShape(), 0))
    return emitOpError("takes gates of static shape [time, batch, 4 · units], got ") << gates;
  if (failed(check("cells", getCells(), {time + 1, padded, units})) ||
      failed(check("a recurrent kernel", getRecurrentKernel(), {units, 4 * units})))
    return failure();
  auto grad = dyn_cast<RankedTensorType>(getGrad().getType());
  if (!grad || grad.getRank() == 0 || grad.isDynamicDim(0) || grad.getDimSize(0) == 0 ||
      getBatchBlocks(grad.getDimSize(0)).padded() != padded)
    return emitOpError("takes a gradient of the batch that the gates are of, got ") << getGrad().getType();
  int64_t batch = grad.getDimSize(0);
  return getReturnSequences() ? check("a gradient", getGrad(), {batch, time, units})
                              : check("a gradient", getGrad(), {batch, units});
}

int64_t LstmBackwardOp::getMultiplyAdds() {
  auto gates = cast<RankedTensorType>(getGates().getType());
  return gates.getNumElements() * (gates.getDimSize(2) / 4);
}
