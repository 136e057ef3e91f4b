// Initialisers: how parameters get their first values. Random ones draw from nn.philox with an element's logical
// coordinates as the counter, so values depend on the seed, the parameter and the position in it only.
#include "dialect/RandomNumbers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <numbers>

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Random elements
//===----------------------------------------------------------------------===//

static Value add(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::AddFOp::create(b, x, y); }
static Value mul(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, x, y); }

static Value i64Constant(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

/// A tensor of random elements: `body` makes one from four random words. The counter is, from its low word up, the last
/// index, the row-major index of the leading ones, 0, and the stream.
static Value drawElements(ImplicitLocOpBuilder &b, RankedTensorType type, Value seed, int64_t stream, ScalarFn body) {
  return mapElements(b, type, {seed}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
    Value zero = i64Constant(b, 0);
    Value feature = zero, row = zero;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      Value index = arith::IndexCastOp::create(b, b.getI64Type(), linalg::IndexOp::create(b, d));
      if (d + 1 == type.getRank())
        feature = index;
      else
        row = d == 0
                  ? index
                  : arith::AddIOp::create(b, arith::MulIOp::create(b, row, i64Constant(b, type.getDimSize(d))), index);
    }
    auto words = PhiloxOp::create(b, args[0], feature, row, zero, i64Constant(b, stream));
    return body(b, words.getResults());
  });
}

/// Uniform in [min, max), up to rounding at the upper end.
static Value drawUniform(ImplicitLocOpBuilder &b, RankedTensorType type, Value seed, int64_t stream, double min,
                         double max) {
  return drawElements(b, type, seed, stream, [&](ImplicitLocOpBuilder &b, ValueRange words) {
    Value scale = constant(b, type, (max - min) * 0x1p-24);
    return add(b, mul(b, upper24Bits(b, type.getElementType(), words[0]), scale), constant(b, type, min));
  });
}

static Value drawNormal(ImplicitLocOpBuilder &b, RankedTensorType type, Value seed, int64_t stream, double mean,
                        double stddev) {
  return drawElements(b, type, seed, stream, [&](ImplicitLocOpBuilder &b, ValueRange words) {
    Type element = type.getElementType();
    Value normal = standardNormal(b, element, words[0], words[1]);
    return add(b, mul(b, normal, constant(b, element, stddev)), constant(b, element, mean));
  });
}

/// Normal within two standard deviations, by the inverse of the distribution function: sqrt(2) erf⁻¹(erf(sqrt(2)) u).
static Value drawTruncatedNormal(ImplicitLocOpBuilder &b, RankedTensorType type, Value seed, int64_t stream,
                                 double mean, double stddev) {
  // M. Giles, "Approximating the erfinv function", 2010: single precision, the central region, which is all that
  // arguments up to erf(sqrt(2)) need.
  static constexpr double coefficients[] = {2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
                                            -4.39150654e-06, 0.00021858087,  -0.00125372503,
                                            -0.00417768164,  0.246640727,    1.50140941};
  return drawElements(b, type, seed, stream, [&](ImplicitLocOpBuilder &b, ValueRange words) {
    Type element = type.getElementType();
    // k + ½ - 2^23 over 2^23 for a random k below 2^24 is in (-1, 1) and falls evenly on both sides of 0.
    Value centered = add(b, upper24Bits(b, element, words[0]), constant(b, element, -0x1p23));
    Value uniform = add(b, centered, constant(b, element, 0.5));
    Value x = mul(b, uniform, constant(b, element, std::erf(std::numbers::sqrt2) * 0x1p-23));
    Value complement = arith::SubFOp::create(b, constant(b, element, 1.0), mul(b, x, x));
    Value w = arith::SubFOp::create(b, constant(b, element, -2.5), math::LogOp::create(b, complement));
    Value polynomial = constant(b, element, coefficients[0]);
    for (double coefficient : llvm::drop_begin(coefficients))
      polynomial = add(b, mul(b, polynomial, w), constant(b, element, coefficient));
    Value normal = mul(b, mul(b, polynomial, x), constant(b, element, std::numbers::sqrt2));
    return add(b, mul(b, normal, constant(b, element, stddev)), constant(b, element, mean));
  });
}

