// A plain recurrent network's step: one gate, which is the output.
#include "dialect/Contraction.h"
#include "dialect/NN.h"
#include "dialect/RecurrentCell.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// An activation whose slope its value tells.
struct CellActivation {
  StringLiteral name;
  Value (*apply)(ImplicitLocOpBuilder &b, Value x);
  Value (*slope)(ImplicitLocOpBuilder &b, Value y);
};

Value zero(ImplicitLocOpBuilder &b, Value like) { return constant(b, like.getType(), 0.0); }
Value one(ImplicitLocOpBuilder &b, Value like) { return constant(b, like.getType(), 1.0); }
Value relu(ImplicitLocOpBuilder &b, Value x) { return arith::MaximumFOp::create(b, x, zero(b, x)); }
Value reluSlope(ImplicitLocOpBuilder &b, Value y) {
  Value active = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, y, zero(b, y));
  return arith::SelectOp::create(b, active, one(b, y), zero(b, y));
}
Value linear(ImplicitLocOpBuilder &, Value x) { return x; }

constexpr CellActivation activations[] = {{"tanh", nn::tanh, tanhSlope},
                                          {"relu", relu, reluSlope},
                                          {"sigmoid", sigmoid, sigmoidSlope},
                                          {"linear", linear, one}};

const CellActivation *find(StringRef name) {
  return llvm::find_if(activations, [&](const CellActivation &activation) { return activation.name == name; });
}

} // namespace

bool SimpleRnnCellAttr::isActivation(StringRef name) { return find(name) != std::end(activations); }

LogicalResult SimpleRnnCellAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef activation) {
  if (isActivation(activation))
    return success();
  return emitError() << "got activation = " << activation << ", takes tanh, relu, sigmoid or linear";
}

int64_t SimpleRnnCellAttr::getGates() const { return 1; }
RecurrentMemory SimpleRnnCellAttr::getMemory() const {
  return {/*gates=*/false, RecurrentMemory::History::none, /*inner=*/false};
}

void SimpleRnnCellAttr::buildGates(ImplicitLocOpBuilder &b, RecurrentStep &step) const {
  step.multiply(b, 1);
  step.activate(b, 0, 1, 1, find(getActivation())->apply);
}

SmallVector<Value> SimpleRnnCellAttr::buildStates(ImplicitLocOpBuilder &b, ValueRange gates, ValueRange states) const {
  // Added, for an op that yields its input is folded away, and the loop would need a copy.
  return {arith::AddFOp::create(b, gates[0], zero(b, gates[0]))};
}

void SimpleRnnCellAttr::buildBackward(ImplicitLocOpBuilder &b, RecurrentBackwardStep &step) const {
  Value gradient = step.updateGates(b, step.withOutputGradient({step.hidden}), step.read(b, step.gateGradient, 0),
                                    [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
                                      Value slope = find(getActivation())->slope(b, in[0]);
                                      return SmallVector<Value>{arith::MulFOp::create(b, step.total(b, in), slope)};
                                    })[0];
  step.write(b, gradient, step.gateGradient, 0);
  step.dropOutputGradient(b);
  step.propagate(b, 1);
}

Value SimpleRnnCellAttr::buildRecurrentKernelGradient(ImplicitLocOpBuilder &b, Value outputs, Value,
                                                      Value gateGradient) const {
  return contract(b, "tbk,tbn->kn", outputs, gateGradient);
}
