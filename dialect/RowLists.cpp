// Sorts of indices by row, in upstream ops; see RowLists.h.
#include "dialect/RowLists.h"
#include "dialect/Recurrent.h"
#include "dialect/RowRuns.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Sorts tokens by row: in two passes over them, the first of which counts each row's, the second puts them where they
/// belong. For a target of many threads, by counting for each token those that stand before it, all at once; where they
/// are many, digit by digit of the rows' numbers (a least significant digit radix sort), comparing those of a chunk
/// only.
class RowSorter {
public:
  RowSorter(ImplicitLocOpBuilder &b, Value tokens, int64_t vocab) : b(b), tokens(tokens), vocab(vocab) {}

  RowLists run() {
    auto entry = dyn_cast<func::FuncOp>(b.getInsertionBlock()->getParentOp());
    bool isNarrow = std::max(vocab, cast<RankedTensorType>(tokens.getType()).getNumElements()) < INT32_MAX;
    if (!entry || !entry->hasAttr(mostBlocksAttributeName) || !isNarrow)
      return sort();
    return cast<RankedTensorType>(tokens.getType()).getNumElements() <= fewTokens ? countBefore() : sortByDigits();
  }

private:
  /// Up to so many all are compared with all.
  static constexpr int64_t fewTokens = 4096;

  RowLists sort() {
    auto shape = cast<RankedTensorType>(tokens.getType());
    Type integer = b.getIntegerType(shape.getNumElements() <= INT32_MAX ? 32 : 64);
    // While the second pass runs, an element holds the place of the row before it.
    auto startsType = RankedTensorType::get({vocab + 2}, integer);
    Value zero = arith::ConstantOp::create(b, b.getIntegerAttr(integer, 0));
    Value one = arith::ConstantOp::create(b, b.getIntegerAttr(integer, 1));
    Value starts = tensor::EmptyOp::create(b, startsType.getShape(), integer);
    starts = linalg::FillOp::create(b, ValueRange{zero}, ValueRange{starts}).getResult(0);
    starts = forEachToken({starts}, [&](Value row, Value position, ValueRange carried) -> SmallVector<Value> {
      Value place = shift(row, 2);
      Value count = tensor::ExtractOp::create(b, carried[0], place);
      return {tensor::InsertOp::create(b, arith::AddIOp::create(b, count, one), carried[0], place)};
    })[0];
    starts = forEach(b, vocab, {zero, starts}, [&](Value row, ValueRange carried) -> SmallVector<Value> {
      Value place = shift(row, 2);
      Value sum = arith::AddIOp::create(b, carried[0], tensor::ExtractOp::create(b, carried[1], place));
      return {sum, tensor::InsertOp::create(b, sum, carried[1], place)};
    })[1];
    Value positions = tensor::EmptyOp::create(b, {shape.getNumElements()}, integer);
    auto sorted = forEachToken({starts, positions}, [&](Value row, Value position, ValueRange carried) {
      Value before = shift(row, 1);
      Value place = tensor::ExtractOp::create(b, carried[0], before);
      Value next = tensor::InsertOp::create(b, arith::AddIOp::create(b, place, one), carried[0], before);
      Value index = arith::IndexCastOp::create(b, b.getIndexType(), place);
      Value value = arith::IndexCastOp::create(b, integer, position);
      return SmallVector<Value>{next, tensor::InsertOp::create(b, value, carried[1], index)};
    });
    return {sorted[0], sorted[1]};
  }