//===----------------------------------------------------------------------===//
// Constant values
//===----------------------------------------------------------------------===//

Value ZerosAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const {
  ImplicitLocOpBuilder b(loc, builder);
  return filled(b, type, 0.0);
}

Value OnesAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const {
  ImplicitLocOpBuilder b(loc, builder);
  return filled(b, type, 1.0);
}

LogicalResult ConstantAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number value) {
  if (std::isfinite(value.value))
    return success();
  return emitError() << "constant: value must be finite, not " << formatNumber(value.value);
}

Value ConstantAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const {
  ImplicitLocOpBuilder b(loc, builder);
  return filled(b, type, getValue().value);
}

Value UnitForgetBiasAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value, int64_t) const {
  if (type.getRank() == 0 || type.getShape().back() % 4 != 0) {
    emitError(loc)
        << "unit_forget_bias sets an LSTM's bias, whose last dimension is 4 · units, not a parameter of type " << type;
    return nullptr;
  }
  ImplicitLocOpBuilder b(loc, builder);
  int64_t units = type.getShape().back() / 4;
  return mapElements(b, type, {}, [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
    Value index = linalg::IndexOp::create(b, type.getRank() - 1);
    Value offset = arith::SubIOp::create(b, index, arith::ConstantIndexOp::create(b, units));
    Value isForgetGate =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, offset, arith::ConstantIndexOp::create(b, units));
    return arith::SelectOp::create(b, isForgetGate, constant(b, type, 1.0), constant(b, type, 0.0));
  });
}

//===----------------------------------------------------------------------===//
// Independent random values
//===----------------------------------------------------------------------===//

LogicalResult RandomUniformAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number min, Number max) {
  if (std::isfinite(min.value) && std::isfinite(max.value) && min.value <= max.value)
    return success();
  return emitError() << "random_uniform: takes finite min <= max, not " << formatNumber(min.value) << " and "
                     << formatNumber(max.value);
}

static LogicalResult verifyNormal(function_ref<InFlightDiagnostic()> emitError, StringRef name, Number mean,
                                  Number stddev) {
  if (!std::isfinite(mean.value))
    return emitError() << name << ": mean must be finite, not " << formatNumber(mean.value);
  if (!std::isfinite(stddev.value) || stddev.value < 0.0)
    return emitError() << name << ": stddev must be finite and not negative, not " << formatNumber(stddev.value);
  return success();
}

LogicalResult RandomNormalAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number mean, Number stddev) {
  return verifyNormal(emitError, "random_normal", mean, stddev);
}

LogicalResult TruncatedNormalAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number mean, Number stddev) {
  return verifyNormal(emitError, "truncated_normal", mean, stddev);
}

Value RandomUniformAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed,
                               int64_t stream) const {
  ImplicitLocOpBuilder b(loc, builder);
  return drawUniform(b, type, seed, stream, getMin().value, getMax().value);
}

Value RandomNormalAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed,
                              int64_t stream) const {
  ImplicitLocOpBuilder b(loc, builder);
  return drawNormal(b, type, seed, stream, getMean().value, getStddev().value);
}

Value TruncatedNormalAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed,
                                 int64_t stream) const {
  ImplicitLocOpBuilder b(loc, builder);
  return drawTruncatedNormal(b, type, seed, stream, getMean().value, getStddev().value);
}

//===----------------------------------------------------------------------===//
// Variance by fan-in and fan-out
//===----------------------------------------------------------------------===//

namespace {
/// How many inputs reach one output of a parameter, and the reverse. Leading dimensions beyond two are a convolution's
/// window.
struct Fans {
  double in = 1.0, out = 1.0;
  double mean() const { return (in + out) / 2.0; }
};
} // namespace

static Fans getFans(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  if (shape.empty())
    return {};
  if (shape.size() == 1)
    return {double(shape[0]), double(shape[0])};
  double window = 1.0;
  for (int64_t size : shape.drop_back(2))
    window *= size;
  return {shape[shape.size() - 2] * window, shape.back() * window};
}

static Value drawUniformOfVariance(OpBuilder &builder, Location loc, RankedTensorType type, Value seed, int64_t stream,
                                   double variance) {
  ImplicitLocOpBuilder b(loc, builder);
  double limit = std::sqrt(3.0 * variance);
  return drawUniform(b, type, seed, stream, -limit, limit);
}

