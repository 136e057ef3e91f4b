// The embedding layer: rows gathered by index, and their gradients added up row by row.
#include "dialect/Layer.h"

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

/// The row that `token` names. Whatever the index, memory stays safe; a wrong one is refused by the runtime.
static Value getRow(ImplicitLocOpBuilder &b, Value token, int64_t vocab) {
  Type type = token.getType();
  int64_t largest = vocab - 1;
  if (type.isInteger(32))
    largest = std::min<int64_t>(largest, INT32_MAX);
  Value last = arith::ConstantOp::create(b, b.getIntegerAttr(type, largest));
  return arith::IndexCastOp::create(b, b.getIndexType(), arith::MinUIOp::create(b, token, last));
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
                                                        Value row = getRow(inner, args[0], vocab);
                                                        Value column = linalg::IndexOp::create(inner, rank - 1);
                                                        Value element = tensor::ExtractOp::create(
                                                            inner, table, ValueRange{row, column});
                                                        linalg::YieldOp::create(inner, element);
                                                      })
                                .getResult(0)};
}

SmallVector<Value> EmbeddingOp::getSavedValues() { return {getInput()}; }

/// Columns that one parallel iteration of the gradient takes: the largest divisor of `dim` of whole vectors, at most
/// 64; all of them where there is none.
static int64_t getColumnBlock(int64_t dim) {
  for (int64_t block = 64; block >= 16; block -= 16)
    if (dim % block == 0)
      return block;
  return dim;
}

/// A rank-changing slice of `rows` × `columns` elements at (row, column), unit strides.
struct Window {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  Window(ImplicitLocOpBuilder &b, OpFoldResult row, OpFoldResult column, int64_t rows, int64_t columns)
      : offsets{row, column}, sizes{b.getIndexAttr(rows), b.getIndexAttr(columns)},
        strides{b.getIndexAttr(1), b.getIndexAttr(1)} {}
};

/// Adds the gradient of each token to its row, in the order of the tokens: each block of columns by a parallel
/// iteration of its own, so that no two add to one element.
FailureOr<SmallVector<Value>> EmbeddingOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                        ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  SmallVector<Value> gradients(getNumOperands());
  if (gradients.size() < 2 || !wanted[1])
    return gradients;
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto tableType = cast<RankedTensorType>(getParams()[0].getType());
  Type element = tableType.getElementType();
  int64_t vocab = getVocab(), dim = getDim(), block = getColumnBlock(dim);

  // Tokens and gradients as lists.
  Value tokens = saved[0], gradient = resultGrads[0];
  auto tokensType = cast<RankedTensorType>(tokens.getType());
  int64_t rank = tokensType.getRank(), count = tokensType.getNumElements();
  if (rank > 1) {
    auto leading = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank));
    tokens = tensor::CollapseShapeOp::create(b, tokens, ArrayRef<ReassociationIndices>{leading});
    gradient = tensor::CollapseShapeOp::create(b, gradient, ArrayRef<ReassociationIndices>{leading, {rank}});
  }

  Value table = tensor::EmptyOp::create(b, tableType.getShape(), element);
  auto addBlock = [&](OpBuilder &nested, Location loc, ValueRange args) {
    ImplicitLocOpBuilder b(loc, nested);
    Value column = args[0], shared = args[1];
    Window columns(b, b.getIndexAttr(0), column, vocab, block);
    Value slice = tensor::ExtractSliceOp::create(b, shared, columns.offsets, columns.sizes, columns.strides);
    Value zeros = linalg::FillOp::create(b, ValueRange{constant(b, element, 0.0)}, ValueRange{slice}).getResult(0);
    Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
    Value last = arith::ConstantIndexOp::create(b, count);
    auto loop = scf::ForOp::create(
        b, zero, last, one, ValueRange{zeros},
        [&](OpBuilder &nested, Location loc, Value position, ValueRange carried) {
          ImplicitLocOpBuilder b(loc, nested);
          Value row = getRow(b, tensor::ExtractOp::create(b, tokens, ValueRange{position}), vocab);
          auto rowType = RankedTensorType::get({block}, element);
          Window from(b, position, column, 1, block), to(b, row, b.getIndexAttr(0), 1, block);
          Value added = tensor::ExtractSliceOp::create(b, rowType, gradient, from.offsets, from.sizes, from.strides);
          Value sum = tensor::ExtractSliceOp::create(b, rowType, carried[0], to.offsets, to.sizes, to.strides);
          AffineMap id = b.getMultiDimIdentityMap(1);
          sum = linalg::GenericOp::create(b, TypeRange{rowType}, ValueRange{added}, ValueRange{sum},
                                          ArrayRef<AffineMap>{id, id},
                                          ArrayRef<utils::IteratorType>{utils::IteratorType::parallel},
                                          [](OpBuilder &nested, Location loc, ValueRange args) {
                                            Value sum = arith::AddFOp::create(nested, loc, args[1], args[0]);
                                            linalg::YieldOp::create(nested, loc, sum);
                                          })
                    .getResult(0);
          Value updated = tensor::InsertSliceOp::create(b, sum, carried[0], to.offsets, to.sizes, to.strides);
          scf::YieldOp::create(b, updated);
        });
    auto parallel = scf::InParallelOp::create(b);
    b.setInsertionPointToStart(parallel.getBody());
    tensor::ParallelInsertSliceOp::create(b, loop.getResult(0), shared, columns.offsets, columns.sizes,
                                          columns.strides);
  };
  auto forall =
      scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(0)}, ArrayRef<OpFoldResult>{b.getIndexAttr(dim)},
                            ArrayRef<OpFoldResult>{b.getIndexAttr(block)}, ValueRange{table},
                            /*mapping=*/std::nullopt, addBlock);
  gradients[1] = forall.getResult(0);
  return gradients;
}