  /// Work grows with the square of the number of tokens, all of it parallel.
  RowLists countBefore() {
    auto shape = cast<RankedTensorType>(tokens.getType());
    int64_t count = shape.getNumElements();
    Type integer = b.getI32Type();
    MLIRContext *context = b.getContext();
    auto par = utils::IteratorType::parallel, red = utils::IteratorType::reduction;
    AffineMap outer = AffineMap::get(2, 0, b.getAffineDimExpr(0), context),
              inner = AffineMap::get(2, 0, b.getAffineDimExpr(1), context);
    auto makeInteger = [&](OpBuilder &at, Location loc, int32_t value) -> Value {
      return arith::ConstantOp::create(at, loc, at.getI32IntegerAttr(value));
    };
    auto makeZeros = [&](int64_t size) {
      Value empty = tensor::EmptyOp::create(b, ArrayRef<int64_t>{size}, integer);
      return linalg::FillOp::create(b, ValueRange{makeInteger(b, b.getLoc(), 0)}, ValueRange{empty}).getResult(0);
    };
    Value rows = getRows();
    auto addIf = [&](OpBuilder &at, Location loc, Value condition, Value sum) {
      Value term = arith::SelectOp::create(at, loc, condition, makeInteger(at, loc, 1), makeInteger(at, loc, 0));
      linalg::YieldOp::create(at, loc, Value(arith::AddIOp::create(at, loc, sum, term)));
    };
    auto compare = [](OpBuilder &at, Location loc, arith::CmpIPredicate predicate, Value x, Value y) -> Value {
      return arith::CmpIOp::create(at, loc, predicate, x, y);
    };
    auto standsBefore = [&](OpBuilder &at, Location loc, ValueRange args) {
      Value isLess = compare(at, loc, arith::CmpIPredicate::slt, args[1], args[0]);
      Value isEqual = compare(at, loc, arith::CmpIPredicate::eq, args[1], args[0]);
      Value isEarlier = compare(at, loc, arith::CmpIPredicate::ult, linalg::IndexOp::create(at, loc, 1),
                                linalg::IndexOp::create(at, loc, 0));
      Value isBefore = arith::OrIOp::create(at, loc, isLess, arith::AndIOp::create(at, loc, isEqual, isEarlier));
      addIf(at, loc, isBefore, args[2]);
    };
    Value places = makeZeros(count);
    places = linalg::GenericOp::create(b, TypeRange{places.getType()}, ValueRange{rows, rows}, ValueRange{places},
                                       ArrayRef<AffineMap>{outer, inner, outer},
                                       ArrayRef<utils::IteratorType>{par, red}, standsBefore)
                 .getResult(0);
    auto isOfEarlierRow = [&](OpBuilder &at, Location loc, ValueRange args) {
      Value row = arith::IndexCastOp::create(at, loc, integer, linalg::IndexOp::create(at, loc, 0));
      addIf(at, loc, compare(at, loc, arith::CmpIPredicate::slt, args[0], row), args[1]);
    };
    Value starts = makeZeros(vocab + 1);
    starts = linalg::GenericOp::create(b, TypeRange{starts.getType()}, ValueRange{rows}, ValueRange{starts},
                                       ArrayRef<AffineMap>{inner, outer}, ArrayRef<utils::IteratorType>{par, red},
                                       isOfEarlierRow)
                 .getResult(0);
    Value positions = tensor::EmptyOp::create(b, ArrayRef<int64_t>{count}, integer);
    positions = forEach(b, count, {positions}, [&](Value position, ValueRange carried) -> SmallVector<Value> {
      Value place = arith::IndexCastOp::create(b, b.getIndexType(), tensor::ExtractOp::create(b, places, position));
      Value value = arith::IndexCastOp::create(b, integer, position);
      return {tensor::InsertOp::create(b, value, carried[0], place)};
    })[0];
    positions.getDefiningOp()->setAttr("nn.independent_turns", b.getI64IntegerAttr(count));
    return {starts, positions};
  }

  //===-- Digit by digit ----------------------------------------------------===//

  using Indices = ArrayRef<Value>;
  /// An i32 at indices of the loops.
  using Element = llvm::function_ref<Value(ImplicitLocOpBuilder &, Indices)>;

  Value number(ImplicitLocOpBuilder &at, int64_t value) const {
    return arith::ConstantOp::create(at, at.getI32IntegerAttr(value));
  }
  Value index(ImplicitLocOpBuilder &at, int64_t value) const { return arith::ConstantIndexOp::create(at, value); }
  Value toIndex(ImplicitLocOpBuilder &at, Value value) const {
    return arith::IndexCastOp::create(at, at.getIndexType(), value);
  }
  Value toNumber(ImplicitLocOpBuilder &at, Value index) const {
    return arith::IndexCastOp::create(at, at.getI32Type(), index);
  }

  /// A tensor of i32 of its elements; where `terms` is not 0, of sums of so many: the last index counts them.
  Value tabulate(ArrayRef<int64_t> shape, int64_t terms, Element element) {
    int64_t rank = shape.size(), numLoops = rank + (terms > 0);
    SmallVector<utils::IteratorType> loops(numLoops, utils::IteratorType::parallel);
    SmallVector<AffineMap> maps = {AffineMap::getMultiDimIdentityMap(numLoops, b.getContext()).getMajorSubMap(rank)};
    Value result = tensor::EmptyOp::create(b, shape, b.getI32Type());
    SmallVector<Value> inputs;
    if (terms > 0) {
      loops.back() = utils::IteratorType::reduction;
      result = linalg::FillOp::create(b, ValueRange{number(b, 0)}, ValueRange{result}).getResult(0);
      // What says how many there are.
      inputs.push_back(tensor::EmptyOp::create(b, ArrayRef<int64_t>{terms}, b.getI32Type()));
      maps.insert(maps.begin(), AffineMap::get(numLoops, 0, b.getAffineDimExpr(rank), b.getContext()));
    }
    return linalg::GenericOp::create(b, result.getType(), inputs, result, maps, loops,
                                     [&](OpBuilder &nested, Location loc, ValueRange arguments) {
                                       ImplicitLocOpBuilder at(loc, nested);
                                       SmallVector<Value> indices;
                                       for (int64_t loop = 0; loop < numLoops; ++loop)
                                         indices.push_back(linalg::IndexOp::create(at, loop));
                                       Value value = element(at, indices);
                                       if (terms > 0)
                                         value = arith::AddIOp::create(at, arguments.back(), value);
                                       linalg::YieldOp::create(at, value);
                                     })
        .getResult(0);
  }

