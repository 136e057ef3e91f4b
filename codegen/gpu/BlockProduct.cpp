// Products in loops with a factor on chip; see BlockProduct.h.
#include "codegen/gpu/BlockProduct.h"
#include "codegen/Buffers.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "codegen/gpu/VectorLoad.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::nn;

/// Sums that a thread holds at most.
static constexpr int64_t maxSums = 16;
/// Terms whose factors are loaded before the first of them is added.
static constexpr int64_t termsAtOnce = 8;

/// The outermost loop around `op` in which `factor` is there before and does not change; null where there is none.
static scf::ForOp findLoop(Operation *op, Value factor) {
  scf::ForOp found;
  for (auto loop = dyn_cast<scf::ForOp>(op->getParentOp()); loop; loop = dyn_cast<scf::ForOp>(loop->getParentOp())) {
    if (loop->isAncestor(factor.getParentRegion()->getParentOp()) || mayWrite(loop, factor))
      break;
    found = loop;
  }
  return found;
}

bool nn::keepsFactor(const Contraction &contraction, int64_t numThreads) {
  if (!contraction.batch.empty() || contraction.sums.size() != 1 || contraction.columns.size() != 1 ||
      !getElementTypeOrSelf(contraction.c->get().getType()).isF32() || numThreads == 1)
    return false;
  int64_t columns = llvm::divideCeil(contraction.getNumPoints(contraction.columns), numThreads);
  return contraction.getNumPoints(contraction.rows) * columns <= maxSums &&
         findLoop(contraction.op, contraction.b->get()) != nullptr;
}

namespace {
/// A thread has one or more columns and a range of the sum's terms. Where there are fewer columns than threads, groups
/// of threads have a range each, and hand their sums on from group to group: the chain stays one, and all of the second
/// factor is on chip.
class ProductEmitter : IndexEmitter {
public:
  ProductEmitter(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Threads threads,
                 SharedMemory &shared, Registers &registers)
      : IndexEmitter(builder, contraction.op->getLoc()), contraction(contraction), op(contraction.op), fill(fill),
        threads(threads), shared(shared), registers(registers), ivs(op.getNumLoops()),
        numRows(contraction.getNumPoints(contraction.rows)), numColumns(contraction.getNumPoints(contraction.columns)),
        numTerms(contraction.getNumTerms()), columnsEach(llvm::divideCeil(numColumns, threads.count)) {
    bool isWholeWarps = numColumns % 32 == 0;
    while (isWholeWarps && numColumns * groups * 2 <= threads.count && numTerms % (groups * 2 * termsAtOnce) == 0)
      groups *= 2;
    termsEach = numTerms / groups;
  }

  void emit() {
    prepare();
    stageRows();
    if (groups == 1) {
      forEachOwn([&] { storeResults(addAll(getInitial())); });
      return;
    }
    buildLoop(builder, loc, 0, groups, 1, [&](Value turn) {
      buildIf(builder, loc, isEqual(group, turn), [&] {
        SmallVector<Value> initial = buildIf(
            builder, loc, isEqual(turn, constant(0)), SmallVector<Type>(numRows, builder.getF32Type()),
            [&] { return getInitial(); }, [&] { return loadHanded(); });
        SmallVector<Value> sums = addAll(initial);
        auto hand = [&] {
          for (int64_t row = 0; row < numRows; ++row)
            memref::StoreOp::create(builder, loc, sums[row], handed, ValueRange{constant(row), column});
        };
        buildIf(builder, loc, isEqual(turn, constant(groups - 1)), [&] { storeResults(sums); }, hand);
      });
      gpu::BarrierOp::create(builder, loc);
    });
  }

private:
  /// Column number `number` of this thread; the last one of all where it has none.
  Value getColumn(int64_t number) {
    if (groups > 1)
      return column;
    Value at = addIndex(builder, loc, threads.id, number * threads.count);
    if ((number + 1) * threads.count <= numColumns)
      return at;
    return clampBelow(at, numColumns);
  }

  /// body() on threads that have a column.
  void forEachOwn(llvm::function_ref<void()> body) {
    int64_t own = numColumns * groups;
    buildIf(builder, loc, own < threads.count ? isBelow(threads.id, own) : Value(), body);
  }

  /// The second factor in this thread's column, `term` counted from the start of its range.
  Value loadB(Value term, int64_t number) {
    ivs[contraction.sums[0]] = addFirst(term);
    ivs[contraction.columns[0]] = getColumn(number);
    return VectorBody(builder, noVectors, op, ivs, 0, 0).load(contraction.b);
  }

  Value addFirst(Value term) { return groups > 1 ? add(firstTerm, term) : term; }

