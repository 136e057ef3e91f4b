// The ops that recurrent layers are lowered to: shapes, lowerings and the gradient, whose contractions go over all
// steps at once.
#include "dialect/Contraction.h"
#include "dialect/RecurrentForward.h"

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static bool keepsHidden(const RecurrentMemory &memory) { return memory.history != RecurrentMemory::History::output; }

RecurrentKept::RecurrentKept(const RecurrentMemory &memory, ValueRange kept) {
  auto take = [&](bool is) {
    Value value = is ? kept.front() : Value();
    kept = kept.drop_front(is);
    return value;
  };
  gates = take(memory.gates);
  history = take(memory.history != RecurrentMemory::History::none);
  hidden = take(keepsHidden(memory));
  inner = take(memory.inner);
}

SmallVector<Type> nn::getKeptTypes(RecurrentCellAttrInterface cell, RankedTensorType input, int64_t units) {
  RecurrentMemory memory = cell.getMemory();
  int64_t time = input.getDimSize(1), batch = input.getDimSize(0);
  int64_t padded = ShapedType::isDynamic(batch) ? batch : getBatchBlocks(batch).padded();
  SmallVector<Type> types;
  auto add = [&](bool is, int64_t steps, int64_t columns) {
    if (is)
      types.push_back(RankedTensorType::get({steps, padded, columns}, input.getElementType()));
  };
  add(memory.gates, time, cell.getGates() * units);
  add(memory.history != RecurrentMemory::History::none, time + 1, units);
  add(keepsHidden(memory), time, units);
  add(memory.inner, time, units);
  return types;
}

/// The layer's result, from the types of its input and recurrent kernel.
static LogicalResult inferResult(std::optional<Location> loc, StringRef op, ValueRange operands,
                                 DictionaryAttr attributes, SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> input = checkFloatInput(loc, op, attributes, operands[0], 3, 3);
  if (failed(input))
    return failure();
  auto kernel = operands.size() > 2 ? dyn_cast<RankedTensorType>(operands[2].getType()) : RankedTensorType();
  if (!kernel || kernel.getRank() != 2 || !kernel.hasStaticShape())
    return emitShapeError(loc, op, attributes) << "takes a kernel and a recurrent kernel [units, gates · units]";
  int64_t batch = input->getDimSize(0), time = input->getDimSize(1), units = kernel.getDimSize(0);
  SmallVector<int64_t> shape = {batch, units};
  if (attributes.get("return_sequences"))
    shape = {batch, time, units};
  results.push_back(RankedTensorType::get(shape, input->getElementType()));
  return success();
}

static LogicalResult verifyOptional(Operation *op, StringRef what, Value value, ArrayRef<int64_t> shape) {
  if (!value || mayBeEqual(cast<RankedTensorType>(value.getType()).getShape(), shape))
    return success();
  return op->emitOpError("takes ") << what << " of shape [" << shape << "], got " << value.getType();
}

template <typename Op> static LogicalResult verifyRecurrence(Op op) {
  auto cell = cast<RecurrentCellAttrInterface>(op.getCell());
  auto input = cast<RankedTensorType>(op.getInput().getType());
  int64_t batch = input.getDimSize(0), time = input.getDimSize(1);
  int64_t units = cast<RankedTensorType>(op.getParams()[1].getType()).getDimSize(0);
  Type element = input.getElementType();
  SmallVector<Type> expected = {RankedTensorType::get({input.getDimSize(2), cell.getGates() * units}, element),
                                RankedTensorType::get({units, cell.getGates() * units}, element),
                                RankedTensorType::get(cell.getBiasShape(units), element)};
  TypeRange given = op.getParams().getTypes();
  if (given.size() < 2 || given.size() > 3 || given != TypeRange(expected).take_front(given.size()))
    return op.emitOpError("takes the parameters ") << TypeRange(expected) << ", the last one optional, got " << given;
  return success(succeeded(verifyOptional(op, "a mask", op.getMask(), {batch, time})) &&
                 succeeded(verifyOptional(op, "a scale", op.getScale(), {batch, units})));
}

template <typename Op> static int64_t countMultiplyAdds(Op op) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  auto kernel = cast<RankedTensorType>(op.getParams()[1].getType());
  return countElements(
      {input.getDimSize(0), input.getDimSize(1), kernel.getDimSize(1), input.getDimSize(2) + kernel.getDimSize(0)});
}

