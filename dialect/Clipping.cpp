// Clipping by value is an elementwise op, which fuses into the update; by norm it is a sum over the gradient, which is
// in memory for it, and a factor. A gradient within its limit keeps its bits: its factor is 1.
#include "dialect/Clipping.h"
#include "dialect/OptimizerParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

/// A NaN stays one.
static Value clipElements(ImplicitLocOpBuilder &b, Value gradient, double limit) {
  auto type = cast<RankedTensorType>(gradient.getType());
  return mapElements(b, type, {gradient}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value below = arith::MinimumFOp::create(b, args[0], constant(b, type, limit));
    return arith::MaximumFOp::create(b, below, constant(b, type, -limit));
  });
}

/// The sum of the squares of a gradient's elements, an f64.
static Value sumSquares(ImplicitLocOpBuilder &b, Value gradient) {
  Value sum = sumElements(b, gradient, [](ImplicitLocOpBuilder &b, Value g) { return mul(b, g, g); });
  Value scalar = tensor::ExtractOp::create(b, sum, ValueRange{});
  return scalar.getType() == b.getF64Type() ? scalar : arith::ExtFOp::create(b, b.getF64Type(), scalar);
}

/// limit / max(norm, limit), an f64, of the square of the norm. `strict`: NaN where the norm is not finite.
static Value buildFactor(ImplicitLocOpBuilder &b, Value squares, double limit, bool strict) {
  Value norm = math::SqrtOp::create(b, squares), most = constant(b, b.getF64Type(), limit);
  Value factor = div(b, most, arith::MaximumFOp::create(b, norm, most));
  return strict ? add(b, factor, sub(b, norm, norm)) : factor;
}

static Value scale(ImplicitLocOpBuilder &b, Value gradient, Value factor) {
  auto type = cast<RankedTensorType>(gradient.getType());
  return mapElements(b, type, {gradient, makeScalarTensor(b, factor, type.getElementType())},
                     [](ImplicitLocOpBuilder &b, ValueRange args) { return mul(b, args[0], args[1]); });
}

SmallVector<Value> nn::clipGradients(OpBuilder &builder, const Clipping &clipping, ValueRange gradients,
                                     ArrayRef<Location> locs) {
  SmallVector<Value> clipped(gradients);
  if (clipping.globalNorm) {
    Value sum;
    for (auto [gradient, loc] : llvm::zip(gradients, locs)) {
      ImplicitLocOpBuilder b(loc, builder);
      Value squares = sumSquares(b, gradient);
      sum = sum ? add(b, sum, squares) : squares;
    }
    ImplicitLocOpBuilder b(locs.back(), builder);
    Value factor = buildFactor(b, sum, clipping.globalNorm->value, /*strict=*/true);
    for (auto [gradient, loc] : llvm::zip(clipped, locs)) {
      ImplicitLocOpBuilder b(loc, builder);
      gradient = scale(b, gradient, factor);
    }
    return clipped;
  }
  for (auto [gradient, loc] : llvm::zip(clipped, locs)) {
    ImplicitLocOpBuilder b(loc, builder);
    if (clipping.norm)
      gradient = scale(b, gradient, buildFactor(b, sumSquares(b, gradient), clipping.norm->value, /*strict=*/false));
    if (clipping.value)
      gradient = clipElements(b, gradient, clipping.value->value);
  }
  return clipped;
}
