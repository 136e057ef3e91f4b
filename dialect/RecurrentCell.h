// What a recurrent layer's cell works with in one step of one batch block (RecurrentCellAttrInterface). All values are
// [rows, columns] windows of tensors that are updated in place: each method leaves the updated tensors behind.
#pragma once
#include "dialect/Elementwise.h"
#include "dialect/Recurrent.h"

namespace mlir::nn {

struct RecurrentStep {
  int64_t units;
  /// [units, gates · units]; null, or of the cell's bias shape.
  Value recurrentKernel, bias;
  /// The output of the step before, as the recurrent kernel sees it.
  Value output;
  /// Room for output · recurrentKernel; and the input's product. Gates take the place of the latter where they are
  /// kept, else of the former.
  Value product, input;
  bool keepsGates;
  /// [rows, units]: room for what the gradient reads besides; null where it is not kept.
  Value inner;
  /// [rows, units] each.
  SmallVector<Value> scratch;

  Value &gates() { return keepsGates ? input : product; }
  Value addend() const { return keepsGates ? product : input; }
  /// `count` gates' columns, from `gate` on, of one of the values above.
  Value read(ImplicitLocOpBuilder &b, Value value, int64_t gate, int64_t count = 1) const;
  /// The bias of `count` gates; of the input's or, where the bias has two rows, the recurrent kernel's.
  Value readBias(ImplicitLocOpBuilder &b, int64_t gate, int64_t count, int64_t row = 0) const;

  /// product = output · recurrentKernel, of the columns of `count` gates.
  void multiply(ImplicitLocOpBuilder &b, int64_t count);
  /// Activates `count` gates: of product + input + each row of the bias that `biasRows` asks for.
  void activate(ImplicitLocOpBuilder &b, int64_t gate, int64_t count, int64_t biasRows,
                function_ref<Value(ImplicitLocOpBuilder &, Value)> activation);
};

struct RecurrentBackwardStep {
  int64_t units;
  Value recurrentKernel;
  /// Null, or [rows] integers: zero where a sample is left out. Null, or [rows, units]: what the output was scaled by.
  Value mask, scale;
  /// What the step kept, null where the cell's memory lacks it: a window a gate; the history after and before the step.
  SmallVector<Value> gates;
  Value historyAfter, historyBefore, hidden, inner;
  /// The gradient that arrives at the step's output; null where none does, or where it was added to `outputGradient`.
  Value arriving;
  /// Room for the gradients of the gates; null, or room for those of the input's part.
  Value gateGradient, inputGradient;
  /// The gradients of the states: on entry after the step, on exit before it. `cellGradient` is null without cell
  /// state.
  Value outputGradient, cellGradient;
  /// [rows, units] each; with `scale` one more than the cell asks for.
  SmallVector<Value> scratch;

  /// The columns of one gate (or of `count`) in `gateGradient` or `inputGradient`.
  Value read(ImplicitLocOpBuilder &b, Value gradient, int64_t gate, int64_t count = 1) const;
  void write(ImplicitLocOpBuilder &b, Value part, Value &gradient, int64_t gate) const;
  /// `inputs` with `outputGradient` and, after it, `arriving`, where there is one.
  SmallVector<Value> withOutputGradient(ArrayRef<Value> inputs) const;
  /// The gradient that reaches the step's output, an element, of the last inputs of withOutputGradient.
  Value total(ImplicitLocOpBuilder &b, ValueRange inputs) const;
  /// updateRows of gradients of gates, zero where a sample is left out.
  SmallVector<Value> updateGates(ImplicitLocOpBuilder &b, ValueRange inputs, ValueRange outputs, UpdateFn body) const;

  /// outputGradient = zero, or in rows left out what it was: where the step's output is nothing but what its gates
  /// make.
  void dropOutputGradient(ImplicitLocOpBuilder &b);
  /// outputGradient += scale ⊙ (start + gradient of `count` gates · recurrentKernelᵀ); a null `start` is zero.
  void propagate(ImplicitLocOpBuilder &b, int64_t count, Value start = {});
};

} // namespace mlir::nn