template <typename Op> static RecurrentForward getForward(ImplicitLocOpBuilder &b, Op op) {
  return RecurrentForward(b, cast<RecurrentCellAttrInterface>(op.getCell()), op.getInput(), op.getParams(),
                          op.getMask(), op.getScale(), op.getReverse());
}

//===----------------------------------------------------------------------===//
// nn.recurrent
//===----------------------------------------------------------------------===//

LogicalResult RecurrentOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                            SmallVectorImpl<Type> &results) {
  return inferResult(loc, getOperationName(), operands, attributes, results);
}

LogicalResult RecurrentOp::verify() { return verifyRecurrence(*this); }
int64_t RecurrentOp::getDepth() { return 1; }
int64_t RecurrentOp::getMultiplyAdds() { return countMultiplyAdds(*this); }

FailureOr<SmallVector<Value>> RecurrentOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  bool sequences = getReturnSequences();
  RecurrentForward forward = getForward(b, *this);
  RecurrentForward::Wanted wanted;
  wanted.last = !sequences;
  wanted.sequence = sequences;
  RecurrentForward::Result result = forward.run(wanted);
  return SmallVector<Value>{sequences ? forward.toResult(result.sequence) : result.last};
}

/// The scale is made of random numbers, not of what is trained.
static bool isTrained(Value operand, Value scale) {
  return operand != scale && isa<FloatType>(getElementTypeOrSelf(operand.getType()));
}

bool RecurrentOp::isDifferentiableInput(unsigned index) { return isTrained(getOperand(index), getScale()); }

FailureOr<Operation *> RecurrentOp::makeSavingForm(OpBuilder &builder) {
  SmallVector<Type> types = {getType()};
  llvm::append_range(types, getKeptTypes(cast<RecurrentCellAttrInterface>(getCell()),
                                         cast<RankedTensorType>(getInput().getType()),
                                         cast<RankedTensorType>(getParams()[1].getType()).getDimSize(0)));
  auto form = RecurrentTrainingOp::create(builder, getLoc(), types, getOperands(), (*this)->getAttrs());
  getResult().replaceAllUsesWith(form.getResult());
  erase();
  return form.getOperation();
}

// The op itself saves nothing: its gradient is that of its saving form.
SmallVector<Value> RecurrentOp::getSavedValues() { return {}; }
FailureOr<SmallVector<Value>> RecurrentOp::buildAdjoint(OpBuilder &, ValueRange, ArrayRef<Value>, ArrayRef<bool>) {
  return emitOpError("is differentiated in its saving form, nn.recurrent_training");
}

//===----------------------------------------------------------------------===//
// nn.recurrent_training
//===----------------------------------------------------------------------===//

LogicalResult RecurrentTrainingOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                    DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                                    SmallVectorImpl<Type> &results) {
  auto cell = attributes.getAs<RecurrentCellAttrInterface>("cell");
  if (!cell)
    return emitShapeError(loc, getOperationName(), attributes) << "takes a cell such as #nn.lstm_cell";
  if (failed(inferResult(loc, getOperationName(), operands, attributes, results)))
    return failure();
  int64_t units = cast<RankedTensorType>(operands[2].getType()).getDimSize(0);
  llvm::append_range(results, getKeptTypes(cell, cast<RankedTensorType>(operands[0].getType()), units));
  return success();
}

LogicalResult RecurrentTrainingOp::verify() { return verifyRecurrence(*this); }
int64_t RecurrentTrainingOp::getDepth() { return 1; }
int64_t RecurrentTrainingOp::getMultiplyAdds() { return countMultiplyAdds(*this); }
bool RecurrentTrainingOp::isDifferentiableInput(unsigned index) { return isTrained(getOperand(index), getScale()); }

FailureOr<SmallVector<Value>> RecurrentTrainingOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  RecurrentForward forward = getForward(b, *this);
  const RecurrentMemory &memory = forward.memory;
  bool sequences = getReturnSequences(), hasHistory = memory.history != RecurrentMemory::History::none;
  RecurrentForward::Wanted wanted;
  wanted.last = !sequences;
  wanted.sequence = keepsHidden(memory);
  wanted.gates = memory.gates;
  wanted.history = hasHistory;
  wanted.inner = memory.inner;
  RecurrentForward::Result result = forward.run(wanted);
  SmallVector<Value> results = {result.last};
  if (sequences) {
    Value sequence = result.sequence;
    if (!sequence)
      sequence = readPart(b, result.history, 0, forward.times.reverse ? 0 : 1, forward.times.count);
    results.front() = forward.toResult(sequence);
  }
  for (Value kept : {result.gates, result.history, result.sequence, result.inner})
    if (kept)
      results.push_back(kept);
  return results;
}

