// A GRU's step: gates in the order z, r, h. The reset gate acts on what the recurrent kernel makes of the output, or,
// where it comes before, on the output itself.
#include "dialect/Contraction.h"
#include "dialect/NN.h"
#include "dialect/RecurrentCell.h"

using namespace mlir;
using namespace mlir::nn;

int64_t GruCellAttr::getGates() const { return 3; }
SmallVector<int64_t> GruCellAttr::getBiasShape(int64_t units) const {
  return getResetAfter() ? SmallVector<int64_t>{2, 3 * units} : SmallVector<int64_t>{3 * units};
}
int64_t GruCellAttr::getNumScratch() const { return 1; }
RecurrentMemory GruCellAttr::getMemory() const {
  return {/*gates=*/true, RecurrentMemory::History::output, /*inner=*/getResetAfter()};
}

static Value add(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::AddFOp::create(b, x, y); }
static Value multiply(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, x, y); }

/// n = tanh(input + bias + r ⊙ (product + recurrent bias)).
static void buildCandidateResetAfter(ImplicitLocOpBuilder &b, RecurrentStep &step) {
  SmallVector<Value> inputs = {step.read(b, step.product, 2), step.read(b, step.gates(), 1)};
  SmallVector<Value> outputs = {step.scratch[0]};
  if (step.bias)
    inputs.push_back(step.readBias(b, 2, 1, 1));
  if (step.inner)
    outputs.push_back(step.inner);
  SmallVector<Value> updated =
      updateElements(b, inputs, outputs, [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
        Value inner = step.bias ? add(b, in[0], in[2]) : in[0];
        SmallVector<Value> results = {multiply(b, in[1], inner)};
        if (step.inner)
          results.push_back(inner);
        return results;
      });
  step.scratch[0] = updated[0];
  if (step.inner)
    step.inner = updated[1];
  inputs = {step.scratch[0]};
  if (!step.keepsGates)
    inputs.push_back(step.read(b, step.input, 2));
  if (step.bias)
    inputs.push_back(step.readBias(b, 2, 1));
  // In place of the input's product, or of the recurrent one, which is not read any more.
  Value &gates = step.gates();
  Value candidate =
      updateElements(b, inputs, step.read(b, gates, 2), [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
        Value sum = add(b, in[0], step.keepsGates ? old[0] : in[1]);
        if (step.bias)
          sum = add(b, sum, in.back());
        return SmallVector<Value>{math::TanhOp::create(b, sum)};
      })[0];
  gates = writePart(b, candidate, gates, 1, 2 * step.units);
}

/// n = tanh(input + bias + (r ⊙ output) · recurrent kernel).
static void buildCandidateResetBefore(ImplicitLocOpBuilder &b, RecurrentStep &step) {
  Value &reset = step.scratch[0];
  reset = updateElements(b, {step.read(b, step.gates(), 1), step.output}, reset,
                         [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
                           return SmallVector<Value>{multiply(b, in[0], in[1])};
                         })[0];
  Value kernel = readPart(b, step.recurrentKernel, 1, 2 * step.units, step.units);
  Value product = contract(b, "bk,kn->bn", reset, kernel, zeroed(b, step.read(b, step.product, 2)));
  step.product = writePart(b, product, step.product, 1, 2 * step.units);
  step.activate(b, 2, 1, 1, nn::tanh);
}

void GruCellAttr::buildGates(ImplicitLocOpBuilder &b, RecurrentStep &step) const {
  bool after = getResetAfter();
  step.multiply(b, after ? 3 : 2);
  step.activate(b, 0, 2, after ? 2 : 1, sigmoid);
  (after ? buildCandidateResetAfter : buildCandidateResetBefore)(b, step);
}

SmallVector<Value> GruCellAttr::buildStates(ImplicitLocOpBuilder &b, ValueRange gates, ValueRange states) const {
  return {add(b, multiply(b, gates[0], states[0]), multiply(b, oneMinus(b, gates[0]), gates[2]))};
}

/// With d the gradient of h_t: dz = d (h_{t-1} - n) z (1 - z), dn = d (1 - z) (1 - n²), and d z for h_{t-1}.
static void differentiateMixture(ImplicitLocOpBuilder &b, RecurrentBackwardStep &step, Value &candidateGradient) {
  Value z = step.gates[0], n = step.gates[2];
  SmallVector<Value> outputs = {step.read(b, step.gateGradient, 0)};
  if (step.inputGradient)
    outputs.push_back(step.read(b, step.inputGradient, 0));
  SmallVector<Value> updated =
      step.updateGates(b, step.withOutputGradient({z, n, step.historyBefore}), outputs,
                       [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
                         Value change = arith::SubFOp::create(b, in[2], in[1]);
                         Value slope = multiply(b, multiply(b, step.total(b, in), change), sigmoidSlope(b, in[0]));
                         return SmallVector<Value>(outputs.size(), slope);
                       });
  step.write(b, updated[0], step.gateGradient, 0);
  if (step.inputGradient)
    step.write(b, updated[1], step.inputGradient, 0);
  updated = step.updateGates(b, step.withOutputGradient({z, n}), step.read(b, candidateGradient, 2),
                             [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
                               Value share = multiply(b, step.total(b, in), oneMinus(b, in[0]));
                               return SmallVector<Value>{multiply(b, share, tanhSlope(b, in[1]))};
                             });
  step.write(b, updated[0], candidateGradient, 2);
  SmallVector<Value> inputs = {z};
  if (step.arriving)
    inputs.push_back(step.arriving);
  step.outputGradient = updateRows(b, step.mask, inputs, {{step.outputGradient, Masked::keeps}},
                                   [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                                     Value total = step.arriving ? add(b, old[0], in[1]) : old[0];
                                     return SmallVector<Value>{multiply(b, total, in[0])};
                                   })[0];
}

