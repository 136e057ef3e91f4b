// The embedding layer: rows gathered by index, and their gradients added up row by row.
#include "dialect/RowLists.h"
#include "dialect/RowRuns.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> input =
      checkInput(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 1);
  if (failed(input))
    return failure();
  // Before its parameter is there, which then says more, the layer is one of f32.
  Type element = Float32Type::get(context);
  if (!adaptor.getParams().empty())
    element = getElementTypeOrSelf(adaptor.getParams().front().getType());
  SmallVector<int64_t> shape(input->getShape());
  shape.push_back(adaptor.getDim());
  results.push_back(RankedTensorType::get(shape, element));
  return success();
}

SmallVector<ParameterSpec> EmbeddingOp::getParameterSpecs() {
  auto type = RankedTensorType::get({static_cast<int64_t>(getVocab()), static_cast<int64_t>(getDim())},
                                    getElementTypeOrSelf(getType()));
  Attribute uniform = RandomUniformAttr::get(getContext(), -0.05, 0.05);
  return {{"embeddings", type, getEmbeddingsInitializer().value_or(uniform), getEmbeddingsRegularizerAttr()}};
}

int64_t EmbeddingOp::getDepth() { return 1; }

int64_t EmbeddingOp::getMultiplyAdds() { return 0; }

std::optional<int64_t> EmbeddingOp::getIndexBound(unsigned operandNumber) {
  return operandNumber == 0 ? std::optional<int64_t>(getVocab()) : std::nullopt;
}

FailureOr<SmallVector<Value>> EmbeddingOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  int64_t rank = type.getRank(), vocab = getVocab();
  Value table = getParams()[0];
  AffineMap all = b.getMultiDimIdentityMap(rank), tokens = all.dropResult(rank - 1);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  return SmallVector<Value>{linalg::GenericOp::create(b, TypeRange{type}, ValueRange{getInput()}, ValueRange{empty},
                                                      ArrayRef<AffineMap>{tokens, all}, iterators,
                                                      [&](OpBuilder &nested, Location loc, ValueRange args) {
                                                        ImplicitLocOpBuilder inner(loc, nested);
                                                        Value row = clampToRow(inner, args[0], vocab);
                                                        Value column = linalg::IndexOp::create(inner, rank - 1);
                                                        Value element = tensor::ExtractOp::create(
                                                            inner, table, ValueRange{row, column});
                                                        linalg::YieldOp::create(inner, element);
                                                      })
                                .getResult(0)};
}

LogicalResult EmbeddingOp::verify() {
  if (getLazy() && getEmbeddingsRegularizerAttr())
    return emitOpError()
           << "takes 'lazy' or 'embeddings_regularizer', not both: a penalty has a gradient in every row, "
           << "and 'lazy' leaves the rows alone that the batch does not name";
  return success();
}

Value EmbeddingOp::getTable() { return getParams().empty() ? Value() : getParams()[0]; }

Value EmbeddingOp::getIndices() { return getInput(); }

Value EmbeddingOp::getRows() { return getResult(); }

bool EmbeddingOp::isLazy() { return getLazy(); }

SmallVector<Value> EmbeddingOp::getSavedValues() { return {getInput()}; }

/// Row r of the gradient is the sum of its tokens' gradients, in the order of the batch. It is computed where it is
/// read: an elementwise op, the optimiser's update as a rule, takes it in, and a table of gradients is never made.
FailureOr<SmallVector<Value>> EmbeddingOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                        ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  SmallVector<Value> gradients(getNumOperands());
  if (gradients.size() < 2 || !wanted[1])
    return gradients;
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto tableType = cast<RankedTensorType>(getParams()[0].getType());
  Type element = tableType.getElementType();
  RowLists lists = listRows(b, saved[0], getVocab());
  ArrayRef<int64_t> shape = cast<RankedTensorType>(saved[0].getType()).getShape();
  Value zero = constant(b, element, 0.0), one = arith::ConstantIndexOp::create(b, 1);
  Value table = tensor::EmptyOp::create(b, tableType.getShape(), element);
  auto sumRow = [&](OpBuilder &nested, Location loc, ValueRange) {
    ImplicitLocOpBuilder inner(loc, nested);
    Value row = linalg::IndexOp::create(inner, 0), column = linalg::IndexOp::create(inner, 1);
    auto extractIndex = [&](ImplicitLocOpBuilder &at, Value tensor, Value index) -> Value {
      return arith::IndexCastOp::create(at, at.getIndexType(), tensor::ExtractOp::create(at, tensor, index));
    };
    Value begin = extractIndex(inner, lists.starts, row);
    Value end = extractIndex(inner, lists.starts, arith::AddIOp::create(inner, row, one));
    auto loop = scf::ForOp::create(
        inner, begin, end, one, ValueRange{zero}, [&](OpBuilder &body, Location loc, Value place, ValueRange sum) {
          ImplicitLocOpBuilder at(loc, body);
          SmallVector<Value> indices = getIndicesAt(at, extractIndex(at, lists.positions, place), shape);
          indices.push_back(column);
          Value gradient = tensor::ExtractOp::create(at, resultGrads[0], indices);
          scf::YieldOp::create(at, ValueRange{arith::AddFOp::create(at, sum[0], gradient)});
        });
    linalg::YieldOp::create(inner, loop.getResult(0));
  };
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  gradients[1] = linalg::GenericOp::create(b, TypeRange{tableType}, ValueRange{}, ValueRange{table},
                                           ArrayRef<AffineMap>{b.getMultiDimIdentityMap(2)}, iterators, sumRow)
                     .getResult(0);
  return gradients;
}