SmallVector<Value> RecurrentTrainingOp::getSavedValues() {
  SmallVector<Value> values(getOperands());
  llvm::append_range(values, getKept());
  return values;
}

namespace {

/// The values that the adjoint reads, by name.
struct Saved {
  Value input, kernel, recurrentKernel, bias, mask, scale;
  ValueRange kept;

  Saved(RecurrentTrainingOp op, ValueRange saved) : kept(saved.take_back(op.getKept().size())) {
    auto find = [&](Value operand) {
      return operand ? saved[llvm::find(op->getOperands(), operand) - op->operand_begin()] : Value();
    };
    input = find(op.getInput());
    kernel = find(op.getParams()[0]);
    recurrentKernel = find(op.getParams()[1]);
    bias = op.getParams().size() > 2 ? find(op.getParams()[2]) : Value();
    mask = find(op.getMask());
    scale = find(op.getScale());
  }
};

} // namespace

/// Σ_t (the output before step t)ᵀ · dz_t. The one before the first step is zero.
static Value buildRecurrentKernelGradient(ImplicitLocOpBuilder &b, RecurrentCellAttrInterface cell,
                                          const RecurrentKept &kept, Value scale, Value gateGradient, int64_t batch,
                                          bool reverse) {
  Value gates = kept.gates ? unpadBatch(b, kept.gates, 1, batch) : Value();
  Value outputs = unpadBatch(b, kept.hidden ? kept.hidden : kept.history, 1, batch);
  int64_t time = cast<RankedTensorType>(gateGradient.getType()).getDimSize(0);
  auto type = cast<RankedTensorType>(outputs.getType());
  int64_t units = type.getDimSize(2);
  if (time == 1)
    return filled(b, RankedTensorType::get({units, cell.getGates() * units}, type.getElementType()), 0.0);
  // Of a history, the places between its ends.
  int64_t firstOutput = kept.hidden ? (reverse ? 1 : 0) : 1, firstStep = reverse ? 0 : 1;
  outputs = readPart(b, outputs, 0, firstOutput, time - 1);
  gateGradient = readPart(b, gateGradient, 0, firstStep, time - 1);
  if (gates)
    gates = readPart(b, gates, 0, firstStep, time - 1);
  if (scale)
    outputs = mapElements(
        b, cast<RankedTensorType>(outputs.getType()), {outputs, scale},
        [](ImplicitLocOpBuilder &b, ValueRange args) -> Value { return arith::MulFOp::create(b, args[0], args[1]); });
  return cell.buildRecurrentKernelGradient(b, outputs, gates, gateGradient);
}

static Value buildBiasGradient(ImplicitLocOpBuilder &b, Type type, Value inputGradient, Value gateGradient) {
  auto bias = cast<RankedTensorType>(type);
  if (bias.getRank() == 1)
    return sumOver(b, "tbn->n", inputGradient);
  // The input's bias, then the recurrent kernel's.
  Value gradient = tensor::EmptyOp::create(b, bias.getShape(), bias.getElementType());
  const Value parts[] = {inputGradient, gateGradient};
  for (auto [row, part] : llvm::enumerate(parts))
    gradient = tensor::InsertSliceOp::create(
        b, sumOver(b, "tbn->n", part), gradient, ArrayRef<OpFoldResult>{b.getIndexAttr(row), b.getIndexAttr(0)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(bias.getDimSize(1))},
        SmallVector<OpFoldResult>(2, b.getIndexAttr(1)));
  return gradient;
}