/// dr = dn inner r (1 - r); the recurrent part of n has the gradient dn r, the input's dn.
static void differentiateResetAfter(ImplicitLocOpBuilder &b, RecurrentBackwardStep &step) {
  Value r = step.gates[1];
  differentiateMixture(b, step, step.inputGradient);
  Value candidate = step.read(b, step.inputGradient, 2);
  Value recurrent = updateElements(b, {candidate, r}, step.read(b, step.gateGradient, 2),
                                   [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
                                     return SmallVector<Value>{multiply(b, in[0], in[1])};
                                   })[0];
  step.write(b, recurrent, step.gateGradient, 2);
  // By way of a buffer of its own: one op may not read a part of a tensor and write another.
  Value &reset = step.scratch[0];
  reset = updateElements(b, {candidate, r, step.inner}, reset, [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
    return SmallVector<Value>{multiply(b, multiply(b, in[0], in[2]), sigmoidSlope(b, in[1]))};
  })[0];
  auto keep = [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
    return SmallVector<Value>{arith::AddFOp::create(b, in[0], constant(b, in[0].getType(), 0.0))};
  };
  step.write(b, updateElements(b, reset, step.read(b, step.gateGradient, 1), keep)[0], step.gateGradient, 1);
  step.write(b, updateElements(b, reset, step.read(b, step.inputGradient, 1), keep)[0], step.inputGradient, 1);
  step.propagate(b, 3);
}

/// With e = dn · recurrent kernelᵀ, the gradient of r ⊙ h_{t-1}: dr = e h_{t-1} r (1 - r), and e r for h_{t-1}.
static void differentiateResetBefore(ImplicitLocOpBuilder &b, RecurrentBackwardStep &step) {
  Value r = step.gates[1];
  differentiateMixture(b, step, step.gateGradient);
  Value &product = step.scratch[0];
  Value kernel = readPart(b, step.recurrentKernel, 1, 2 * step.units, step.units);
  product = contract(b, "bn,kn->bk", step.read(b, step.gateGradient, 2), kernel, zeroed(b, product));
  SmallVector<Value> inputs = {product, r, step.historyBefore};
  if (step.scale)
    inputs.push_back(step.scale);
  Value reset = updateElements(
      b, inputs, step.read(b, step.gateGradient, 1), [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
        Value output = step.scale ? multiply(b, in[2], in[3]) : in[2];
        return SmallVector<Value>{multiply(b, multiply(b, in[0], output), sigmoidSlope(b, in[1]))};
      })[0];
  step.write(b, reset, step.gateGradient, 1);
  product = updateElements(b, r, product, [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
    return SmallVector<Value>{multiply(b, old[0], in[0])};
  })[0];
  step.propagate(b, 2, product);
}

void GruCellAttr::buildBackward(ImplicitLocOpBuilder &b, RecurrentBackwardStep &step) const {
  (getResetAfter() ? differentiateResetAfter : differentiateResetBefore)(b, step);
}

Value GruCellAttr::buildRecurrentKernelGradient(ImplicitLocOpBuilder &b, Value outputs, Value gates,
                                                Value gateGradient) const {
  if (getResetAfter())
    return contract(b, "tbk,tbn->kn", outputs, gateGradient);
  auto type = cast<RankedTensorType>(outputs.getType());
  int64_t units = type.getDimSize(2);
  Value reset = mapElements(b, type, {outputs, readPart(b, gates, 2, units, units)},
                            [](ImplicitLocOpBuilder &b, ValueRange args) { return multiply(b, args[0], args[1]); });
  Value gradient = tensor::EmptyOp::create(b, {units, 3 * units}, type.getElementType());
  Value first = contract(b, "tbk,tbn->kn", outputs, readPart(b, gateGradient, 2, 0, 2 * units));
  Value last = contract(b, "tbk,tbn->kn", reset, readPart(b, gateGradient, 2, 2 * units, units));
  return writePart(b, last, writePart(b, first, gradient, 1, 0), 1, 2 * units);
}
