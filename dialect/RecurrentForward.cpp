// A recurrence forward: the input product of all steps at once, then blocks of the batch in parallel, each a loop over
// time. What is kept is time-major, so that a block's rows of one step are contiguous.
#include "dialect/RecurrentForward.h"
#include "dialect/Contraction.h"

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// RecurrentStep
//===----------------------------------------------------------------------===//

Value RecurrentStep::read(ImplicitLocOpBuilder &b, Value value, int64_t gate, int64_t count) const {
  return readPart(b, value, 1, gate * units, count * units);
}

Value RecurrentStep::readBias(ImplicitLocOpBuilder &b, int64_t gate, int64_t count, int64_t row) const {
  auto type = cast<RankedTensorType>(bias.getType());
  if (type.getRank() == 1)
    return readPart(b, bias, 0, gate * units, count * units);
  auto part = RankedTensorType::get({count * units}, type.getElementType());
  return tensor::ExtractSliceOp::create(b, part, bias,
                                        ArrayRef<OpFoldResult>{b.getIndexAttr(row), b.getIndexAttr(gate * units)},
                                        ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(count * units)},
                                        SmallVector<OpFoldResult>(2, b.getIndexAttr(1)));
}

void RecurrentStep::multiply(ImplicitLocOpBuilder &b, int64_t count) {
  int64_t columns = count * units;
  if (columns == cast<RankedTensorType>(product.getType()).getDimSize(1)) {
    product = contract(b, "bk,kn->bn", output, recurrentKernel, zeroed(b, product));
    return;
  }
  Value kernel = readPart(b, recurrentKernel, 1, 0, columns);
  Value part = contract(b, "bk,kn->bn", output, kernel, zeroed(b, read(b, product, 0, count)));
  product = writePart(b, part, product, 1, 0);
}

/// In place of the product or the input. Part by part: bufferization takes slices of one tensor that one op writes for
/// overlapping.
void RecurrentStep::activate(ImplicitLocOpBuilder &b, int64_t gate, int64_t count, int64_t biasRows,
                             function_ref<Value(ImplicitLocOpBuilder &, Value)> activation) {
  SmallVector<Value> inputs = {read(b, addend(), gate, count)};
  if (bias)
    for (int64_t row = 0; row < biasRows; ++row)
      inputs.push_back(readBias(b, gate, count, row));
  Value part = updateElements(b, inputs, read(b, gates(), gate, count),
                              [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                                Value sum = old[0];
                                for (Value term : in)
                                  sum = arith::AddFOp::create(b, sum, term);
                                return SmallVector<Value>{activation(b, sum)};
                              })[0];
  gates() = writePart(b, part, gates(), 1, gate * units);
}

//===----------------------------------------------------------------------===//
// StepOrder
//===----------------------------------------------------------------------===//

Value StepOrder::getTime(ImplicitLocOpBuilder &b, Value turn) const {
  return reverse ? arith::SubIOp::create(b, arith::ConstantIndexOp::create(b, count - 1), turn).getResult() : turn;
}

static Value next(ImplicitLocOpBuilder &b, Value time) {
  return arith::AddIOp::create(b, time, arith::ConstantIndexOp::create(b, 1));
}

Value StepOrder::getAfter(ImplicitLocOpBuilder &b, Value time) const { return reverse ? time : next(b, time); }
Value StepOrder::getBefore(ImplicitLocOpBuilder &b, Value time) const { return reverse ? next(b, time) : time; }

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

namespace {

/// The values that one batch block carries through time, each updated in place. Those that are not wanted are null.
struct BlockState {
  /// Room for the recurrent product; where gates are not kept, also their place.
  Value product;
  SmallVector<Value> scratch;
  /// The output last.
  SmallVector<Value> states;
  /// The output of every step, [time, rows, units].
  Value sequence;
  /// [time, rows, gates · units]: the input product of the steps to come, the activated gates of those done.
  Value gates;
  /// [time + 1, rows, units]
  Value history;
  /// [time, rows, units]
  Value inner;

