// Tiles of matrix products: places, initial values and epilogues; see TileEmitter.h.
#include "codegen/gpu/TileEmitter.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/gpu/VectorLoad.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

TileGrid::TileGrid(const Contraction &contraction, int64_t rows, int64_t columns)
    : rows(rows), columns(columns), rowTiles(llvm::divideCeil(contraction.getNumPoints(contraction.rows), rows)),
      columnTiles(llvm::divideCeil(contraction.getNumPoints(contraction.columns), columns)),
      batches(contraction.getNumPoints(contraction.batch)) {}

TileEmitter::TileEmitter(OpBuilder &builder, const ContractionGroup &group, const TileGrid &grid, Threads threads,
                         int64_t numAddingThreads)
    : IndexEmitter(builder, group.contraction.op->getLoc()), group(group), contraction(group.contraction),
      op(group.contraction.op), grid(grid), threads(threads), extents(contraction.extents), ivs(op.getNumLoops()),
      element(getElementTypeOrSelf(contraction.c->get().getType())),
      numRows(contraction.getNumPoints(contraction.rows)), numColumns(contraction.getNumPoints(contraction.columns)),
      numTerms(contraction.getNumTerms()), numAddingThreads(numAddingThreads) {}

void TileEmitter::emit(Value block) {
  enterTile(block);
  std::vector<SmallVector<TilePlace>> rows = getRows();
  if (numAddingThreads < threads.count)
    isAdding = isBelow(threads.id, numAddingThreads);
  SmallVector<Value> sums;
  for (ArrayRef<TilePlace> row : rows)
    for (const TilePlace &place : row)
      sums.push_back(loadInitial(place));
  sums = addAllStages(sums);
  buildIf(builder, loc, isAdding, [&] {
    ArrayRef<Value> rest = sums;
    for (ArrayRef<TilePlace> row : rows) {
      emitEpilogues(row, rest.take_front(row.size()));
      rest = rest.drop_front(row.size());
    }
  });
}

/// Sets where the tile of block number `block` is.
void TileEmitter::enterTile(Value block) {
  Value rest = divide(block, grid.columnTiles);
  firstColumn = multiply(remainder(block, grid.columnTiles), grid.columns);
  firstRow = multiply(remainder(rest, grid.rowTiles), grid.rows);
  delinearize(builder, loc, divide(rest, grid.rowTiles), contraction.batch, extents, ivs);
}

SmallVector<Value> TileEmitter::addAllStages(SmallVector<Value> sums) {
  auto putBarrier = [&] { gpu::BarrierOp::create(builder, loc); };
  int64_t terms = getStageTerms(), whole = numTerms / terms, rest = numTerms % terms;
  if (whole > 0) {
    startStage(constant(0), constant(0));
    finishStage(constant(0));
    putBarrier();
    sums = buildLoop(builder, loc, 0, whole - 1, 1, sums, [&](Value turn, ValueRange carried) {
      Value next = addIndex(builder, loc, turn, 1);
      Value buffer = remainder(turn, 2);
      // Which all have read before the last barrier.
      Value other = remainder(next, 2);
      startStage(multiply(next, terms), other);
      SmallVector<Value> added = addStage(buffer, carried, terms);
      finishStage(other);
      putBarrier();
      return added;
    });
    sums = addStage(constant((whole - 1) % 2), sums, terms);
  }
  if (rest > 0) {
    Value buffer = constant(whole % 2);
    copyRest(buffer, constant(whole * terms), rest);
    putBarrier();
    sums = addStage(buffer, sums, rest);
  }
  return sums;
}

/// On threads that have elements; others hand on what they got.
SmallVector<Value> TileEmitter::addStage(Value buffer, ValueRange carried, int64_t terms) {
  if (!isAdding)
    return addTerms(buffer, carried, terms);
  return buildIf(
      builder, loc, isAdding, carried.getTypes(), [&] { return addTerms(buffer, carried, terms); },
      [&] { return SmallVector<Value>(carried); });
}

