// A radix sort of indices by row, in upstream ops; see RowRuns.h.
#include "dialect/RowRuns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

/// Bits that one pass sorts by, at most: its counters stay in the first cache.
static constexpr unsigned maxDigitBits = 11;

Value nn::clampToRow(ImplicitLocOpBuilder &b, Value index, int64_t rows) {
  Type type = index.getType();
  int64_t largest = rows - 1;
  if (type.isInteger(32))
    largest = std::min<int64_t>(largest, INT32_MAX);
  Value last = arith::ConstantOp::create(b, b.getIntegerAttr(type, largest));
  return arith::IndexCastOp::create(b, b.getIndexType(), arith::MinUIOp::create(b, index, last));
}

SmallVector<Value> nn::getIndicesAt(ImplicitLocOpBuilder &b, Value position, ArrayRef<int64_t> shape) {
  SmallVector<Value> indices(shape.size());
  for (size_t dim = shape.size(); dim-- > 1;) {
    Value size = arith::ConstantIndexOp::create(b, shape[dim]);
    indices[dim] = arith::RemUIOp::create(b, position, size);
    position = arith::DivUIOp::create(b, position, size);
  }
  indices[0] = position;
  return indices;
}

SmallVector<Value> nn::forEach(ImplicitLocOpBuilder &b, int64_t count, ArrayRef<Value> carried,
                               function_ref<SmallVector<Value>(Value index, ValueRange carried)> body) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, zero, arith::ConstantIndexOp::create(b, count), one, carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return SmallVector<Value>(loop.getResults());
}

namespace {

/// Sorts by the lowest digit first, each pass keeping the order of what is equal to it. Padding counts as a row behind
/// all others.
class IndexSorter {
public:
  IndexSorter(ImplicitLocOpBuilder &b, ValueRange indices, ArrayRef<bool> batched, Value valid, int64_t numRows)
      : b(b), indices(indices), batched(batched), valid(valid), numRows(numRows) {
    for (Value tensor : indices) {
      starts.push_back(count);
      count += cast<RankedTensorType>(tensor.getType()).getNumElements();
    }
    starts.push_back(count);
    integer = b.getIntegerType(std::max(numRows, count * static_cast<int64_t>(indices.size())) < INT32_MAX ? 32 : 64);
  }

  RowRuns run() {
    rows = listRows();
    unsigned bits = llvm::Log2_64_Ceil(numRows + 1);
    // No more counters than there is to be counted.
    unsigned most = std::clamp<unsigned>(llvm::Log2_64_Ceil(count), 4, maxDigitBits);
    unsigned passes = llvm::divideCeil(bits, most), digit = llvm::divideCeil(bits, passes);
    for (unsigned pass = 0; pass < passes; ++pass)
      sortByDigit(pass * digit, digit);
    return findRuns();
  }

private:
  Value makeTensor(int64_t size) { return tensor::EmptyOp::create(b, ArrayRef<int64_t>{size}, integer); }
  Value makeZeros(int64_t size) {
    return linalg::FillOp::create(b, ValueRange{makeInteger(0)}, ValueRange{makeTensor(size)}).getResult(0);
  }
  Value makeInteger(int64_t value) { return arith::ConstantOp::create(b, b.getIntegerAttr(integer, value)); }
  Value add(Value index, int64_t by) {
    return by == 0 ? index : Value(arith::AddIOp::create(b, index, arith::ConstantIndexOp::create(b, by)));
  }
  Value toInteger(Value index) { return arith::IndexCastOp::create(b, integer, index); }
  Value toIndex(Value value) { return arith::IndexCastOp::create(b, b.getIndexType(), value); }
  Value extract(Value tensor, Value at) { return tensor::ExtractOp::create(b, tensor, at); }
  Value insert(Value value, Value tensor, Value at) { return tensor::InsertOp::create(b, value, tensor, at); }
  Value increment(Value tensor, Value at) {
    return insert(arith::AddIOp::create(b, extract(tensor, at), makeInteger(1)), tensor, at);
  }

