// A recurrence forward, for any cell: of nn.recurrent, and of the form of it that keeps what the gradient reads.
#pragma once
#include "dialect/NN.h"
#include "dialect/RecurrentCell.h"

namespace mlir::nn {

/// The order of steps. A turn of the loop is at work on one time of the input; a history has one element more, and the
/// state before the first step is at its start, or, where time runs backward, at its end.
struct StepOrder {
  int64_t count;
  bool reverse;

  Value getTime(ImplicitLocOpBuilder &b, Value turn) const;
  /// Places in a history of the state after and before the step at `time`.
  Value getAfter(ImplicitLocOpBuilder &b, Value time) const;
  Value getBefore(ImplicitLocOpBuilder &b, Value time) const;
  /// That of the state before the first step.
  int64_t getStart() const { return reverse ? count : 0; }
};

/// What nn.recurrent_training returns besides the layer's result; null what the cell's gradient does not read.
struct RecurrentKept {
  Value gates, history, hidden, inner;
  RecurrentKept(const RecurrentMemory &memory, ValueRange kept);
};
/// The types of that, in order; a batch of unknown size stays unknown.
SmallVector<Type> getKeptTypes(RecurrentCellAttrInterface cell, RankedTensorType input, int64_t units);

struct RecurrentForward {
  ImplicitLocOpBuilder &b;
  RecurrentCellAttrInterface cell;
  RecurrentMemory memory;
  /// [batch, time, features], [features, gates · units], [units, gates · units]; the others may be null: a bias of the
  /// cell's shape, integers [batch, time], [batch, units].
  Value input, kernel, recurrentKernel, bias, mask, scale;
  RankedTensorType inputType;
  int64_t units;
  BatchBlocks blocks;
  StepOrder times;

  RecurrentForward(ImplicitLocOpBuilder &b, RecurrentCellAttrInterface cell, Value input, ValueRange params, Value mask,
                   Value scale, bool reverse);

  struct Wanted {
    bool last = false, sequence = false, gates = false, history = false, inner = false;
  };
  /// Null where not wanted. All but `last` are time-major, their batch padded.
  struct Result {
    Value last, sequence, gates, history, inner;
  };
  Result run(const Wanted &wanted) const;
  /// A sequence as the layer's result, [batch, time, units].
  Value toResult(Value sequence) const {
    return swapBatchAndTime(b, unpadBatch(b, sequence, 1, inputType.getDimSize(0)));
  }
};

} // namespace mlir::nn
