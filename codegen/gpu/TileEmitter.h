// What tiles of matrix products have in common, whatever units multiply: where a tile's elements are in the matrices,
// what their sums start from, and what is computed of them before they are stored.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "codegen/gpu/GenericThreads.h"

namespace mlir::nn {

/// How a result is cut: a block has `rows` x `columns` elements of it.
struct TileGrid {
  int64_t rows, columns;
  /// Tiles along the rows, along the columns, and for each element of the batch.
  int64_t rowTiles, columnTiles, batches;

  TileGrid(const Contraction &contraction, int64_t rows, int64_t columns);
  int64_t getNumBlocks() const { return rowTiles * columnTiles * batches; }
};

/// Blocks that a device's multiprocessors take at once, about: with fewer, smaller tiles are better.
inline constexpr int64_t enoughBlocks = 128;

/// An element of a tile, counted from the tile's first: what differs by thread, and a constant.
struct TilePlace {
  Value row, column;
  int64_t rowOffset = 0, columnOffset = 0;
};

class TileEmitter : protected IndexEmitter {
public:
  /// Emits what block number `block` does of the group.
  void emit(Value block);

protected:
  /// The first `numAddingThreads` of a block have elements of the tile.
  TileEmitter(OpBuilder &builder, const ContractionGroup &group, const TileGrid &grid, Threads threads,
              int64_t numAddingThreads);
  ~TileEmitter() = default;

  /// The elements that this thread has, row by row.
  virtual std::vector<SmallVector<TilePlace>> getRows() = 0;
  /// Terms of a stage, of which there are two in shared memory: while one's are added, the next are on their way.
  virtual int64_t getStageTerms() const = 0;
  /// Begins to bring this thread's part of the stage that begins with `term` to `buffer`; it is there after
  /// finishStage, and other threads' parts after a barrier.
  virtual void startStage(Value term, Value buffer) = 0;
  virtual void finishStage(Value buffer) = 0;
  /// Brings the last `terms` terms, less than a stage has.
  virtual void copyRest(Value buffer, Value term, int64_t terms) = 0;
  /// This thread's sums, in the order of getRows, with the terms in a buffer added.
  virtual SmallVector<Value> addTerms(Value buffer, ValueRange carried, int64_t terms) = 0;

  /// `value`, or the last row or column where tiles of `size` go beyond them.
  Value clampInTiles(Value value, int64_t limit, int64_t size) {
    return limit % size == 0 ? value : clampBelow(value, limit);
  }
  /// Sets the loops that a factor's row or column, counted from the tile's first, stands for; the last of all where the
  /// tile goes beyond, and of `vector` neighbours that lie side by side in memory the last ones.
  void enterAcross(OpOperand *factor, Value across, int64_t vector = 1);
  void enterTerm(Value term) { delinearize(builder, loc, term, contraction.sums, extents, ivs); }
  /// The operand's indices there.
  SmallVector<Value> getIndices(OpOperand *operand) const;
  /// Whether elements lie side by side, at an address that 16 bytes are loaded from, `count` at a time from each such
  /// point of `loops` on.
  bool hasVectors(OpOperand *factor, ArrayRef<unsigned> loops, int64_t count) const;
  /// The factor's element there.
  Value loadFactor(OpOperand *factor) { return VectorBody(builder, noVectors, op, ivs, 0, 0).load(factor); }

  /// Whether neighbouring terms of a factor lie side by side in memory.
  bool isAlongSum(OpOperand *factor) const {
    return !contraction.sums.empty() && getStrideAlong(factor, contraction.sums.back()) == 1;
  }

  const ContractionGroup &group;
  const Contraction &contraction;
  linalg::GenericOp op;
  TileGrid grid;
  Threads threads;
  SmallVector<int64_t> extents;
  SmallVector<Value> ivs;
  Type element;
  int64_t numRows, numColumns, numTerms;
  Value firstRow, firstColumn;

private:
  /// One element of the result, and of each epilogue what it reads besides tiles.
  struct Element {
    SmallVector<Value> at;
    /// Whether it is one of the matrix; null where all are.
    Value isInside;
    std::vector<VectorBody> bodies;
  };

  void enterTile(Value block);
  SmallVector<Value> addStage(Value buffer, ValueRange carried, int64_t terms);
  SmallVector<Value> addAllStages(SmallVector<Value> sums);
  Value loadInitial(const TilePlace &place);
  void emitEpilogues(ArrayRef<TilePlace> places, ArrayRef<Value> sums);
  SmallVector<Value> getCoordinates(const TilePlace &place);
  Value checkInside(const TilePlace &place);
  Element loadElement(const TilePlace &place);
  /// What somebody sees of what is computed of a sum: buffers, and the element's values.
  using Written = SmallVector<std::pair<Value, Value>>;
  Written emitEpilogue(Element &element, Value sum, ArrayRef<Operation *> members);
  void store(ArrayRef<Element> elements, ArrayRef<Written> written);
  int64_t countNeighbours(ArrayRef<TilePlace> places) const;

  int64_t numAddingThreads;
  /// Whether this thread has elements; null where all have.
  Value isAdding;
  CpuTarget noVectors;
};

} // namespace mlir::nn
