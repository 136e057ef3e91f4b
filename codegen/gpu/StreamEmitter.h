// What products with a first factor that streams through shared memory have in common, whatever units multiply: the way
// there, in stages, and where each thread's sums begin and go.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "codegen/gpu/AsyncCopies.h"
#include "codegen/gpu/GenericThreads.h"
#include "codegen/gpu/SharedMemory.h"

namespace mlir::nn {

/// How terms come to shared memory: parts of equally many, of all rows, some on their way while others are read.
struct Stages {
  int64_t count, terms;
  MemRefType type;
};

/// The longest stages of equally many terms, a multiple of `multiple`, that there is room for, and as many as make
/// sense.
std::optional<Stages> chooseStages(const Contraction &contraction, const SharedMemory &shared, int64_t multiple);

/// Whether a contraction is in a loop, of f32, the first factor in global memory, the terms of both side by side in
/// memory that vectors can be loaded from.
bool isStreamable(const Contraction &contraction);

class StreamEmitter : protected IndexEmitter {
public:
  void emit();

protected:
  StreamEmitter(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Threads threads,
                const Stages &stages, SharedMemory &shared);
  ~StreamEmitter() = default;

  /// Sets what the thread has of the result, and which threads have none (setThreads).
  virtual void enterThread() = 0;
  virtual int64_t countSums() const = 0;
  virtual SmallVector<Value> getInitial() = 0;
  /// The sums with the terms of stage number `stage`, which lie at `place`, added.
  virtual SmallVector<Value> addStage(Value stage, Value place, ValueRange carried) = 0;
  /// On all threads.
  virtual void finish(ArrayRef<Value> sums) = 0;

  void setThreads(int64_t count) {
    if (count < threads.count)
      hasPart = isBelow(threads.id, count);
  }
  /// An operand's indices; of row, column and term those that it has.
  SmallVector<Value> getIndices(OpOperand *operand, Value row, Value column, Value term);
  /// What the sum of an element starts from.
  Value loadInitial(Value row, Value column);
  SmallVector<Value> getZeros();

  const Contraction &contraction;
  linalg::GenericOp op, fill;
  Threads threads;
  Stages stages;
  SmallVector<Value> ivs;
  int64_t numRows, numColumns, numStages;
  /// The first factor's stages: [stage, row, term].
  Value parts;
  /// Whether the thread has a part of the result; null where all have.
  Value hasPart;
  CpuTarget noVectors;

private:
  SmallVector<Value> ifHasPart(llvm::function_ref<SmallVector<Value>()> yes,
                               llvm::function_ref<SmallVector<Value>()> no);
  void startCopy(Value stage, Value place);
  void startNext(Value stage);

  AsyncCopies copies;
};

} // namespace mlir::nn
