// An LSTM's step: gates in the order i, f, c, o; the state before the output is the cell.
#include "dialect/Contraction.h"
#include "dialect/NN.h"
#include "dialect/RecurrentCell.h"

using namespace mlir;
using namespace mlir::nn;

int64_t LstmCellAttr::getGates() const { return 4; }
bool LstmCellAttr::hasCellState() const { return true; }
RecurrentMemory LstmCellAttr::getMemory() const {
  return {/*gates=*/true, RecurrentMemory::History::cell, /*inner=*/false};
}

void LstmCellAttr::buildGates(ImplicitLocOpBuilder &b, RecurrentStep &step) const {
  step.multiply(b, 4);
  step.activate(b, 0, 2, 1, sigmoid);
  step.activate(b, 2, 1, 1, nn::tanh);
  step.activate(b, 3, 1, 1, sigmoid);
}

SmallVector<Value> LstmCellAttr::buildStates(ImplicitLocOpBuilder &b, ValueRange gates, ValueRange states) const {
  Value i = gates[0], f = gates[1], candidate = gates[2], o = gates[3];
  Value c = arith::AddFOp::create(b, arith::MulFOp::create(b, f, states[0]), arith::MulFOp::create(b, i, candidate));
  Value h = arith::MulFOp::create(b, o, math::TanhOp::create(b, c));
  return {c, h};
}

static Value multiply(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, x, y); }

/// Gate by gate: bufferization takes slices of one tensor that one op writes for overlapping.
void LstmCellAttr::buildBackward(ImplicitLocOpBuilder &b, RecurrentBackwardStep &step) const {
  Value i = step.gates[0], f = step.gates[1], candidate = step.gates[2], o = step.gates[3];
  auto gate = [&](int64_t index) { return step.read(b, step.gateGradient, index); };
  auto setGate = [&](int64_t index, Value value) { step.write(b, value, step.gateGradient, index); };

  SmallVector<Value> updated =
      updateRows(b, step.mask, step.withOutputGradient({o, step.historyAfter}),
                 {{step.cellGradient, Masked::keeps}, {gate(3), Masked::zero}},
                 [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                   Value o = in[0], squashed = math::TanhOp::create(b, in[1]), dh = step.total(b, in);
                   Value ofCell = multiply(b, multiply(b, dh, o), tanhSlope(b, squashed));
                   return SmallVector<Value>{arith::AddFOp::create(b, old[0], ofCell),
                                             multiply(b, multiply(b, dh, squashed), sigmoidSlope(b, o))};
                 });
  step.cellGradient = updated[0];
  setGate(3, updated[1]);
  updated = step.updateGates(
      b, {step.cellGradient, i, candidate}, gate(0), [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
        return SmallVector<Value>{multiply(b, multiply(b, in[0], in[2]), sigmoidSlope(b, in[1]))};
      });
  setGate(0, updated[0]);
  updated = step.updateGates(b, {step.cellGradient, i, candidate}, gate(2),
                             [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
                               return SmallVector<Value>{multiply(b, multiply(b, in[0], in[1]), tanhSlope(b, in[2]))};
                             });
  setGate(2, updated[0]);
  updated =
      updateRows(b, step.mask, {f, step.historyBefore}, {{step.cellGradient, Masked::keeps}, {gate(1), Masked::zero}},
                 [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                   Value ofGate = multiply(b, multiply(b, old[0], in[1]), sigmoidSlope(b, in[0]));
                   return SmallVector<Value>{multiply(b, old[0], in[0]), ofGate};
                 });
  step.cellGradient = updated[0];
  setGate(1, updated[1]);
  step.dropOutputGradient(b);
  step.propagate(b, 4);
}

Value LstmCellAttr::buildRecurrentKernelGradient(ImplicitLocOpBuilder &b, Value outputs, Value,
                                                 Value gateGradient) const {
  return contract(b, "tbk,tbn->kn", outputs, gateGradient);
}
