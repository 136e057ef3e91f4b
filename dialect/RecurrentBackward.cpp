// A recurrence backward: blocks of the batch in parallel, each a loop over time in the opposite order.
#include "dialect/Contraction.h"
#include "dialect/RecurrentForward.h"

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// RecurrentBackwardStep
//===----------------------------------------------------------------------===//

Value RecurrentBackwardStep::read(ImplicitLocOpBuilder &b, Value gradient, int64_t gate, int64_t count) const {
  return readPart(b, gradient, 1, gate * units, count * units);
}

void RecurrentBackwardStep::write(ImplicitLocOpBuilder &b, Value part, Value &gradient, int64_t gate) const {
  gradient = writePart(b, part, gradient, 1, gate * units);
}

SmallVector<Value> RecurrentBackwardStep::withOutputGradient(ArrayRef<Value> inputs) const {
  SmallVector<Value> all(inputs);
  all.push_back(outputGradient);
  if (arriving)
    all.push_back(arriving);
  return all;
}

Value RecurrentBackwardStep::total(ImplicitLocOpBuilder &b, ValueRange inputs) const {
  if (!arriving)
    return inputs.back();
  return arith::AddFOp::create(b, inputs.drop_back().back(), inputs.back());
}

SmallVector<Value> RecurrentBackwardStep::updateGates(ImplicitLocOpBuilder &b, ValueRange inputs, ValueRange outputs,
                                                      UpdateFn body) const {
  SmallVector<MaskedOutput> masked;
  for (Value output : outputs)
    masked.push_back({output, Masked::zero});
  return updateRows(b, mask, inputs, masked, body);
}

void RecurrentBackwardStep::dropOutputGradient(ImplicitLocOpBuilder &b) {
  if (!mask) {
    outputGradient = zeroed(b, outputGradient);
    return;
  }
  outputGradient = updateRows(b, mask, {}, {{outputGradient, Masked::keeps}},
                              [](ImplicitLocOpBuilder &b, ValueRange, ValueRange old) {
                                return SmallVector<Value>{constant(b, old[0].getType(), 0.0)};
                              })[0];
}