  template <typename Visit> void visit(Visit visit) {
    visit(product);
    for (Value &value : scratch)
      visit(value);
    for (Value &value : states)
      visit(value);
    for (Value *value : {&sequence, &gates, &history, &inner})
      if (*value)
        visit(*value);
  }
  SmallVector<Value> pack() {
    SmallVector<Value> values;
    visit([&](Value &value) { values.push_back(value); });
    return values;
  }
  /// The same members, with the values of `packed`.
  BlockState unpack(ValueRange packed) const {
    BlockState state = *this;
    state.visit([&](Value &value) {
      value = packed.front();
      packed = packed.drop_front();
    });
    return state;
  }
};

} // namespace

/// One step of a block. `inputProduct` and `mask` are those of all rows, `row` the block's first.
static BlockState runStep(ImplicitLocOpBuilder &b, const RecurrentForward &layer, Value turn, BlockState state,
                          Value inputProduct, Value row, Value mask, Value scale) {
  int64_t units = layer.units, rows = layer.blocks.rows, gateCount = layer.cell.getGates();
  OpFoldResult first = b.getIndexAttr(0);
  Value time = layer.times.getTime(b, turn);

  RecurrentStep step;
  step.units = units;
  step.recurrentKernel = layer.recurrentKernel;
  step.bias = layer.bias;
  step.keepsGates = static_cast<bool>(state.gates);
  step.output = state.states.back();
  step.scratch = state.scratch;
  if (scale) {
    Value &scaled = step.scratch.back();
    scaled = updateElements(b, {step.output, scale}, scaled, [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
      return SmallVector<Value>{arith::MulFOp::create(b, in[0], in[1])};
    })[0];
    step.output = scaled;
  }
  step.product = state.product;
  // With gates kept, their place holds the input product until now.
  Window gatesWindow{time, step.keepsGates ? first : OpFoldResult(row), 0, rows, gateCount * units};
  step.input = gatesWindow.read(b, step.keepsGates ? state.gates : inputProduct);
  Window output{time, first, 0, rows, units};
  if (state.inner)
    step.inner = output.read(b, state.inner);
  layer.cell.buildGates(b, step);
  state.scratch = step.scratch;

  SmallVector<Value> inputs, outputs(state.states);
  for (int64_t gate = 0; gate < gateCount; ++gate)
    inputs.push_back(step.read(b, step.gates(), gate));
  Window after{layer.times.getAfter(b, time), first, 0, rows, units};
  if (state.history)
    outputs.push_back(after.read(b, state.history));
  if (state.sequence)
    outputs.push_back(output.read(b, state.sequence));
  Value flags = mask ? readRows(b, mask, time, row, rows) : Value();
  auto update = [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
    ValueRange before = old.take_front(state.states.size());
    SmallVector<Value> results = layer.cell.buildStates(b, in.take_front(gateCount), before);
    if (flags)
      for (auto [result, value] : llvm::zip_equal(results, before))
        result = selectMasked(b, in.back(), value, result);
    Value cell = results.front(), output = results.back();
    if (state.history)
      results.push_back(layer.memory.history == RecurrentMemory::History::cell ? cell : output);
    if (state.sequence)
      results.push_back(output);
    return results;
  };
  SmallVector<Value> updated = updateElements(b, inputs, outputs, update, flags);
  llvm::copy(ArrayRef(updated).take_front(state.states.size()), state.states.begin());
  // Last, because bufferization takes what reads a part of a slice after the slice is written for a use of its old
  // contents.
  if (state.gates)
    state.gates = gatesWindow.write(b, step.input, state.gates);
  state.product = step.product;
  if (state.inner)
    state.inner = output.write(b, step.inner, state.inner);
  if (state.history)
    state.history = after.write(b, updated[state.states.size()], state.history);
  if (state.sequence)
    state.sequence = output.write(b, updated.back(), state.sequence);
  return state;
}