void TileEmitter::enterAcross(OpOperand *factor, Value across, int64_t vector) {
  bool isA = factor == contraction.a;
  int64_t size = isA ? grid.rows : grid.columns, limit = isA ? numRows : numColumns;
  Value at = add(isA ? firstRow : firstColumn, across);
  if (limit % size != 0)
    at = clampBelow(at, limit - (vector - 1));
  delinearize(builder, loc, at, isA ? contraction.rows : contraction.columns, extents, ivs);
}

SmallVector<Value> TileEmitter::getIndices(OpOperand *operand) const {
  AffineMap map = linalg::GenericOp(op).getMatchingIndexingMap(operand);
  SmallVector<Value> indices;
  for (unsigned result = 0; result < map.getNumResults(); ++result)
    indices.push_back(ivs[map.getDimPosition(result)]);
  return indices;
}

bool TileEmitter::hasVectors(OpOperand *factor, ArrayRef<unsigned> loops, int64_t count) const {
  return !loops.empty() && getStrideAlong(factor, loops.back()) == 1 &&
         contraction.getExtent(loops.back()) % count == 0 && hasVectorRows(factor->get());
}

/// What the sum of an element starts from; of one in the matrix where it is beyond.
Value TileEmitter::loadInitial(const TilePlace &place) {
  SmallVector<Value> at = getCoordinates(place);
  if (group.prologue)
    return VectorBody(builder, noVectors, group.prologue, at, 0, 0).emit().front();
  return memref::LoadOp::create(builder, loc, contraction.c->get(), at);
}

/// What the group does with these elements' sums: what they need from memory is loaded for all of them before the first
/// is stored.
void TileEmitter::emitEpilogues(ArrayRef<TilePlace> places, ArrayRef<Value> sums) {
  SmallVector<Operation *> members = group.getOps();
  std::vector<Element> elements;
  for (const TilePlace &place : places)
    elements.push_back(loadElement(place));
  int64_t count = countNeighbours(places);
  for (size_t first = 0; first < elements.size(); first += count) {
    auto some = MutableArrayRef(elements).slice(first, count);
    buildIf(builder, loc, some.front().isInside, [&] {
      SmallVector<Written> written;
      for (auto [element, sum] : llvm::zip_equal(some, sums.slice(first, count)))
        written.push_back(emitEpilogue(element, sum, members));
      store(some, written);
    });
  }
}

/// How many elements of a row, those in each so many, lie side by side in the result, are members of it together, and
/// can be stored at once.
int64_t TileEmitter::countNeighbours(ArrayRef<TilePlace> places) const {
  int64_t count = 1, most = element.isF32() ? vectorElements : 1;
  while (count < most && count < static_cast<int64_t>(places.size()) &&
         places[count].columnOffset == places[0].columnOffset + count)
    ++count;
  return hasVectors(contraction.c, contraction.columns, vectorElements) && places.size() % count == 0 ? count : 1;
}

/// Elements of neighbouring columns.
void TileEmitter::store(ArrayRef<Element> elements, ArrayRef<Written> written) {
  for (auto [number, first] : llvm::enumerate(written.front())) {
    Value buffer = first.first;
    if (elements.size() > 1 && getElementTypeOrSelf(buffer.getType()).isF32() && hasVectorRows(buffer) &&
        cast<MemRefType>(buffer.getType()).isLastDimUnitStride()) {
      SmallVector<Value> values =
          llvm::map_to_vector(written, [number = number](const Written &one) { return one[number].second; });
      auto type = VectorType::get(static_cast<int64_t>(values.size()), values.front().getType());
      Value vector = vector::FromElementsOp::create(builder, loc, type, values);
      vector::StoreOp::create(builder, loc, vector, buffer, elements.front().at, /*nontemporal=*/false,
                              llvm::MaybeAlign(values.size() * sizeof(float)));
      continue;
    }
    for (auto [element, one] : llvm::zip_equal(elements, written))
      memref::StoreOp::create(builder, loc, one[number].second, buffer, element.at);
  }
}