  /// Before the loop: the first terms of a thread's part of the second factor go to registers, the next to shared
  /// memory.
  void prepare() {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(findLoop(op, contraction.b->get()));
    if (groups > 1) {
      column = remainder(threads.id, numColumns);
      group = divide(threads.id, numColumns);
      // Threads beyond the last group load what that has, and add nothing.
      firstTerm = multiply(clampBelow(group, groups), termsEach);
      handed = shared.allocate(builder, loc, MemRefType::get({numRows, numColumns}, builder.getF32Type()));
    }
    // Of each row there are sums and terms of the first factor in registers, too.
    inRegisters = std::min(termsEach, registers.left / (columnsEach * numRows) / 4 * 4);
    registers.left -= inRegisters * columnsEach;
    for (int64_t term = 0; term < inRegisters; ++term)
      for (int64_t number = 0; number < columnsEach; ++number)
        kept.push_back(loadB(constant(term), number));
    if (!isShared(contraction.a->get())) {
      auto type = MemRefType::get({numRows, numTerms}, builder.getF32Type());
      if (shared.hasRoomFor(type))
        staged = shared.allocate(builder, loc, type);
    }
    while (inRegisters + inShared + termsAtOnce <= termsEach &&
           shared.hasRoomFor(getSharedType(inShared + termsAtOnce)))
      inShared += termsAtOnce;
    if (inShared == 0)
      return;
    part = shared.allocate(builder, loc, getSharedType(inShared));
    // Each thread reads what it has written itself: no barrier.
    forEachOwn([&] {
      buildLoop(builder, loc, 0, inShared, termsAtOnce, [&](Value first) {
        SmallVector<Value> values;
        for (int64_t term = 0; term < termsAtOnce; ++term)
          for (int64_t number = 0; number < columnsEach; ++number)
            values.push_back(loadB(addIndex(builder, loc, first, inRegisters + term), number));
        for (int64_t term = 0; term < termsAtOnce; ++term)
          for (int64_t number = 0; number < columnsEach; ++number)
            memref::StoreOp::create(builder, loc, values[term * columnsEach + number], part,
                                    ValueRange{addIndex(builder, loc, first, term), getPlace(number)});
      });
    });
  }

  /// Where a thread's column lies in shared memory: there is room for columns that no thread has.
  Value getPlace(int64_t number) { return addIndex(builder, loc, threads.id, number * threads.count); }
  MemRefType getSharedType(int64_t terms) {
    int64_t places = columnsEach == 1 ? numColumns * groups : columnsEach * threads.count;
    return MemRefType::get({terms, places}, builder.getF32Type());
  }

  void enterRow(int64_t row) { delinearize(builder, loc, constant(row), contraction.rows, contraction.extents, ivs); }

  /// In every turn, brings the first factor's rows from global memory, which is far, to shared memory.
  void stageRows() {
    if (!staged)
      return;
    for (int64_t row = 0; row < numRows; ++row)
      forEachPoint(builder, loc, numTerms, threads, [&](Value term) {
        enterRow(row);
        ivs[contraction.sums[0]] = term;
        Value value = VectorBody(builder, noVectors, op, ivs, 0, 0).load(contraction.a);
        memref::StoreOp::create(builder, loc, value, staged, ValueRange{constant(row), term});
      });
    gpu::BarrierOp::create(builder, loc);
  }

  SmallVector<Value> getCoordinates(int64_t row, int64_t number) {
    enterRow(row);
    ivs[contraction.columns[0]] = getColumn(number);
    SmallVector<Value> at;
    for (AffineExpr expr : op.getMatchingIndexingMap(contraction.c).getResults())
      at.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
    return at;
  }