  /// Makes element i the sum of elements 0 to i.
  Value sumUp(Value tensor, int64_t size) {
    return forEach(b, size, {makeInteger(0), tensor}, [&](Value at, ValueRange carried) -> SmallVector<Value> {
      Value sum = arith::AddIOp::create(b, carried[0], extract(carried[1], at));
      return {sum, insert(sum, carried[1], at)};
    })[1];
  }

  Value listRows() {
    Value list = makeTensor(count);
    Value validIndex = toIndex(tensor::ExtractOp::create(b, valid, ValueRange{}));
    for (auto [tensor, isBatched, start] : llvm::zip(indices, batched, starts)) {
      auto type = cast<RankedTensorType>(tensor.getType());
      list = forEach(b, type.getNumElements(), {list}, [&](Value position, ValueRange carried) -> SmallVector<Value> {
        SmallVector<Value> at = getIndicesAt(b, position, type.getShape());
        Value row = toInteger(clampToRow(b, tensor::ExtractOp::create(b, tensor, at), numRows));
        if (isBatched) {
          Value isValid = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at[0], validIndex);
          row = arith::SelectOp::create(b, isValid, row, makeInteger(numRows));
        }
        return {insert(row, carried[0], add(position, start))};
      })[0];
    }
    return list;
  }

  void sortByDigit(unsigned shift, unsigned bits) {
    int64_t digits = int64_t(1) << bits;
    auto getDigit = [&](Value row) {
      Value shifted = arith::ShRUIOp::create(b, row, makeInteger(shift));
      return toIndex(arith::AndIOp::create(b, shifted, makeInteger(digits - 1)));
    };
    Value begins = makeZeros(digits + 1);
    begins = forEach(b, count, {begins}, [&](Value at, ValueRange carried) -> SmallVector<Value> {
      return {increment(carried[0], add(getDigit(extract(rows, at)), 1))};
    })[0];
    begins = sumUp(begins, digits);
    SmallVector<Value> sorted = forEach(
        b, count, {begins, makeTensor(count), makeTensor(count)},
        [&](Value at, ValueRange carried) -> SmallVector<Value> {
          Value row = extract(rows, at), position = positions ? extract(positions, at) : toInteger(at);
          Value digit = getDigit(row), place = toIndex(extract(carried[0], digit));
          return {increment(carried[0], digit), insert(row, carried[1], place), insert(position, carried[2], place)};
        });
    rows = sorted[1];
    positions = sorted[2];
  }

  RowRuns findRuns() {
    int64_t lookups = indices.size();
    Value none = arith::ConstantIndexOp::create(b, -1), padding = arith::ConstantIndexOp::create(b, numRows);
    Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
    // Padding too makes a run, the last one.
    SmallVector<Value> runs =
        forEach(b, count, {none, none, makeZeros(count * lookups + 1)},
                [&](Value at, ValueRange carried) -> SmallVector<Value> {
                  Value row = toIndex(extract(rows, at)), position = toIndex(extract(positions, at));
                  Value isNew = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, row, carried[0]);
                  Value run = arith::AddIOp::create(b, carried[1], arith::SelectOp::create(b, isNew, one, zero));
                  Value place = arith::MulIOp::create(b, run, arith::ConstantIndexOp::create(b, lookups));
                  for (int64_t start : ArrayRef(starts).drop_front().drop_back()) {
                    Value isLater = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, position,
                                                          arith::ConstantIndexOp::create(b, start));
                    place = arith::AddIOp::create(b, place, arith::SelectOp::create(b, isLater, one, zero));
                  }
                  return {row, run, increment(carried[2], add(place, 1))};
                });
    Value isPadding = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, runs[0], padding);
    Value number = arith::SelectOp::create(b, isPadding, runs[1], add(runs[1], 1));
    return {number, sumUp(runs[2], count * lookups + 1), rows, positions, starts};
  }

  ImplicitLocOpBuilder &b;
  ValueRange indices;
  ArrayRef<bool> batched;
  Value valid;
  int64_t numRows, count = 0;
  SmallVector<int64_t> starts;
  Type integer;
  Value rows, positions;
};

} // namespace

RowRuns nn::findRowRuns(ImplicitLocOpBuilder &b, ValueRange indices, ArrayRef<bool> batched, Value valid,
                        int64_t rows) {
  return IndexSorter(b, indices, batched, valid, rows).run();
}