/// The coordinates in the result of an element, of one in the matrix where it is beyond.
SmallVector<Value> TileEmitter::getCoordinates(const TilePlace &place) {
  Value row = addIndex(builder, loc, add(firstRow, place.row), place.rowOffset);
  Value column = addIndex(builder, loc, add(firstColumn, place.column), place.columnOffset);
  delinearize(builder, loc, clampInTiles(row, numRows, grid.rows), contraction.rows, extents, ivs);
  delinearize(builder, loc, clampInTiles(column, numColumns, grid.columns), contraction.columns, extents, ivs);
  return getIndices(contraction.c);
}

/// Whether an element is one of the matrix; null where all are.
Value TileEmitter::checkInside(const TilePlace &place) {
  Value result;
  auto check = [&](Value first, Value inTile, int64_t offset, int64_t limit) {
    Value at = addIndex(builder, loc, add(first, inTile), offset);
    Value isMember = isBelow(at, limit);
    result = result ? Value(arith::AndIOp::create(builder, loc, result, isMember)) : isMember;
  };
  if (numRows % grid.rows != 0)
    check(firstRow, place.row, place.rowOffset, numRows);
  if (numColumns % grid.columns != 0)
    check(firstColumn, place.column, place.columnOffset, numColumns);
  return result;
}

TileEmitter::Element TileEmitter::loadElement(const TilePlace &place) {
  Element element{getCoordinates(place), checkInside(place), {}};
  SmallVector<Value> tiles = {contraction.c->get()};
  SmallVector<std::pair<size_t, OpOperand *>> wanted;
  SmallVector<Type> types;
  for (auto [number, epilogue] : llvm::enumerate(group.epilogues)) {
    element.bodies.emplace_back(builder, noVectors, epilogue, element.at, 0, 0);
    for (OpOperand &operand : linalg::GenericOp(epilogue)->getOpOperands()) {
      bool isTile = llvm::any_of(tiles, [&](Value view) { return isSameView(view, operand.get()); });
      if (isTile || !linalg::GenericOp(epilogue).payloadUsesValueFromOperand(&operand))
        continue;
      wanted.push_back({number, &operand});
      types.push_back(getElementTypeOrSelf(operand.get().getType()));
    }
    llvm::append_range(tiles, linalg::GenericOp(epilogue).getDpsInits());
  }
  auto load = [&] {
    return llvm::map_to_vector(wanted,
                               [&](auto operand) { return element.bodies[operand.first].load(operand.second); });
  };
  // An element beyond the matrix is another thread's, which may have stored it already.
  auto makeZeros = [&] {
    return llvm::map_to_vector(
        types, [&](Type type) -> Value { return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)); });
  };
  SmallVector<Value> values =
      !element.isInside || wanted.empty() ? load() : buildIf(builder, loc, element.isInside, types, load, makeZeros);
  for (auto [operand, value] : llvm::zip_equal(wanted, values))
    element.bodies[operand.first].bind(operand.second->getOperandNumber(), value);
  return element;
}

TileEmitter::Written TileEmitter::emitEpilogue(Element &element, Value sum, ArrayRef<Operation *> members) {
  Written written = {{contraction.c->get(), sum}};
  for (auto [epilogue, body] : llvm::zip_equal(group.epilogues, element.bodies)) {
    for (OpOperand &operand : linalg::GenericOp(epilogue)->getOpOperands())
      for (auto [buffer, value] : written)
        if (isSameView(operand.get(), buffer))
          body.bind(operand.getOperandNumber(), value);
    SmallVector<Value> results = body.emit();
    for (auto [output, value] : llvm::zip_equal(linalg::GenericOp(epilogue).getDpsInits(), results)) {
      Value buffer = output;
      llvm::erase_if(written, [&](const auto &before) { return isSameView(before.first, buffer); });
      written.push_back({buffer, value});
    }
  }
  llvm::erase_if(written, [&](const auto &one) { return isOnlyUsedBy(one.first, members); });
  return written;
}
