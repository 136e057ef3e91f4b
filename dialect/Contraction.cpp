// Contractions by einsum notation.
#include "dialect/Contraction.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// The loops of a contraction: one letter each, in loop order.
struct Loops {
  std::string letters;
  llvm::StringMap<int64_t> sizes;

  void add(StringRef dims, Value operand) {
    auto type = cast<RankedTensorType>(operand.getType());
    assert(static_cast<int64_t>(dims.size()) == type.getRank() && "one letter a dimension");
    for (auto [index, size] : llvm::enumerate(type.getShape()))
      sizes[dims.substr(index, 1)] = size;
  }
  /// Letters of `dims` that are no loops yet become the next inner loops.
  void order(StringRef dims) {
    for (char letter : dims)
      if (!StringRef(letters).contains(letter))
        letters += letter;
  }
  AffineMap mapOf(StringRef dims, MLIRContext *context) const {
    SmallVector<AffineExpr> results;
    for (char letter : dims)
      results.push_back(getAffineDimExpr(StringRef(letters).find(letter), context));
    return AffineMap::get(letters.size(), 0, results, context);
  }
  SmallVector<utils::IteratorType> iterators(StringRef result) const {
    SmallVector<utils::IteratorType> types;
    for (char letter : letters)
      types.push_back(result.contains(letter) ? utils::IteratorType::parallel : utils::IteratorType::reduction);
    return types;
  }
  RankedTensorType typeOf(StringRef dims, Type elementType) {
    SmallVector<int64_t> shape;
    for (size_t i = 0; i < dims.size(); ++i)
      shape.push_back(sizes.lookup(dims.substr(i, 1)));
    return RankedTensorType::get(shape, elementType);
  }
};

} // namespace

Value nn::contract(ImplicitLocOpBuilder &b, StringRef spec, Value lhs, Value rhs, Value init) {
  auto [operands, resultDims] = spec.split("->");
  auto [lhsDims, rhsDims] = operands.split(",");
  Loops loops;
  loops.add(lhsDims, lhs);
  loops.add(rhsDims, rhs);
  loops.order(resultDims);
  loops.order(lhsDims);
  loops.order(rhsDims);
  RankedTensorType type = loops.typeOf(resultDims, getElementTypeOrSelf(lhs.getType()));
  if (!init)
    init = filled(b, type, 0.0);
  MLIRContext *context = b.getContext();
  return linalg::GenericOp::create(
             b, TypeRange{type}, ValueRange{lhs, rhs}, ValueRange{init},
             ArrayRef{loops.mapOf(lhsDims, context), loops.mapOf(rhsDims, context), loops.mapOf(resultDims, context)},
             loops.iterators(resultDims),
             [](OpBuilder &nested, Location loc, ValueRange args) {
               Value product = arith::MulFOp::create(nested, loc, args[0], args[1]);
               Value sum = arith::AddFOp::create(nested, loc, args[2], product);
               linalg::YieldOp::create(nested, loc, sum);
             })
      .getResult(0);
}

Value nn::sumOver(ImplicitLocOpBuilder &b, StringRef spec, Value input) {
  auto [inputDims, resultDims] = spec.split("->");
  Loops loops;
  loops.add(inputDims, input);
  loops.order(inputDims);
  RankedTensorType type = loops.typeOf(resultDims, getElementTypeOrSelf(input.getType()));
  MLIRContext *context = b.getContext();
  return linalg::GenericOp::create(b, TypeRange{type}, ValueRange{input}, ValueRange{filled(b, type, 0.0)},
                                   ArrayRef{loops.mapOf(inputDims, context), loops.mapOf(resultDims, context)},
                                   loops.iterators(resultDims),
                                   [](OpBuilder &nested, Location loc, ValueRange args) {
                                     Value sum = arith::AddFOp::create(nested, loc, args[1], args[0]);
                                     linalg::YieldOp::create(nested, loc, sum);
                                   })
      .getResult(0);
}
