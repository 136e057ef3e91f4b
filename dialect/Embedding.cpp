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

namespace {

/// The loops that add the gradient of each token to its row of a table's columns.
struct TokenLoops {
  Value tokens, gradient;
  /// First column and number of columns.
  Value column;
  int64_t block;
  int64_t vocab;

  /// `table` [vocab, block] with the rows of all tokens below `at` added, one loop a dimension.
  Value run(ImplicitLocOpBuilder &b, SmallVector<Value> at, Value table) const {
    int64_t dim = at.size();
    auto type = cast<RankedTensorType>(tokens.getType());
    if (dim == type.getRank())
      return addRow(b, at, table);
    Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
    Value end = arith::ConstantIndexOp::create(b, type.getDimSize(dim));
    auto loop = scf::ForOp::create(b, zero, end, one, ValueRange{table},
                                   [&](OpBuilder &nested, Location loc, Value position, ValueRange carried) {
                                     ImplicitLocOpBuilder inner(loc, nested);
                                     SmallVector<Value> below(at);
                                     below.push_back(position);
                                     scf::YieldOp::create(inner, run(inner, below, carried[0]));
                                   });
    return loop.getResult(0);
  }

private:
  Value addRow(ImplicitLocOpBuilder &b, ArrayRef<Value> at, Value table) const {
    Type element = getElementTypeOrSelf(table.getType());
    auto rowType = RankedTensorType::get({block}, element);
    auto slice = [&](Value tensor, SmallVector<OpFoldResult> offsets) {
      SmallVector<OpFoldResult> sizes(offsets.size(), b.getIndexAttr(1)), strides(offsets.size(), b.getIndexAttr(1));
      sizes.back() = b.getIndexAttr(block);
      return std::tuple(offsets, sizes, strides);
    };
    SmallVector<OpFoldResult> place = llvm::to_vector_of<OpFoldResult>(at);
    place.push_back(column);
    auto [from, fromSizes, fromStrides] = slice(gradient, place);
    Value row = getRow(b, tensor::ExtractOp::create(b, tokens, at), vocab);
    auto [to, toSizes, toStrides] = slice(table, {row, b.getIndexAttr(0)});
    Value added = tensor::ExtractSliceOp::create(b, rowType, gradient, from, fromSizes, fromStrides);
    Value sum = tensor::ExtractSliceOp::create(b, rowType, table, to, toSizes, toStrides);
    AffineMap id = b.getMultiDimIdentityMap(1);
    sum = linalg::GenericOp::create(b, TypeRange{rowType}, ValueRange{added}, ValueRange{sum},
                                    ArrayRef<AffineMap>{id, id},
                                    ArrayRef<utils::IteratorType>{utils::IteratorType::parallel},
                                    [](OpBuilder &nested, Location loc, ValueRange args) {
                                      Value sum = arith::AddFOp::create(nested, loc, args[1], args[0]);
                                      linalg::YieldOp::create(nested, loc, sum);
                                    })
              .getResult(0);
    return tensor::InsertSliceOp::create(b, sum, table, to, toSizes, toStrides);
  }
};

} // namespace

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
  Value table = tensor::EmptyOp::create(b, tableType.getShape(), element);
  auto addBlock = [&](OpBuilder &nested, Location loc, ValueRange args) {
    ImplicitLocOpBuilder b(loc, nested);
    Value column = args[0], shared = args[1];
    SmallVector<OpFoldResult> offsets = {b.getIndexAttr(0), column}, ones(2, b.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = {b.getIndexAttr(vocab), b.getIndexAttr(block)};
    Value slice = tensor::ExtractSliceOp::create(b, shared, offsets, sizes, ones);
    Value zeros = linalg::FillOp::create(b, ValueRange{constant(b, element, 0.0)}, ValueRange{slice}).getResult(0);
    Value sums = TokenLoops{saved[0], resultGrads[0], column, block, vocab}.run(b, {}, zeros);
    auto parallel = scf::InParallelOp::create(b);
    b.setInsertionPointToStart(parallel.getBody());
    tensor::ParallelInsertSliceOp::create(b, sums, shared, offsets, sizes, ones);
  };
  auto forall =
      scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(0)}, ArrayRef<OpFoldResult>{b.getIndexAttr(dim)},
                            ArrayRef<OpFoldResult>{b.getIndexAttr(block)}, ValueRange{table},
                            /*mapping=*/std::nullopt, addBlock);
  gradients[1] = forall.getResult(0);
  return gradients;
}