static Value drawNormalOfVariance(OpBuilder &builder, Location loc, RankedTensorType type, Value seed, int64_t stream,
                                  double variance) {
  // The standard deviation of a standard normal number within [-2, 2].
  constexpr double truncatedStddev = 0.87962566103423978;
  ImplicitLocOpBuilder b(loc, builder);
  return drawTruncatedNormal(b, type, seed, stream, 0.0, std::sqrt(variance) / truncatedStddev);
}

Value GlorotUniformAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed,
                               int64_t stream) const {
  return drawUniformOfVariance(builder, loc, type, seed, stream, 1.0 / getFans(type).mean());
}

Value GlorotNormalAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed,
                              int64_t stream) const {
  return drawNormalOfVariance(builder, loc, type, seed, stream, 1.0 / getFans(type).mean());
}

Value HeUniformAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed, int64_t stream) const {
  return drawUniformOfVariance(builder, loc, type, seed, stream, 2.0 / getFans(type).in);
}

Value HeNormalAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed, int64_t stream) const {
  return drawNormalOfVariance(builder, loc, type, seed, stream, 2.0 / getFans(type).in);
}

Value LecunUniformAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed,
                              int64_t stream) const {
  return drawUniformOfVariance(builder, loc, type, seed, stream, 1.0 / getFans(type).in);
}

Value LecunNormalAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed,
                             int64_t stream) const {
  return drawNormalOfVariance(builder, loc, type, seed, stream, 1.0 / getFans(type).in);
}

//===----------------------------------------------------------------------===//
// Orthogonal matrices
//===----------------------------------------------------------------------===//

/// -basis v. Not written as a contraction: for one vector, dot products of rows beat what suits a matrix product.
static Value projectNegated(ImplicitLocOpBuilder &b, Value basis, Value v) {
  auto basisType = cast<RankedTensorType>(basis.getType());
  auto type = RankedTensorType::get({basisType.getDimSize(0)}, basisType.getElementType());
  AffineMap identity = b.getMultiDimIdentityMap(2);
  SmallVector<AffineMap> maps = {identity, identity.dropResult(0), identity.dropResult(1)};
  SmallVector<utils::IteratorType> iterators = {utils::IteratorType::parallel, utils::IteratorType::reduction};
  return linalg::GenericOp::create(b, TypeRange{type}, ValueRange{basis, v}, ValueRange{filled(b, type, 0.0)}, maps,
                                   iterators,
                                   [](OpBuilder &nested, Location loc, ValueRange args) {
                                     ImplicitLocOpBuilder b(loc, nested);
                                     Value negated = arith::NegFOp::create(b, mul(b, args[0], args[1]));
                                     linalg::YieldOp::create(b, add(b, args[2], negated));
                                   })
      .getResult(0);
}

/// v - basisᵀ (basis v): `v` without its part in the span of the orthonormal rows of `basis`; zero rows do not matter.
static Value removeSpan(ImplicitLocOpBuilder &b, Value basis, Value v) {
  auto vectorType = cast<RankedTensorType>(v.getType());
  Value weights = projectNegated(b, basis, v);
  Value span =
      linalg::VecmatOp::create(b, ValueRange{weights, basis}, ValueRange{filled(b, vectorType, 0.0)}).getResult(0);
  return mapElements(b, vectorType, {v, span},
                     [](ImplicitLocOpBuilder &b, ValueRange args) -> Value { return add(b, args[0], args[1]); });
}

