// What recurrent layers have in common.
#include "dialect/RecurrentLayer.h"
#include "dialect/Names.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Shapes and attributes
//===----------------------------------------------------------------------===//

static LogicalResult checkWord(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, StringRef key,
                               ArrayRef<StringRef> known) {
  auto word = attributes.getAs<StringAttr>(key);
  if (!word || llvm::is_contained(known, word.getValue()))
    return success();
  return emitShapeError(loc, layer, attributes)
         << "got " << key << " = " << word.getValue() << ", takes " << listChoices(known);
}

static LogicalResult checkRate(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, StringRef key) {
  Attribute rate = attributes.get(key);
  if (!rate)
    return success();
  double value = toDouble(rate);
  if (value >= 0.0 && value < 1.0)
    return success();
  return emitShapeError(loc, layer, attributes)
         << "got " << key << " = " << formatAttribute(rate) << ", takes a number from 0 to below 1";
}

LogicalResult nn::inferRecurrentLayer(std::optional<Location> loc, StringRef layer, ValueRange operands,
                                      DictionaryAttr attributes, SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> input = checkFloatInput(loc, layer, attributes, operands[0], 3, 3);
  if (failed(input))
    return failure();
  auto units = attributes.getAs<IntegerAttr>("units");
  if (!units || units.getInt() <= 0)
    return emitShapeError(loc, layer, attributes) << "takes `units`, a positive number";
  // Gates and directions lie side by side, so several times as many columns must be countable.
  if (units.getInt() > std::numeric_limits<int32_t>::max())
    return emitShapeError(loc, layer, attributes)
           << "got units = " << units.getInt() << ", takes at most " << std::numeric_limits<int32_t>::max();
  if (failed(checkWord(loc, layer, attributes, "direction", {"forward", "reverse", "bidirectional"})) ||
      failed(checkWord(loc, layer, attributes, "merge_mode", {"concat", "sum", "mul", "ave"})) ||
      failed(checkRate(loc, layer, attributes, "dropout")) ||
      failed(checkRate(loc, layer, attributes, "recurrent_dropout")))
    return failure();
  auto word = [&](StringRef key, StringRef value) {
    auto given = attributes.getAs<StringAttr>(key);
    return given && given.getValue() == value;
  };
  bool isBidirectional = word("direction", "bidirectional");
  // The default, which an op has whether it was written or not.
  bool isConcat = word("merge_mode", "concat") || !attributes.get("merge_mode");
  if (!isBidirectional && !isConcat)
    return emitShapeError(loc, layer, attributes)
           << "takes `merge_mode` only with `direction = bidirectional`, whose two results it merges";
  bool isDouble = isBidirectional && isConcat;
  SmallVector<int64_t> shape = {input->getDimSize(0), units.getInt() * (isDouble ? 2 : 1)};
  if (attributes.get("return_sequences"))
    shape.insert(shape.begin() + 1, input->getDimSize(1));
  results.push_back(RankedTensorType::get(shape, input->getElementType()));
  return success();
}

LogicalResult RecurrentLayer::verify() const {
  auto type = cast<RankedTensorType>(input.getType());
  if (mask && !mayBeEqual(cast<RankedTensorType>(mask.getType()).getShape(), type.getShape().drop_back()))
    return op->emitOpError() << "got a mask of type " << mask.getType() << " for an input of type " << type
                             << ", takes integers [batch, time]";
  if (!key.empty() && key.size() != 2)
    return op->emitOpError() << "takes a key of two values, the seed and the step, not " << key.size();
  return success();
}

//===----------------------------------------------------------------------===//
// Parameters and cost
//===----------------------------------------------------------------------===//