  Value selectIf(ImplicitLocOpBuilder &at, Value condition, Value value) {
    return arith::SelectOp::create(at, condition, value, number(at, 0));
  }
  Value compare(ImplicitLocOpBuilder &at, arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(at, predicate, x, y);
  }

  /// Work grows with the number of tokens to the power of 4/3, and with the values of a digit.
  RowLists sortByDigits() {
    int64_t count = cast<RankedTensorType>(tokens.getType()).getNumElements();
    int64_t bits = llvm::Log2_64_Ceil(std::max<int64_t>(vocab, 2)), passes = llvm::divideCeil(bits, 8);
    int64_t bitsOfDigit = llvm::divideCeil(bits, passes);
    Value rows = getRows();
    Value positions = tabulate(count, 0, [&](ImplicitLocOpBuilder &at, Indices i) { return toNumber(at, i[0]); });
    for (int64_t pass = 0; pass < passes; ++pass)
      std::tie(rows, positions) = sortByDigit(rows, positions, pass * bitsOfDigit, int64_t(1) << bitsOfDigit);
    // Where the first token of a row, or of one after it, stands: a search in halves.
    Value starts = tabulate(vocab + 1, 0, [&](ImplicitLocOpBuilder &at, Indices i) {
      Value row = toNumber(at, i[0]), zero = index(at, 0), one = index(at, 1);
      int64_t halvings = llvm::Log2_64_Ceil(count + 1);
      auto search = scf::ForOp::create(
          at, zero, index(at, halvings), one, ValueRange{zero, index(at, count)},
          [&](OpBuilder &nested, Location loc, Value, ValueRange range) {
            ImplicitLocOpBuilder in(loc, nested);
            Value middle = arith::ShRUIOp::create(in, arith::AddIOp::create(in, range[0], range[1]), one);
            Value isLess = compare(in, arith::CmpIPredicate::slt, extract(in, rows, middle, count), row);
            Value isOpen = compare(in, arith::CmpIPredicate::ult, range[0], range[1]);
            Value goesOn = arith::AndIOp::create(in, isLess, isOpen);
            Value low = arith::SelectOp::create(in, goesOn, arith::AddIOp::create(in, middle, one), range[0]);
            Value high = arith::SelectOp::create(in, goesOn, range[1], middle);
            high = arith::SelectOp::create(in, isOpen, high, range[1]);
            scf::YieldOp::create(in, ValueRange{low, high});
          });
      return toNumber(at, search.getResult(0));
    });
    return {starts, positions};
  }

  /// Element `at` of `list`, the last one beyond its end.
  Value extract(ImplicitLocOpBuilder &in, Value list, Value at, int64_t count) {
    return tensor::ExtractOp::create(in, list, Value(arith::MinUIOp::create(in, at, index(in, count - 1))));
  }

