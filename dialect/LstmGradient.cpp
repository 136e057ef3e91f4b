// The LSTM layer's gradient: the form that keeps what it reads, the loop backward through time, and the gradients of
// input and parameters as contractions over all steps at once.
#include "dialect/Contraction.h"
#include "dialect/Layer.h"
#include "dialect/Recurrent.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

FailureOr<Operation *> LstmOp::makeSavingForm(OpBuilder &builder) {
  auto form = LstmTrainingOp::create(builder, getLoc(), getInput(), getParams(), getUnits(), getReturnSequences());
  getResult().replaceAllUsesWith(form.getResult());
  erase();
  return form.getOperation();
}

// The layer itself saves nothing: its gradient is that of its saving form.
SmallVector<Value> LstmOp::getSavedValues() { return {}; }
FailureOr<SmallVector<Value>> LstmOp::buildAdjoint(OpBuilder &, ValueRange, ArrayRef<Value>, ArrayRef<bool>) {
  return emitOpError("is differentiated in its saving form, nn.lstm_training");
}

SmallVector<Value> LstmTrainingOp::getSavedValues() {
  return {getInput(), getParams()[0], getParams()[1], getGates(), getCells(), getHidden()};
}

/// Σ_t h_{t-1}ᵀ · dz_t. The state before the first step is zero.
static Value buildRecurrentKernelGradient(ImplicitLocOpBuilder &b, Value hidden, Value gateGradient) {
  auto type = cast<RankedTensorType>(hidden.getType());
  int64_t time = type.getDimSize(0), units = type.getDimSize(2);
  if (time == 1)
    return filled(b, RankedTensorType::get({units, 4 * units}, type.getElementType()), 0.0);
  Value states = readPart(b, hidden, 0, 0, time - 1);
  Value gradients = readPart(b, gateGradient, 0, 1, time - 1);
  return contract(b, "tbk,tbn->kn", states, gradients);
}

FailureOr<SmallVector<Value>> LstmTrainingOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                           ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  for (Value grad : resultGrads.drop_front())
    if (grad)
      return emitOpError("has no gradient with respect to what it keeps");
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value input = saved[0], kernel = saved[1], recurrentKernel = saved[2], gates = saved[3], cells = saved[4],
        hidden = saved[5];
  Value gateGradient =
      LstmBackwardOp::create(b, resultGrads[0], gates, cells, recurrentKernel, getReturnSequences()).getResult();
  int64_t batch = cast<RankedTensorType>(input.getType()).getDimSize(0);
  gateGradient = unpadBatch(b, gateGradient, 1, batch);
  SmallVector<Value> gradients(wanted.size());
  if (wanted[0])
    gradients[0] = swapBatchAndTime(b, contract(b, "tbn,kn->tbk", gateGradient, kernel));
  if (wanted[1])
    gradients[1] = contract(b, "tbk,tbn->kn", swapBatchAndTime(b, input), gateGradient);
  if (wanted[2])
    gradients[2] = buildRecurrentKernelGradient(b, unpadBatch(b, hidden, 1, batch), gateGradient);
  if (wanted.size() > 3 && wanted[3])
    gradients[3] = sumOver(b, "tbn->n", gateGradient);
  return gradients;
}

namespace {

/// The values that a step of the backward loop reads of the forward one, and the gradient that arrives at its output
/// (null where none does).
struct SavedStep {
  std::array<Value, 4> gates;
  Value cell, cellBefore, grad;
};

} // namespace

static Value multiply(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, x, y); }
static Value oneMinus(ImplicitLocOpBuilder &b, Value x) {
  return arith::SubFOp::create(b, constant(b, x.getType(), 1.0), x);
}
/// Derivatives in terms of the function's value.
static Value sigmoidSlope(ImplicitLocOpBuilder &b, Value y) { return multiply(b, y, oneMinus(b, y)); }
static Value tanhSlope(ImplicitLocOpBuilder &b, Value y) { return oneMinus(b, multiply(b, y, y)); }