/// Writes `v` scaled to norm 1 into row `index` of `matrix`.
static Value insertNormalizedRow(ImplicitLocOpBuilder &b, Value v, Value matrix, Value index) {
  auto vectorType = cast<RankedTensorType>(v.getType());
  Value square =
      reduceLast(b, v, 0.0, [](ImplicitLocOpBuilder &b, Value x, Value sum) { return add(b, sum, mul(b, x, x)); });
  SmallVector<OpFoldResult> offsets = {index, b.getIndexAttr(0)}, strides(2, b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1), b.getIndexAttr(vectorType.getDimSize(0))};
  Value row = tensor::ExtractSliceOp::create(b, vectorType, matrix, offsets, sizes, strides);
  SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(1), AffineMap::get(1, 0, b.getContext()),
                                 b.getMultiDimIdentityMap(1)};
  Value normalized =
      linalg::GenericOp::create(b, TypeRange{vectorType}, ValueRange{v, square}, ValueRange{row}, maps,
                                ArrayRef(utils::IteratorType::parallel),
                                [&](OpBuilder &nested, Location loc, ValueRange args) {
                                  ImplicitLocOpBuilder b(loc, nested);
                                  Value norm = math::SqrtOp::create(b, args[1]);
                                  linalg::YieldOp::create(b, ValueRange{arith::DivFOp::create(b, args[0], norm)});
                                })
          .getResult(0);
  return tensor::InsertSliceOp::create(b, normalized, matrix, offsets, sizes, strides);
}

/// The rows of `matrix` (no more than columns) made orthonormal in their order, by Gram and Schmidt's process with each
/// projection done twice, which leaves errors of rounding size only (Giraud et al., 2005). Equals Q · sign(diag R) of
/// the transposed matrix's QR decomposition.
static Value orthonormalizeRows(ImplicitLocOpBuilder &b, Value matrix) {
  auto type = cast<RankedTensorType>(matrix.getType());
  auto rowType = RankedTensorType::get({type.getDimSize(1)}, type.getElementType());
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value rows = arith::ConstantIndexOp::create(b, type.getDimSize(0));
  auto loop =
      scf::ForOp::create(b, zero, rows, one, ValueRange{filled(b, type, 0.0)},
                         [&](OpBuilder &nested, Location loc, Value index, ValueRange carried) {
                           ImplicitLocOpBuilder b(loc, nested);
                           SmallVector<OpFoldResult> offsets = {index, b.getIndexAttr(0)},
                                                     strides(2, b.getIndexAttr(1));
                           SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1), b.getIndexAttr(type.getDimSize(1))};
                           Value row = tensor::ExtractSliceOp::create(b, rowType, matrix, offsets, sizes, strides);
                           row = removeSpan(b, carried[0], removeSpan(b, carried[0], row));
                           scf::YieldOp::create(b, ValueRange{insertNormalizedRow(b, row, carried[0], index)});
                         });
  return loop.getResult(0);
}

LogicalResult OrthogonalAttr::verify(function_ref<InFlightDiagnostic()> emitError, Number gain) {
  if (std::isfinite(gain.value))
    return success();
  return emitError() << "orthogonal: gain must be finite, not " << formatNumber(gain.value);
}

Value OrthogonalAttr::build(OpBuilder &builder, Location loc, RankedTensorType type, Value seed, int64_t stream) const {
  if (type.getRank() < 2) {
    emitError(loc) << "orthogonal: takes a parameter of at least two dimensions, not one of type " << type;
    return nullptr;
  }
  ImplicitLocOpBuilder b(loc, builder);
  Type element = type.getElementType();
  int64_t columns = type.getShape().back(), rows = type.getNumElements() / columns;
  // Vectors to orthogonalise are rows here, contiguous in memory, whatever they are in the parameter.
  auto vectorsType = RankedTensorType::get({std::min(rows, columns), std::max(rows, columns)}, element);
  Value result = orthonormalizeRows(b, drawNormal(b, vectorsType, seed, stream, 0.0, 1.0));
  if (rows >= columns) {
    Value empty = tensor::EmptyOp::create(b, ArrayRef<int64_t>{rows, columns}, element);
    result = linalg::TransposeOp::create(b, result, empty, ArrayRef<int64_t>{1, 0}).getResult()[0];
  }
  if (getGain().value != 1.0)
    result = mapElements(b, cast<RankedTensorType>(result.getType()), {result},
                         [&](ImplicitLocOpBuilder &b, ValueRange args) {
                           return mul(b, args[0], constant(b, element, getGain().value));
                         });
  if (type.getRank() == 2)
    return result;
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t d = 0; d + 1 < type.getRank(); ++d)
    groups[0].push_back(d);
  groups[1].push_back(type.getRank() - 1);
  return tensor::ExpandShapeOp::create(b, type, result, groups);
}