  /// `rows` and `positions` by one digit of the rows, in their order where it is equal.
  std::pair<Value, Value> sortByDigit(Value rows, Value positions, int64_t shift, int64_t values) {
    int64_t count = cast<RankedTensorType>(rows.getType()).getDimSize(0), chunk = 256;
    // Each token is compared with its chunk's, and for each value each chunk's number added to all later ones'.
    while (chunk * chunk * chunk < 2 * count * values)
      chunk *= 2;
    int64_t chunks = llvm::divideCeil(count, chunk);
    auto getDigit = [&](ImplicitLocOpBuilder &at, Value place) -> Value {
      Value row = extract(at, rows, place, count);
      Value shifted = arith::ShRUIOp::create(at, row, number(at, shift));
      return arith::AndIOp::create(at, shifted, number(at, values - 1));
    };
    auto getPlace = [&](ImplicitLocOpBuilder &at, Value chunkNumber, Value inChunk) -> Value {
      return arith::AddIOp::create(at, arith::MulIOp::create(at, chunkNumber, index(at, chunk)), inChunk);
    };
    // By chunk and value: how many there are, and how many in the chunks before; by value, how many of lesser ones.
    Value counts = tabulate({chunks, values}, chunk, [&](ImplicitLocOpBuilder &at, Indices i) {
      Value place = getPlace(at, i[0], i[2]);
      Value isIt = compare(at, arith::CmpIPredicate::eq, getDigit(at, place), toNumber(at, i[1]));
      Value isThere = compare(at, arith::CmpIPredicate::ult, place, index(at, count));
      return selectIf(at, arith::AndIOp::create(at, isIt, isThere), number(at, 1));
    });
    auto getCount = [&](ImplicitLocOpBuilder &at, Value chunkNumber, Value value) -> Value {
      return tensor::ExtractOp::create(at, counts, ValueRange{chunkNumber, value});
    };
    Value before = tabulate({chunks, values}, chunks, [&](ImplicitLocOpBuilder &at, Indices i) {
      return selectIf(at, compare(at, arith::CmpIPredicate::ult, i[2], i[0]), getCount(at, i[2], i[1]));
    });
    Value totals =
        tabulate(values, chunks, [&](ImplicitLocOpBuilder &at, Indices i) { return getCount(at, i[1], i[0]); });
    Value lesser = tabulate(values, values, [&](ImplicitLocOpBuilder &at, Indices i) {
      Value total = tensor::ExtractOp::create(at, totals, i[1]);
      return selectIf(at, compare(at, arith::CmpIPredicate::ult, i[1], i[0]), total);
    });
    Value inChunk = tabulate(count, chunk, [&](ImplicitLocOpBuilder &at, Indices i) {
      Value other = getPlace(at, arith::DivUIOp::create(at, i[0], index(at, chunk)), i[1]);
      Value isEqual = compare(at, arith::CmpIPredicate::eq, getDigit(at, other), getDigit(at, i[0]));
      Value isEarlier = compare(at, arith::CmpIPredicate::ult, other, i[0]);
      return selectIf(at, arith::AndIOp::create(at, isEqual, isEarlier), number(at, 1));
    });
    Value empty = tensor::EmptyOp::create(b, ArrayRef<int64_t>{count}, b.getI32Type());
    Value emptyToo = tensor::EmptyOp::create(b, ArrayRef<int64_t>{count}, b.getI32Type());
    SmallVector<Value> sorted =
        forEach(b, count, {empty, emptyToo}, [&](Value from, ValueRange carried) -> SmallVector<Value> {
          Value value = toIndex(b, getDigit(b, from));
          Value chunkNumber = arith::DivUIOp::create(b, from, index(b, chunk));
          Value place = tensor::ExtractOp::create(b, inChunk, from);
          place = arith::AddIOp::create(b, place, tensor::ExtractOp::create(b, lesser, value));
          place = arith::AddIOp::create(b, place, tensor::ExtractOp::create(b, before, ValueRange{chunkNumber, value}));
          place = toIndex(b, place);
          auto move = [&](Value list, Value target) -> Value {
            return tensor::InsertOp::create(b, tensor::ExtractOp::create(b, list, from), target, place);
          };
          return {move(rows, carried[0]), move(positions, carried[1])};
        });
    sorted[0].getDefiningOp()->setAttr("nn.independent_turns", b.getI64IntegerAttr(count));
    return {sorted[0], sorted[1]};
  }

  /// The rows that the tokens name, in the order of the batch.
  Value getRows() {
    auto shape = cast<RankedTensorType>(tokens.getType());
    return tabulate(shape.getNumElements(), 0, [&](ImplicitLocOpBuilder &at, Indices i) {
      Value token = tensor::ExtractOp::create(at, tokens, getIndicesAt(at, i[0], shape.getShape()));
      return toNumber(at, clampToRow(at, token, vocab));
    });
  }

  Value shift(Value row, int64_t by) { return arith::AddIOp::create(b, row, arith::ConstantIndexOp::create(b, by)); }

  /// Loops over all tokens, one a dimension from `at.size()` on; `body` gets a token's row and position.
  template <typename Body>
  SmallVector<Value> forEachToken(ArrayRef<Value> carried, Body body, SmallVector<Value> at = {}, Value position = {}) {
    auto type = cast<RankedTensorType>(tokens.getType());
    int64_t dim = at.size();
    if (dim == type.getRank())
      return body(clampToRow(b, tensor::ExtractOp::create(b, tokens, at), vocab), position, carried);
    return forEach(b, type.getDimSize(dim), carried, [&](Value index, ValueRange inner) {
      SmallVector<Value> below(at);
      below.push_back(index);
      Value place = index;
      if (position) {
        Value size = arith::ConstantIndexOp::create(b, type.getDimSize(dim));
        place = arith::AddIOp::create(b, arith::MulIOp::create(b, position, size), index);
      }
      return forEachToken(SmallVector<Value>(inner), body, below, place);
    });
  }

  ImplicitLocOpBuilder &b;
  Value tokens;
  int64_t vocab;
};

} // namespace

RowLists nn::listRows(ImplicitLocOpBuilder &b, Value tokens, int64_t vocab) {
  return RowSorter(b, tokens, vocab).run();
}