/// The gradients of one step's gates, written into `z` [rows, 4 · units], and of the cell state before it, into `dc`.
/// Gate by gate: bufferization takes slices of one tensor that one op writes for overlapping.
static std::pair<Value, Value> differentiateStep(ImplicitLocOpBuilder &b, const SavedStep &saved, Value z, Value dh,
                                                 Value dc) {
  auto [i, f, candidate, o] = saved.gates;
  int64_t units = cast<RankedTensorType>(dc.getType()).getDimSize(1);
  auto gate = [&](int64_t index) { return readPart(b, z, 1, index * units, units); };
  auto setGate = [&](int64_t index, Value value) { z = writePart(b, value, z, 1, index * units); };

  SmallVector<Value> inputs = {o, saved.cell, dh};
  if (saved.grad)
    inputs.push_back(saved.grad);
  SmallVector<Value> updated =
      updateElements(b, inputs, {dc, gate(3)}, [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
        Value o = in[0], squashed = math::TanhOp::create(b, in[1]), dh = in[2];
        if (saved.grad)
          dh = arith::AddFOp::create(b, dh, in[3]);
        Value ofCell = multiply(b, multiply(b, dh, o), tanhSlope(b, squashed));
        return SmallVector<Value>{arith::AddFOp::create(b, old[0], ofCell),
                                  multiply(b, multiply(b, dh, squashed), sigmoidSlope(b, o))};
      });
  dc = updated[0];
  setGate(3, updated[1]);
  updated = updateElements(b, {dc, i, candidate}, gate(0), [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
    return SmallVector<Value>{multiply(b, multiply(b, in[0], in[2]), sigmoidSlope(b, in[1]))};
  });
  setGate(0, updated[0]);
  updated = updateElements(b, {dc, i, candidate}, gate(2), [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
    return SmallVector<Value>{multiply(b, multiply(b, in[0], in[1]), tanhSlope(b, in[2]))};
  });
  setGate(2, updated[0]);
  updated = updateElements(b, {f, saved.cellBefore}, {dc, gate(1)},
                           [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                             Value ofGate = multiply(b, multiply(b, old[0], in[1]), sigmoidSlope(b, in[0]));
                             return SmallVector<Value>{multiply(b, old[0], in[0]), ofGate};
                           });
  setGate(1, updated[1]);
  return {z, updated[0]};
}

FailureOr<SmallVector<Value>> LstmBackwardOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  Type element = type.getElementType();
  int64_t time = type.getDimSize(0), units = type.getDimSize(2) / 4;
  BatchBlocks blocks = getBatchBlocks(cast<RankedTensorType>(getGrad().getType()).getDimSize(0));
  int64_t rows = blocks.rows;
  bool sequences = getReturnSequences();
  Value grad = sequences ? padBatch(b, swapBatchAndTime(b, getGrad()), 1, blocks) : padBatch(b, getGrad(), 0, blocks);

  Value result = tensor::EmptyOp::create(b, type.getShape(), element);

  auto runBlock = [&](ImplicitLocOpBuilder &b, Value row, ValueRange parts) -> SmallVector<Value> {
    Value dh = carriedBuffer(b, {rows, units}, element);
    Value dc = zeroed(b, carriedBuffer(b, {rows, units}, element));
    dh = zeroed(b, dh);
    if (!sequences) {
      SmallVector<OpFoldResult> offsets = {row, b.getIndexAttr(0)}, ones(2, b.getIndexAttr(1));
      Value last =
          tensor::ExtractSliceOp::create(b, grad, offsets, getAsIndexOpFoldResult(b.getContext(), {rows, units}), ones);
      // Added, for an op that yields its input is folded away, and the loop would need a copy.
      dh = updateElements(b, last, dh, [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
        return SmallVector<Value>{arith::AddFOp::create(b, old[0], in[0])};
      })[0];
    }
    Value lastStep = arith::ConstantIndexOp::create(b, time - 1), one = arith::ConstantIndexOp::create(b, 1);
    auto runStep = [&](ImplicitLocOpBuilder &b, Value turn, ValueRange carried) -> SmallVector<Value> {
      Value step = arith::SubIOp::create(b, lastStep, turn), nextStep = arith::AddIOp::create(b, step, one);
      Value gateGradient = carried[0], dh = carried[1], dc = carried[2];
      SavedStep saved;
      for (int64_t gate = 0; gate < 4; ++gate)
        saved.gates[gate] = Window{step, row, gate * units, rows, units}.read(b, getGates());
      saved.cell = Window{nextStep, row, 0, rows, units}.read(b, getCells());
      saved.cellBefore = Window{step, row, 0, rows, units}.read(b, getCells());
      if (sequences)
        saved.grad = Window{step, row, 0, rows, units}.read(b, grad);

      Window window{step, b.getIndexAttr(0), 0, rows, 4 * units};
      Value stepGradient;
      std::tie(stepGradient, dc) = differentiateStep(b, saved, window.read(b, gateGradient), dh, dc);
      dh = contract(b, "bn,kn->bk", stepGradient, getRecurrentKernel(), zeroed(b, dh));
      gateGradient = window.write(b, stepGradient, gateGradient);
      return {gateGradient, dh, dc};
    };
    return {forEachStep(b, time, {parts[0], dh, dc}, runStep).front()};
  };
  return forEachBatchBlock(b, blocks, {{result, 1}}, runBlock);
}