SmallVector<ParameterSpec> RecurrentLayer::getParameterSpecs(Attribute defaultBias) const {
  auto type = cast<RankedTensorType>(input.getType());
  Type element = type.getElementType();
  int64_t columns = cell.getGates() * units;
  MLIRContext *context = op->getContext();
  SmallVector<ParameterSpec> specs;
  for (StringRef prefix : {"forward_", "backward_"}) {
    std::string name = countDirections() == 2 ? prefix.str() : "";
    specs.push_back({name + "kernel", RankedTensorType::get({type.getDimSize(2), columns}, element),
                     kernelInitializer ? kernelInitializer : GlorotUniformAttr::get(context), kernelRegularizer});
    specs.push_back({name + "recurrent_kernel", RankedTensorType::get({units, columns}, element),
                     recurrentInitializer ? recurrentInitializer : OrthogonalAttr::get(context, Number(1.0)),
                     recurrentRegularizer});
    if (useBias)
      specs.push_back({name + "bias", RankedTensorType::get(cell.getBiasShape(units), element),
                       biasInitializer ? biasInitializer : defaultBias, biasRegularizer});
    if (countDirections() == 1)
      break;
  }
  return specs;
}

int64_t RecurrentLayer::getMultiplyAdds() const {
  auto type = cast<RankedTensorType>(input.getType());
  return countElements({type.getDimSize(0), type.getDimSize(1), countDirections() * cell.getGates() * units,
                        type.getDimSize(2) + units});
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// Each direction draws for its input and for its output.
int64_t RecurrentLayer::getNumStreams() const {
  return dropout > 0.0 || recurrentDropout > 0.0 ? 2 * countDirections() : 0;
}

SmallVector<Value> RecurrentLayer::buildInferenceForm(OpBuilder &builder) const {
  Operation *clone = builder.clone(*op);
  for (StringRef rate : {"dropout", "recurrent_dropout"})
    clone->setAttr(rate, builder.getF64FloatAttr(0.0));
  return SmallVector<Value>(clone->getResults());
}

/// [batch, features]: 1 / (1 - rate) where a feature of a sample is kept, else 0.
static Value drawFactors(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange key, double rate, int64_t stream) {
  return DropoutOp::create(b, type, filled(b, type, 1.0), key, b.getF64FloatAttr(rate), b.getI64IntegerAttr(stream),
                           StringAttr())
      .getResult();
}

static Value merge(ImplicitLocOpBuilder &b, StringRef mode, Type type, Value forward, Value backward) {
  if (mode == "concat")
    return ConcatOp::create(b, type, ValueRange{forward, backward}, b.getI64IntegerAttr(-1), StringAttr()).getResult();
  return mapElements(b, cast<RankedTensorType>(type), {forward, backward},
                     [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                       if (mode == "mul")
                         return arith::MulFOp::create(b, args[0], args[1]);
                       Value sum = arith::AddFOp::create(b, args[0], args[1]);
                       if (mode == "sum")
                         return sum;
                       return arith::MulFOp::create(b, sum, constant(b, sum.getType(), 0.5));
                     });
}

FailureOr<SmallVector<Value>> RecurrentLayer::lower(OpBuilder &builder) const {
  if (getNumStreams() > 0 && key.empty())
    return op->emitOpError() << "has no key to draw random numbers with; steps get theirs from --nn-build-entries";
  ImplicitLocOpBuilder b(op->getLoc(), builder);
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> shape = {type.getDimSize(0), units};
  auto outputs = RankedTensorType::get(shape, type.getElementType());
  if (sequences)
    shape.insert(shape.begin() + 1, type.getDimSize(1));
  auto resultType = RankedTensorType::get(shape, type.getElementType());
  size_t count = params.size() / countDirections();
  SmallVector<Value> results;
  for (int64_t index = 0; index < countDirections(); ++index) {
    Value x = input, scale;
    if (dropout > 0.0)
      x = SpatialDropout1dOp::create(b, type, input, key, b.getF64FloatAttr(dropout),
                                     b.getI64IntegerAttr(stream + 2 * index), StringAttr())
              .getResult();
    if (recurrentDropout > 0.0)
      scale = drawFactors(b, outputs, key, recurrentDropout, stream + 2 * index + 1);
    bool reverse = direction == "reverse" || index == 1;
    results.push_back(
        RecurrentOp::create(b, resultType, x, params.slice(index * count, count), mask, scale, cell, sequences, reverse)
            .getResult());
  }
  if (results.size() == 1)
    return results;
  return SmallVector<Value>{merge(b, mergeMode, op->getResult(0).getType(), results[0], results[1])};
}