  SmallVector<Value> getInitial() {
    SmallVector<Value> sums;
    for (int64_t row = 0; row < numRows; ++row)
      for (int64_t number = 0; number < columnsEach; ++number) {
        SmallVector<Value> at = getCoordinates(row, number);
        auto load = [&]() -> SmallVector<Value> {
          return {memref::LoadOp::create(builder, loc, contraction.c->get(), at)};
        };
        auto makeZero = [&]() -> SmallVector<Value> {
          return {arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0))};
        };
        // A column that the thread has not is another's, who may have stored it already.
        if (fill)
          llvm::append_range(sums, VectorBody(builder, noVectors, fill, at, 0, 0).emit());
        else if (isBeyondForSome(number))
          llvm::append_range(
              sums, buildIf(builder, loc, isBelow(getPlace(number), numColumns), builder.getF32Type(), load, makeZero));
        else
          llvm::append_range(sums, load());
      }
    return sums;
  }

  /// Whether some threads have no column of this number.
  bool isBeyondForSome(int64_t number) const { return columnsEach > 1 && (number + 1) * threads.count > numColumns; }

  SmallVector<Value> loadHanded() {
    SmallVector<Value> sums;
    for (int64_t row = 0; row < numRows; ++row)
      sums.push_back(memref::LoadOp::create(builder, loc, handed, ValueRange{constant(row), column}));
    return sums;
  }

  void storeResults(ArrayRef<Value> sums) {
    for (int64_t row = 0; row < numRows; ++row)
      for (int64_t number = 0; number < columnsEach; ++number) {
        Value isColumn = isBeyondForSome(number) ? isBelow(getPlace(number), numColumns) : Value();
        buildIf(builder, loc, isColumn, [&] {
          memref::StoreOp::create(builder, loc, sums[row * columnsEach + number], contraction.c->get(),
                                  getCoordinates(row, number));
        });
      }
  }

  /// `count` neighbouring terms of a row of the first factor, by vectors where they are aligned.
  SmallVector<Value> loadA(int64_t row, Value term, int64_t count) {
    Value memref = staged ? staged : contraction.a->get();
    auto getIndices = [&](Value at) -> SmallVector<Value> {
      if (staged)
        return {constant(row), at};
      enterRow(row);
      ivs[contraction.sums[0]] = at;
      SmallVector<Value> indices;
      for (AffineExpr expr : op.getMatchingIndexingMap(contraction.a).getResults())
        indices.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
      return indices;
    };
    bool isContiguous = staged || getStrideAlong(contraction.a, contraction.sums[0]) == 1;
    bool isWhole = count % vectorElements == 0 && isContiguous && hasVectorRows(memref);
    SmallVector<Value> values;
    for (int64_t at = 0; at < count; at += isWhole ? vectorElements : 1) {
      SmallVector<Value> indices = getIndices(addIndex(builder, loc, addFirst(term), at));
      if (isWhole)
        llvm::append_range(values, loadVector(builder, loc, memref, indices));
      else
        values.push_back(memref::LoadOp::create(builder, loc, memref, indices));
    }
    return values;
  }

  /// Adds `count` terms from `first` on, whose part of the second factor is there: term by term, column by column.
  void addLoaded(MutableArrayRef<Value> sums, Value first, ArrayRef<Value> b, int64_t count) {
    SmallVector<SmallVector<Value>> rows;
    for (int64_t row = 0; row < numRows; ++row)
      rows.push_back(loadA(row, first, count));
    for (int64_t term = 0; term < count; ++term)
      for (int64_t row = 0; row < numRows; ++row)
        for (int64_t number = 0; number < columnsEach; ++number) {
          Value &sum = sums[row * columnsEach + number];
          sum = math::FmaOp::create(builder, loc, rows[row][term], b[term * columnsEach + number], sum);
        }
  }

  SmallVector<Value> addAll(ArrayRef<Value> initial) {
    SmallVector<Value> sums(initial);
    for (int64_t term = 0; term < inRegisters; term += termsAtOnce) {
      int64_t count = std::min(termsAtOnce, inRegisters - term);
      addLoaded(sums, constant(term), ArrayRef<Value>(kept).slice(term * columnsEach, count * columnsEach), count);
    }
    sums = addTerms(sums, inRegisters, inRegisters + inShared, /*fromShared=*/true);
    return addTerms(sums, inRegisters + inShared, termsEach, /*fromShared=*/false);
  }

  SmallVector<Value> addTerms(ArrayRef<Value> initial, int64_t begin, int64_t end, bool fromShared) {
    SmallVector<Value> sums(initial);
    int64_t whole = begin + (end - begin) / termsAtOnce * termsAtOnce;
    auto addSome = [&](Value first, ValueRange carried, int64_t count) {
      SmallVector<Value> b, next(carried);
      for (int64_t term = 0; term < count; ++term)
        for (int64_t number = 0; number < columnsEach; ++number) {
          Value at = addIndex(builder, loc, first, term);
          b.push_back(fromShared ? Value(memref::LoadOp::create(
                                       builder, loc, part,
                                       ValueRange{addIndex(builder, loc, at, -inRegisters), getPlace(number)}))
                                 : loadB(at, number));
        }
      addLoaded(next, first, b, count);
      return next;
    };
    if (whole > begin)
      sums = buildLoop(builder, loc, begin, whole, termsAtOnce, sums,
                       [&](Value first, ValueRange carried) { return addSome(first, carried, termsAtOnce); });
    if (whole < end)
      sums = addSome(constant(whole), sums, end - whole);
    return sums;
  }

  const Contraction &contraction;
  linalg::GenericOp op, fill;
  Threads threads;
  SharedMemory &shared;
  Registers &registers;
  SmallVector<Value> ivs;
  int64_t numRows, numColumns, numTerms, columnsEach;
  /// Groups of threads, of which each has a range of so many terms, and what tells where a thread stands.
  int64_t groups = 1, termsEach;
  Value group, column, firstTerm;
  /// Sums on their way from group to group.
  Value handed;
  /// Terms of the second factor in registers, and the next in shared memory.
  int64_t inRegisters = 0, inShared = 0;
  SmallVector<Value> kept;
  Value part;
  /// The first factor's rows in shared memory, where they do not lie there anyway.
  Value staged;
  CpuTarget noVectors;
};
} // namespace

void nn::emitBlockProduct(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Threads threads,
                          SharedMemory &shared, Registers &registers) {
  ProductEmitter(builder, contraction, fill, threads, shared, registers).emit();
}