FailureOr<SmallVector<Value>> RecurrentTrainingOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                                ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  for (Value grad : resultGrads.drop_front())
    if (grad)
      return emitOpError("has no gradient with respect to what it keeps");
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto cell = cast<RecurrentCellAttrInterface>(getCell());
  RecurrentMemory memory = cell.getMemory();
  Saved values(*this, saved);
  RecurrentKept kept(memory, values.kept);
  auto inputType = cast<RankedTensorType>(values.input.getType());
  int64_t batch = inputType.getDimSize(0), time = inputType.getDimSize(1);
  int64_t padded = getBatchBlocks(batch).padded();
  int64_t columns = cast<RankedTensorType>(values.kernel.getType()).getDimSize(1);
  SmallVector<Type> types(memory.inner ? 2 : 1,
                          RankedTensorType::get({time, padded, columns}, inputType.getElementType()));
  auto backward = RecurrentBackwardOp::create(b, types, resultGrads[0], values.recurrentKernel, values.kept,
                                              values.mask, values.scale, getCell(), getReturnSequences(), getReverse());
  Value gateGradient = unpadBatch(b, backward.getGradients().front(), 1, batch);
  Value inputGradient = memory.inner ? unpadBatch(b, backward.getGradients().back(), 1, batch) : gateGradient;

  SmallVector<Value> gradients(wanted.size());
  if (wanted[0])
    gradients[0] = swapBatchAndTime(b, contract(b, "tbn,kn->tbk", inputGradient, values.kernel));
  if (wanted[1])
    gradients[1] = contract(b, "tbk,tbn->kn", swapBatchAndTime(b, values.input), inputGradient);
  if (wanted[2])
    gradients[2] = buildRecurrentKernelGradient(b, cell, kept, values.scale, gateGradient, batch, getReverse());
  if (values.bias && wanted[3])
    gradients[3] = buildBiasGradient(b, values.bias.getType(), inputGradient, gateGradient);
  return gradients;
}

//===----------------------------------------------------------------------===//
// nn.recurrent_backward
//===----------------------------------------------------------------------===//

LogicalResult RecurrentBackwardOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                    DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                                    SmallVectorImpl<Type> &results) {
  auto cell = attributes.getAs<RecurrentCellAttrInterface>("cell");
  auto kernel = dyn_cast<RankedTensorType>(operands[1].getType());
  auto kept = operands.size() > 2 ? dyn_cast<RankedTensorType>(operands[2].getType()) : RankedTensorType();
  if (!cell || !kernel || kernel.getRank() != 2 || !kept || kept.getRank() != 3)
    return emitShapeError(loc, getOperationName(), attributes)
           << "takes a cell, a recurrent kernel [units, gates · units] and what nn.recurrent_training kept";
  RecurrentMemory memory = cell.getMemory();
  auto type = RankedTensorType::get({kept.getDimSize(0), kept.getDimSize(1), cell.getGates() * kernel.getDimSize(0)},
                                    kept.getElementType());
  results.append(memory.inner ? 2 : 1, type);
  return success();
}

LogicalResult RecurrentBackwardOp::verify() {
  auto cell = cast<RecurrentCellAttrInterface>(getCell());
  auto grad = cast<RankedTensorType>(getGrad().getType());
  auto gates = cast<RankedTensorType>(getGradients()[0].getType());
  int64_t units = cast<RankedTensorType>(getRecurrentKernel().getType()).getDimSize(0), time = gates.getDimSize(0);
  Type element = gates.getElementType();
  if (!gates.hasStaticShape() || !grad.hasStaticShape() || grad.getRank() < 2 || grad.getDimSize(0) == 0)
    return emitOpError("takes tensors of static shape, got ") << grad << " and " << gates;
  int64_t batch = grad.getDimSize(0);
  auto kernel = RankedTensorType::get({units, cell.getGates() * units}, element);
  if (getRecurrentKernel().getType() != kernel)
    return emitOpError("takes a recurrent kernel of type ") << kernel << ", got " << getRecurrentKernel().getType();
  SmallVector<int64_t> shape = {batch, units};
  if (getReturnSequences())
    shape = {batch, time, units};
  auto gradient = RankedTensorType::get(shape, element);
  if (grad != gradient)
    return emitOpError("takes a gradient of type ") << gradient << ", got " << grad;
  SmallVector<Type> kept = getKeptTypes(cell, RankedTensorType::get({batch, time, 1}, element), units);
  if (getKept().getTypes() != TypeRange(kept))
    return emitOpError("takes what was kept of types ") << TypeRange(kept) << ", got " << getKept().getTypes();
  return success(succeeded(verifyOptional(*this, "a mask", getMask(), {batch, time})) &&
                 succeeded(verifyOptional(*this, "a scale", getScale(), {batch, units})));
}

int64_t RecurrentBackwardOp::getMultiplyAdds() {
  auto gates = cast<RankedTensorType>(getGradients()[0].getType());
  return gates.getNumElements() * cast<RankedTensorType>(getRecurrentKernel().getType()).getDimSize(0);
}
