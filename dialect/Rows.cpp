// Row-wise maps and reductions as linalg.generic.
#include "dialect/Rows.h"

using namespace mlir;
using namespace mlir::nn;

RankedTensorType nn::getRowsType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape().drop_back(), type.getElementType());
}

/// (d0, ..., d_rank-1) -> (d0, ..., d_kept-1)
static AffineMap keepLeading(ImplicitLocOpBuilder &b, int64_t rank, int64_t kept) {
  return AffineMap::get(rank, 0, b.getMultiDimIdentityMap(rank).getResults().take_front(kept), b.getContext());
}

/// How each input is read in an iteration space of `rank` dimensions.
static SmallVector<AffineMap> readingMaps(ImplicitLocOpBuilder &b, int64_t rank, ValueRange inputs) {
  SmallVector<AffineMap> maps;
  for (Value input : inputs) {
    int64_t inputRank = cast<RankedTensorType>(input.getType()).getRank();
    assert((inputRank == rank || inputRank + 1 == rank || inputRank == 0) && "neither the full shape nor the rows'");
    maps.push_back(keepLeading(b, rank, inputRank));
  }
  return maps;
}

Value nn::mapRows(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs, ScalarFn body) {
  return mapElements(b, type, inputs, readingMaps(b, type.getRank(), inputs), body);
}

Value nn::reduceRows(ImplicitLocOpBuilder &b, Type elementType, ValueRange inputs, TypedAttr initial, ScalarFn body,
                     function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine) {
  auto type = cast<RankedTensorType>(inputs.front().getType());
  int64_t rank = type.getRank();
  auto rowsType = RankedTensorType::get(type.getShape().drop_back(), elementType);
  SmallVector<AffineMap> maps = readingMaps(b, rank, inputs);
  maps.push_back(keepLeading(b, rank, rank - 1));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  Value empty = tensor::EmptyOp::create(b, rowsType.getShape(), elementType);
  Value start = arith::ConstantOp::create(b, initial);
  Value init = linalg::FillOp::create(b, ValueRange{start}, ValueRange{empty}).getResult(0);
  return linalg::GenericOp::create(b, TypeRange{rowsType}, inputs, ValueRange{init}, maps, iterators,
                                   [&](OpBuilder &nested, Location loc, ValueRange args) {
                                     ImplicitLocOpBuilder inner(loc, nested);
                                     Value element = body(inner, args.drop_back());
                                     linalg::YieldOp::create(inner, combine(inner, element, args.back()));
                                   })
      .getResult(0);
}

Value nn::sumRows(ImplicitLocOpBuilder &b, ValueRange inputs, ScalarFn body) {
  Type element = getElementTypeOrSelf(inputs.front().getType());
  return reduceRows(
      b, element, inputs, b.getFloatAttr(element, 0.0), body,
      [](ImplicitLocOpBuilder &b, Value value, Value sum) -> Value { return arith::AddFOp::create(b, sum, value); });
}

Value nn::maxRows(ImplicitLocOpBuilder &b, Value input) {
  auto element = cast<FloatType>(getElementTypeOrSelf(input.getType()));
  auto lowest = b.getFloatAttr(element, APFloat::getInf(element.getFloatSemantics(), /*Negative=*/true));
  return reduceRows(
      b, element, input, lowest, [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; },
      [](ImplicitLocOpBuilder &b, Value value, Value max) -> Value {
        return arith::MaximumFOp::create(b, value, max);
      });
}

ShiftedExp nn::shiftedExp(ImplicitLocOpBuilder &b, Value input) {
  Value max = maxRows(b, input);
  Value sum = sumRows(b, {input, max}, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return math::ExpOp::create(b, arith::SubFOp::create(b, args[0], args[1]));
  });
  return {max, sum};
}