RecurrentForward::RecurrentForward(ImplicitLocOpBuilder &b, RecurrentCellAttrInterface cell, Value input,
                                   ValueRange params, Value mask, Value scale, bool reverse)
    : b(b), cell(cell), memory(cell.getMemory()), input(input), kernel(params[0]), recurrentKernel(params[1]),
      bias(params.size() > 2 ? params[2] : Value()), mask(mask), scale(scale),
      inputType(cast<RankedTensorType>(input.getType())),
      blocks(getBatchBlocks(inputType.getDimSize(0), cast<RankedTensorType>(recurrentKernel.getType()),
                            b.getInsertionBlock()->getParentOp())),
      times{inputType.getDimSize(1), reverse} {
  units = cast<RankedTensorType>(recurrentKernel.getType()).getDimSize(0);
}

RecurrentForward::Result RecurrentForward::run(const Wanted &wanted) const {
  Type element = inputType.getElementType();
  int64_t time = times.count, padded = blocks.padded();
  auto empty = [&](ArrayRef<int64_t> shape) -> Value { return tensor::EmptyOp::create(b, shape, element); };
  Value inputProduct = contract(b, "tbk,kn->tbn", padBatch(b, swapBatchAndTime(b, input), 1, blocks), kernel);
  Value flags = mask ? padBatch(b, swapBatchAndTime(b, mask), 1, blocks) : Value();
  Value factors = scale ? padBatch(b, scale, 0, blocks) : Value();

  SmallVector<BlockedTensor> outputs;
  if (wanted.last)
    outputs.push_back({empty({padded, units}), 0});
  if (wanted.sequence)
    outputs.push_back({empty({time, padded, units}), 1});
  if (wanted.gates)
    outputs.push_back({inputProduct, 1});
  if (wanted.history) {
    Value history = carriedBuffer(b, {time + 1, padded, units}, element);
    Window before{b.getIndexAttr(times.getStart()), b.getIndexAttr(0), 0, padded, units};
    outputs.push_back({before.write(b, zeroed(b, before.read(b, history)), history), 1});
  }
  if (wanted.inner)
    outputs.push_back({empty({time, padded, units}), 1});

  auto runBlock = [&](ImplicitLocOpBuilder &, Value row, ValueRange parts) {
    int64_t rows = blocks.rows;
    auto take = [&](bool wanted) {
      Value part = wanted ? parts.front() : Value();
      parts = parts.drop_front(wanted);
      return part;
    };
    BlockState state;
    Value last = take(wanted.last);
    state.sequence = take(wanted.sequence);
    state.gates = take(wanted.gates);
    state.history = take(wanted.history);
    state.inner = take(wanted.inner);
    state.product = carriedBuffer(b, {rows, cell.getGates() * units}, element);
    for (int64_t index = 0; index < cell.getNumScratch() + (scale ? 1 : 0); ++index)
      state.scratch.push_back(carriedBuffer(b, {rows, units}, element));
    if (cell.hasCellState())
      state.states.push_back(zeroed(b, carriedBuffer(b, {rows, units}, element)));
    state.states.push_back(zeroed(b, last ? last : carriedBuffer(b, {rows, units}, element)));
    Value blockFactors = factors ? readBlock(b, factors, row, rows) : Value();
    SmallVector<Value> done =
        forEachStep(b, time, state.pack(), [&](ImplicitLocOpBuilder &b, Value turn, ValueRange carried) {
          return runStep(b, *this, turn, state.unpack(carried), inputProduct, row, flags, blockFactors).pack();
        });
    state = state.unpack(done);
    SmallVector<Value> updated;
    for (Value value : {last ? state.states.back() : Value(), state.sequence, state.gates, state.history, state.inner})
      if (value)
        updated.push_back(value);
    return updated;
  };
  SmallVector<Value> results = forEachBatchBlock(b, blocks, outputs, runBlock);

  ArrayRef<Value> rest = results;
  auto take = [&](bool wanted) {
    Value value = wanted ? rest.front() : Value();
    rest = rest.drop_front(wanted);
    return value;
  };
  Result result;
  if (wanted.last)
    result.last = unpadBatch(b, take(true), 0, inputType.getDimSize(0));
  result.sequence = take(wanted.sequence);
  result.gates = take(wanted.gates);
  result.history = take(wanted.history);
  result.inner = take(wanted.inner);
  return result;
}
