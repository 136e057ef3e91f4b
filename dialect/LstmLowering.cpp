// The LSTM layer in upstream dialects: the input product of all steps at once, then blocks of the batch in parallel,
// each a loop over time. Gates and cell states are time-major, so that a block's rows of one step are contiguous.
#include "dialect/Contraction.h"
#include "dialect/Elementwise.h"
#include "dialect/Layer.h"
#include "dialect/Recurrent.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// The values that one batch block carries through time, each updated in place. Those after `h` are null where they
/// are not wanted.
struct State {
  /// h · recurrent_kernel of the step at work, [rows, 4 · units]; where gates are not kept, also their place.
  Value product;
  Value c, h;
  /// The output of every step, [time, rows, units].
  Value sequence;
  /// [time, rows, 4 · units]: the input product of the steps to come, the activated gates of those done.
  Value gates;
  /// [time + 1, rows, units]
  Value cells;

  SmallVector<Value> pack() const {
    SmallVector<Value> values;
    for (Value value : {product, c, h, sequence, gates, cells})
      if (value)
        values.push_back(value);
    return values;
  }
  /// The same members, with the values of `packed`.
  State unpack(ValueRange packed) const {
    State state = *this;
    for (Value *member : {&state.product, &state.c, &state.h, &state.sequence, &state.gates, &state.cells})
      if (*member) {
        *member = packed.front();
        packed = packed.drop_front();
      }
    return state;
  }
};

/// One LSTM layer, forward.
struct LstmForward {
  ImplicitLocOpBuilder &b;
  Value input, kernel, recurrentKernel;
  /// Null, or [4 · units].
  Value bias;
  int64_t units;
  int64_t batch, time;
  BatchBlocks blocks;
  RankedTensorType inputType;

  LstmForward(ImplicitLocOpBuilder &b, Value input, ValueRange params, int64_t units)
      : b(b), input(input), kernel(params[0]), recurrentKernel(params[1]),
        bias(params.size() > 2 ? params[2] : Value()), units(units),
        inputType(cast<RankedTensorType>(input.getType())) {
    batch = inputType.getDimSize(0);
    time = inputType.getDimSize(1);
    blocks = getBatchBlocks(batch);
  }

  /// What `run` returns: null where not wanted. All but `last` are time-major, their batch padded.
  struct Result {
    Value last, sequence, gates, cells;
  };
  Result run(bool wantsLast, bool wantsSequence, bool wantsGates) const;
  /// `sequence` as the layer's result, [batch, time, units].
  Value toResult(Value sequence) const { return swapBatchAndTime(b, unpadBatch(b, sequence, 1, batch)); }

private:
  Value empty(ArrayRef<int64_t> shape) const { return tensor::EmptyOp::create(b, shape, inputType.getElementType()); }
  Value activate(ImplicitLocOpBuilder &b, Value z, Value addend) const;
  State step(ImplicitLocOpBuilder &b, Value step, State state, Value inputProduct, Value row) const;
};

} // namespace

/// The gates activated in place of `z`, which together with `addend` and the bias makes up their arguments. Part by
/// part: bufferization takes slices of one tensor that one op writes for overlapping.
Value LstmForward::activate(ImplicitLocOpBuilder &b, Value z, Value addend) const {
  using Activation = function_ref<Value(ImplicitLocOpBuilder &, Value)>;
  auto tanh = [](ImplicitLocOpBuilder &b, Value x) -> Value { return math::TanhOp::create(b, x); };
  auto activateColumns = [&](int64_t column, int64_t columns, Activation activation) {
    SmallVector<Value> inputs = {readPart(b, addend, 1, column, columns)};
    if (bias)
      inputs.push_back(readPart(b, bias, 0, column, columns));
    Value part = updateElements(b, inputs, readPart(b, z, 1, column, columns),
                                [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                                  Value sum = arith::AddFOp::create(b, old[0], in[0]);
                                  if (bias)
                                    sum = arith::AddFOp::create(b, sum, in[1]);
                                  return SmallVector<Value>{activation(b, sum)};
                                })[0];
    z = writePart(b, part, z, 1, column);
  };
  activateColumns(0, 2 * units, sigmoid);
  activateColumns(2 * units, units, tanh);
  activateColumns(3 * units, units, sigmoid);
  return z;
}