void RecurrentBackwardStep::propagate(ImplicitLocOpBuilder &b, int64_t count, Value start) {
  Value gates = gateGradient, kernel = recurrentKernel;
  if (count * units != cast<RankedTensorType>(gates.getType()).getDimSize(1)) {
    gates = read(b, gates, 0, count);
    kernel = readPart(b, kernel, 1, 0, count * units);
  }
  auto addTo = [&](Value term, Value factor) {
    SmallVector<Value> inputs = {term};
    if (factor)
      inputs.push_back(factor);
    outputGradient =
        updateElements(b, inputs, outputGradient, [&](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
          Value change = factor ? arith::MulFOp::create(b, in[0], in[1]).getResult() : in[0];
          return SmallVector<Value>{arith::AddFOp::create(b, old[0], change)};
        })[0];
  };
  if (!scale) {
    if (start)
      addTo(start, Value());
    outputGradient = contract(b, "bn,kn->bk", gates, kernel, outputGradient);
    return;
  }
  Value &change = scratch.back();
  if (start)
    change = updateElements(b, start, change, [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange) {
      return SmallVector<Value>{arith::AddFOp::create(b, in[0], constant(b, in[0].getType(), 0.0))};
    })[0];
  else
    change = zeroed(b, change);
  change = contract(b, "bn,kn->bk", gates, kernel, change);
  addTo(change, scale);
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

namespace {

/// nn.recurrent_backward under construction.
struct Backward {
  RecurrentBackwardOp op;
  ImplicitLocOpBuilder &b;
  RecurrentCellAttrInterface cell;
  RecurrentMemory memory;
  RecurrentKept kept;
  BatchBlocks blocks;
  StepOrder times;
  int64_t units;
  Type element;
  /// Padded; null where there are none.
  Value grad, mask, scale;
  /// Whether a step's gate gradients take the place of its gates, which nothing else reads: no step needs another's.
  /// They are the largest values that a recurrence keeps.
  bool overwritesGates;

  Backward(RecurrentBackwardOp op, ImplicitLocOpBuilder &b)
      : op(op), b(b), cell(cast<RecurrentCellAttrInterface>(op.getCell())), memory(cell.getMemory()),
        kept(memory, op.getKept()) {
    auto gradType = cast<RankedTensorType>(op.getGrad().getType());
    auto gateType = cast<RankedTensorType>(op.getGradients()[0].getType());
    element = gateType.getElementType();
    blocks = getBatchBlocks(gradType.getDimSize(0), cast<RankedTensorType>(op.getRecurrentKernel().getType()), op);
    times = {gateType.getDimSize(0), op.getReverse()};
    units = cast<RankedTensorType>(op.getRecurrentKernel().getType()).getDimSize(0);
    bool sequences = op.getReturnSequences();
    grad = sequences ? padBatch(b, swapBatchAndTime(b, op.getGrad()), 1, blocks) : padBatch(b, op.getGrad(), 0, blocks);
    if (op.getMask())
      mask = padBatch(b, swapBatchAndTime(b, op.getMask()), 1, blocks);
    if (op.getScale())
      scale = padBatch(b, op.getScale(), 0, blocks);
    overwritesGates =
        kept.gates && kept.gates.getType() == gateType &&
        llvm::all_of(kept.gates.getUsers(), [&](Operation *user) { return user == op || isOpTriviallyDead(user); });
  }

  SmallVector<Value> run();

private:
  /// Gradients of gates, of the output, of the cell state where there is one, of a step's gates where they overwrite
  /// these, and scratch.
  SmallVector<Value> runTurn(ImplicitLocOpBuilder &b, Value turn, ValueRange carried, Value row, Value factors);
  size_t countScratch() { return cell.getNumScratch() + (scale ? 1 : 0); }
};

SmallVector<Value> Backward::runTurn(ImplicitLocOpBuilder &b, Value turn, ValueRange carried, Value row,
                                     Value factors) {
  int64_t rows = blocks.rows;
  // The last step of the forward loop comes first.
  Value last = arith::ConstantIndexOp::create(b, times.count - 1);
  Value time = times.getTime(b, arith::SubIOp::create(b, last, turn));
  auto read = [&](Value tensor, Value at) { return Window{at, row, 0, rows, units}.read(b, tensor); };

  RecurrentBackwardStep step;
  step.units = units;
  step.recurrentKernel = op.getRecurrentKernel();
  Value gates = overwritesGates ? carried[0] : kept.gates, gatesRow = row;
  if (overwritesGates)
    gatesRow = arith::ConstantIndexOp::create(b, 0);
  if (gates)
    for (int64_t gate = 0; gate < cell.getGates(); ++gate)
      step.gates.push_back(Window{time, gatesRow, gate * units, rows, units}.read(b, gates));
  if (kept.history) {
    step.historyAfter = read(kept.history, times.getAfter(b, time));
    step.historyBefore = read(kept.history, times.getBefore(b, time));
  }
  if (kept.hidden)
    step.hidden = read(kept.hidden, time);
  if (kept.inner)
    step.inner = read(kept.inner, time);
  if (mask)
    step.mask = readRows(b, mask, time, row, rows);
  step.scale = factors;

  size_t gradients = op.getGradients().size();
  Window window{time, b.getIndexAttr(0), 0, rows, cell.getGates() * units};
  size_t states = gradients + (cell.hasCellState() ? 2 : 1);
  step.gateGradient = overwritesGates ? carried[states] : window.read(b, carried[0]);
  if (gradients > 1)
    step.inputGradient = window.read(b, carried[1]);
  step.outputGradient = carried[gradients];
  if (cell.hasCellState())
    step.cellGradient = carried[gradients + 1];
  llvm::append_range(step.scratch, carried.take_back(countScratch()));
  if (op.getReturnSequences()) {
    step.arriving = read(grad, time);
    // Rows that are left out keep all of it.
    if (mask) {
      step.outputGradient = updateElements(b, step.arriving, step.outputGradient,
                                           [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                                             return SmallVector<Value>{arith::AddFOp::create(b, old[0], in[0])};
                                           })[0];
      step.arriving = Value();
    }
  }
  cell.buildBackward(b, step);

  SmallVector<Value> results = {window.write(b, step.gateGradient, carried[0])};
  if (gradients > 1)
    results.push_back(window.write(b, step.inputGradient, carried[1]));
  results.push_back(step.outputGradient);
  if (cell.hasCellState())
    results.push_back(step.cellGradient);
  if (overwritesGates)
    results.push_back(step.gateGradient);
  llvm::append_range(results, step.scratch);
  return results;
}

SmallVector<Value> Backward::run() {
  SmallVector<BlockedTensor> outputs;
  for (Value gradient : op.getGradients()) {
    bool isInPlace = overwritesGates && outputs.empty();
    ArrayRef<int64_t> shape = cast<RankedTensorType>(gradient.getType()).getShape();
    outputs.push_back({isInPlace ? kept.gates : Value(tensor::EmptyOp::create(b, shape, element)), 1});
  }
  auto runBlock = [&](ImplicitLocOpBuilder &b, Value row, ValueRange parts) -> SmallVector<Value> {
    int64_t rows = blocks.rows;
    auto buffer = [&] { return carriedBuffer(b, {rows, units}, element); };
    SmallVector<Value> carried(parts);
    Value outputGradient = zeroed(b, buffer());
    if (!op.getReturnSequences())
      // Added, for an op that yields its input is folded away, and the loop would need a copy.
      outputGradient = updateElements(b, readBlock(b, grad, row, rows), outputGradient,
                                      [](ImplicitLocOpBuilder &b, ValueRange in, ValueRange old) {
                                        return SmallVector<Value>{arith::AddFOp::create(b, old[0], in[0])};
                                      })[0];
    carried.push_back(outputGradient);
    if (cell.hasCellState())
      carried.push_back(zeroed(b, buffer()));
    if (overwritesGates)
      carried.push_back(carriedBuffer(b, {rows, cell.getGates() * units}, element));
    for (size_t index = 0; index < countScratch(); ++index)
      carried.push_back(buffer());
    Value factors = scale ? readBlock(b, scale, row, rows) : Value();
    SmallVector<Value> done =
        forEachStep(b, times.count, carried, [&](ImplicitLocOpBuilder &b, Value turn, ValueRange values) {
          return runTurn(b, turn, values, row, factors);
        });
    done.truncate(parts.size());
    return done;
  };
  return forEachBatchBlock(b, blocks, outputs, runBlock);
}

} // namespace

FailureOr<SmallVector<Value>> RecurrentBackwardOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  return Backward(*this, b).run();
}
