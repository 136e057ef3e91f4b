// The emitter of a contraction's loops, whose parts lie in ContractionKernel.cpp (tasks and tiles),
// ContractionPacking.cpp (copies of operands) and ContractionLanes.cpp (sums along vectors).
#pragma once
#include "codegen/cpu/ContractionSchedule.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/Reduction.h"

namespace mlir::nn {

/// One row of a tile, one vector of columns: offsets in the tile, and how many lanes count.
struct Piece {
  int64_t row, column, lanes;
};

class VectorBody;

class ContractionEmitter : IndexEmitter {
public:
  ContractionEmitter(OpBuilder &builder, const ContractionGroup &group, const CpuTarget &target);

  void emit();

private:
  /// The elements of one tile held in registers, for a buffer that the group writes.
  struct TileValue {
    OpOperand *output;
    SmallVector<Value> vectors;
  };

  void emitTask(Value task);
  using TileBody = llvm::function_ref<void(Value tile, Value start, int64_t size)>;
  void emitTiles(ArrayRef<TileRun> runs, Value begin, Value end, TileBody body);
  void enterTile(Value row, int64_t numRows, Value column, int64_t numColumns);
  void emitWholeTile();
  SmallVector<Value> getInitial();
  SmallVector<Value> emitSums(ArrayRef<unsigned> loops, ValueRange accumulators);
  SmallVector<Value> emitTerms(Value begin, Value end, ValueRange accumulators, CarryingLoopBody body);
  SmallVector<Value> emitTransposedTerms(ValueRange accumulators, CarryingLoopBody rest);
  SmallVector<Value> loadTransposed(const Piece &piece);
  SmallVector<Value> emitLaneSums(ValueRange initial);
  SmallVector<Value> emitDotProducts(const Piece &piece, int64_t first, int64_t count, const Combiner &combiner);
  Value loadB(const Piece &piece);
  SmallVector<Value> emitStep(ValueRange accumulators, llvm::function_ref<Value(const Piece &)> load);
  void emitEpilogues(ValueRange accumulators);
  Value multiplyAdd(Value a, Value b, Value c);

  /// Blocks of the sum, each with copies of the operands' parts in use.
  void emitBlocks(Value rowBegin, Value rowEnd, Value columnBegin, Value columnEnd);
  void enterBlock(Value number);
  void prefetchNextBlock();
  void askForNextPanel(Value rowTile);
  void askForNextPartial();
  void prefetchLines(Value term);
  void emitBlockTile();
  Value allocate(ArrayRef<int64_t> shape);
  using TermBody = llvm::function_ref<void(Value term)>;
  void emitVisits(Value length, llvm::function_ref<void(llvm::function_ref<void(TermBody)>)> tiles);
  void makeSharedPanels();
  void makePanels(Value columnBegin, Value columnEnd, Value begin, Value length);
  void copyIntoPanel(Value begin, Value term);
  void transposeIntoPanel(Value begin, Value term, int64_t count);
  int64_t getTermsPerLine() const;
  int64_t getElementsPerLine() const;
  Value getPlaceInPanel(Value term, const Piece &piece);
  Value loadPanel(const Piece &piece);
  void copyRowsOfA(Value rowEnd);
  void copyTilesOfA(Value rowBegin, Value rowEnd);
  int64_t getRowLengthOfA() const;
  Value getPlaceInBlockOfA(Value row, Value term);
  Value loadA(const Piece &piece);
  Value getTileStart(ArrayRef<TileRun> runs, Value tile);
  Value getPlaceInPartial(const Piece &piece);
  SmallVector<Value> loadPartial();
  void storePartial(ValueRange accumulators);
  Value zeros();
  int64_t getWidth(const Piece &piece);
  Value widen(Value vector);
  Value narrow(Value vector, int64_t width);

  VectorBody makeBody(linalg::GenericOp op, const Piece &piece);
  SmallVector<Value> getIvs(const Piece &piece);

  const ContractionGroup &group;
  const Contraction &contraction;
  const CpuTarget &target;
  const ContractionSchedule schedule;
  Type elementType;
  int64_t lanes;
  VectorType vectorType;
  /// Buffers that nobody but the group sees: nothing is stored there.
  SmallVector<Value> unseen;

  /// Columns of b from `firstColumn` on, tile by tile, `terms` terms of each.
  struct Panels {
    Value buffer, firstColumn;
    int64_t terms = 0;
  };
  Panels shared;
  /// What the innermost loop reads; null where it reads b in place.
  const Panels *panels = nullptr;
  /// A task's other scratch: a block of a, and the sums that wait for their next block; null where not used.
  Value blockOfA, partial;

  /// Cache lines to ask for while a tile's terms are added.
  struct LinesAhead {
    Value buffer, first;
    int64_t count;
    bool isWrite;
    unsigned locality;
  };
  SmallVector<LinesAhead, 2> linesAhead;

  /// Where the emitted code stands: an index for each loop, the vectors of the tile and their width in b's panels, the
  /// block of the sum and the term in it, where the task begins.
  SmallVector<Value> ivs;
  SmallVector<Piece> pieces;
  int64_t tileRows = 0, tileWidth = 0;
  Value block, blockBegin, blockLength, term, firstRow, firstColumn;
};

} // namespace mlir::nn