State LstmForward::step(ImplicitLocOpBuilder &b, Value step, State state, Value inputProduct, Value row) const {
  int64_t rows = cast<RankedTensorType>(state.h.getType()).getDimSize(0);
  OpFoldResult first = b.getIndexAttr(0);
  state.product = contract(b, "bk,kn->bn", state.h, recurrentKernel, zeroed(b, state.product));

  // With gates kept, their place holds the input product until now.
  Window window{step, state.gates ? first : OpFoldResult(row), 0, rows, 4 * units};
  Value gates = state.gates ? activate(b, window.read(b, state.gates), state.product)
                            : activate(b, state.product, window.read(b, inputProduct));

  SmallVector<Value> inputs, outputs = {state.c, state.h};
  for (int64_t gate = 0; gate < 4; ++gate)
    inputs.push_back(readPart(b, gates, 1, gate * units, units));
  Value nextStep = arith::AddIOp::create(b, step, arith::ConstantIndexOp::create(b, 1));
  Window cell{nextStep, first, 0, rows, units};
  Window output{step, first, 0, rows, units};
  if (state.cells)
    outputs.push_back(cell.read(b, state.cells));
  if (state.sequence)
    outputs.push_back(output.read(b, state.sequence));

  SmallVector<Value> updated =
      updateElements(b, inputs, outputs, [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
        Value i = in[0], f = in[1], candidate = in[2], o = in[3];
        Value c = arith::AddFOp::create(b, arith::MulFOp::create(b, f, old[0]), arith::MulFOp::create(b, i, candidate));
        Value h = arith::MulFOp::create(b, o, math::TanhOp::create(b, c));
        SmallVector<Value> results = {c, h};
        if (state.cells)
          results.push_back(c);
        if (state.sequence)
          results.push_back(h);
        return results;
      });
  state.c = updated[0], state.h = updated[1];
  // Last, because bufferization takes what reads a part of a slice after the slice is written for a use of its old
  // contents.
  if (state.gates)
    state.gates = window.write(b, gates, state.gates);
  else
    state.product = gates;
  if (state.cells)
    state.cells = cell.write(b, updated[2], state.cells);
  if (state.sequence)
    state.sequence = output.write(b, updated.back(), state.sequence);
  return state;
}

LstmForward::Result LstmForward::run(bool wantsLast, bool wantsSequence, bool wantsGates) const {
  Value inputProduct = contract(b, "tbk,kn->tbn", padBatch(b, swapBatchAndTime(b, input), 1, blocks), kernel);

  SmallVector<BlockedTensor> outputs;
  if (wantsLast)
    outputs.push_back({empty({blocks.padded(), units}), 0});
  if (wantsSequence)
    outputs.push_back({empty({time, blocks.padded(), units}), 1});
  if (wantsGates) {
    outputs.push_back({inputProduct, 1});
    Value cells = carriedBuffer(b, {time + 1, blocks.padded(), units}, inputType.getElementType());
    Window before{b.getIndexAttr(0), b.getIndexAttr(0), 0, blocks.padded(), units};
    outputs.push_back({before.write(b, zeroed(b, before.read(b, cells)), cells), 1});
  }

  SmallVector<Value> results =
      forEachBatchBlock(b, blocks, outputs, [&](ImplicitLocOpBuilder &, Value row, ValueRange parts) {
        int64_t rows = blocks.rows;
        auto take = [&](bool wanted) {
          Value part = wanted ? parts.front() : Value();
          parts = parts.drop_front(wanted);
          return part;
        };
        State state;
        Value last = take(wantsLast);
        state.sequence = take(wantsSequence);
        state.gates = take(wantsGates);
        state.cells = take(wantsGates);
        Type element = inputType.getElementType();
        state.product = carriedBuffer(b, {rows, 4 * units}, element);
        state.c = zeroed(b, carriedBuffer(b, {rows, units}, element));
        state.h = zeroed(b, last ? last : carriedBuffer(b, {rows, units}, element));
        SmallVector<Value> done =
            forEachStep(b, time, state.pack(), [&](ImplicitLocOpBuilder &b, Value t, ValueRange carried) {
              return step(b, t, state.unpack(carried), inputProduct, row).pack();
            });
        state = state.unpack(done);
        SmallVector<Value> updated;
        for (Value value : {last ? state.h : Value(), state.sequence, state.gates, state.cells})
          if (value)
            updated.push_back(value);
        return updated;
      });

  ArrayRef<Value> rest = results;
  auto take = [&](bool wanted) {
    Value value = wanted ? rest.front() : Value();
    rest = rest.drop_front(wanted);
    return value;
  };
  Result result;
  if (wantsLast)
    result.last = unpadBatch(b, take(true), 0, batch);
  if (wantsSequence)
    result.sequence = take(true);
  result.gates = take(wantsGates);
  result.cells = take(wantsGates);
  return result;
}

FailureOr<SmallVector<Value>> LstmOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  bool sequences = getReturnSequences();
  LstmForward forward(b, getInput(), getParams(), getUnits());
  LstmForward::Result result = forward.run(!sequences, sequences, /*wantsGates=*/false);
  return SmallVector<Value>{sequences ? forward.toResult(result.sequence) : result.last};
}

FailureOr<SmallVector<Value>> LstmTrainingOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  bool sequences = getReturnSequences();
  LstmForward forward(b, getInput(), getParams(), getUnits());
  LstmForward::Result result = forward.run(!sequences, /*wantsSequence=*/true, /*wantsGates=*/true);
  return SmallVector<Value>{sequences ? forward.toResult(result.sequence) : result.last, result.gates, result.cells,
                            result.sequence};
}
