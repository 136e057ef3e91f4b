// Gradients of tensor ops: each is the transpose of a linear map, so only indices and shapes are saved.
#include "dialect/ReverseMode.h"
#include "dialect/UpstreamGradients.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// A rule for one kind of op. `b` inserts at the op's location, `g` is the gradient of its only result, `wanted` has
/// one flag per operand, `saved` maps the op's integer operands.
struct Adjoint {
  ImplicitLocOpBuilder &b;
  Value g;
  ArrayRef<bool> wanted;
  DenseMap<Value, Value> saved;

  Value zero(Type type) { return zeroOf(b, b.getLoc(), type); }
  /// Offsets, sizes or strides with saved values in place of the op's operands.
  SmallVector<OpFoldResult> fold(ArrayRef<OpFoldResult> mixed) {
    return llvm::map_to_vector(mixed, [&](OpFoldResult entry) -> OpFoldResult {
      auto value = dyn_cast<Value>(entry);
      return value ? OpFoldResult(saved.lookup(value)) : entry;
    });
  }
  SmallVector<Value> fold(ValueRange indices) {
    return llvm::map_to_vector(indices, [&](Value index) { return saved.lookup(index); });
  }
  SmallVector<OpFoldResult> constants(ArrayRef<int64_t> numbers) {
    return llvm::map_to_vector(numbers, [&](int64_t number) -> OpFoldResult { return b.getIndexAttr(number); });
  }
  SmallVector<OpFoldResult> ones(int64_t rank) { return constants(SmallVector<int64_t>(rank, 1)); }
};

using Grads = SmallVector<Value>;

Grads adjoint(tensor::ExtractSliceOp op, Adjoint a) {
  return {tensor::InsertSliceOp::create(a.b, a.g, a.zero(op.getSourceType()), a.fold(op.getMixedOffsets()),
                                        a.fold(op.getMixedSizes()), a.fold(op.getMixedStrides()))};
}

Grads adjoint(tensor::InsertSliceOp op, Adjoint a) {
  SmallVector<OpFoldResult> offsets = a.fold(op.getMixedOffsets()), sizes = a.fold(op.getMixedSizes()),
                            strides = a.fold(op.getMixedStrides());
  Grads grads(2);
  if (a.wanted[0])
    grads[0] = tensor::ExtractSliceOp::create(a.b, op.getSourceType(), a.g, offsets, sizes, strides);
  if (a.wanted[1])
    grads[1] = tensor::InsertSliceOp::create(a.b, a.zero(op.getSourceType()), a.g, offsets, sizes, strides);
  return grads;
}

Grads adjoint(tensor::ExpandShapeOp op, Adjoint a) {
  return {tensor::CollapseShapeOp::create(a.b, op.getSrcType(), a.g, op.getReassociationIndices())};
}

Grads adjoint(tensor::CollapseShapeOp op, Adjoint a) {
  return {tensor::ExpandShapeOp::create(a.b, op.getSrcType(), a.g, op.getReassociationIndices())};
}

Grads adjoint(tensor::PadOp op, Adjoint a) {
  auto type = cast<RankedTensorType>(op.getSource().getType());
  return {tensor::ExtractSliceOp::create(a.b, type, a.g, a.fold(op.getMixedLowPad()), a.constants(type.getShape()),
                                         a.ones(type.getRank()))};
}

Grads adjoint(tensor::ConcatOp op, Adjoint a) {
  Grads grads;
  auto rank = cast<RankedTensorType>(op.getType()).getRank();
  SmallVector<int64_t> offsets(rank, 0);
  for (auto [input, wanted] : llvm::zip(op.getInputs(), a.wanted)) {
    auto type = cast<RankedTensorType>(input.getType());
    grads.push_back(wanted ? tensor::ExtractSliceOp::create(a.b, type, a.g, a.constants(offsets),
                                                            a.constants(type.getShape()), a.ones(rank))
                           : Value());
    offsets[op.getDim()] += type.getShape()[op.getDim()];
  }
  return grads;
}

Grads adjoint(tensor::CastOp op, Adjoint a) { return {tensor::CastOp::create(a.b, op.getSource().getType(), a.g)}; }

Grads adjoint(tensor::ReshapeOp op, Adjoint a) {
  auto type = cast<RankedTensorType>(op.getSource().getType());
  auto shapeType = RankedTensorType::get({type.getRank()}, a.b.getI64Type());
  Value shape = arith::ConstantOp::create(a.b, DenseIntElementsAttr::get(shapeType, type.getShape()));
  return {tensor::ReshapeOp::create(a.b, type, a.g, shape), Value()};
}

/// The sum of a tensor's elements, a scalar.
Value sumOfAll(ImplicitLocOpBuilder &b, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto scalarType = RankedTensorType::get({}, type.getElementType());
  int64_t rank = type.getRank();
  SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(rank), AffineMap::get(rank, 0, b.getContext())};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::reduction);
  Value init = zeroOf(b, b.getLoc(), scalarType);
  Value sum = linalg::GenericOp::create(b, TypeRange{scalarType}, ValueRange{tensor}, ValueRange{init}, maps, iterators,
                                        [](OpBuilder &nested, Location loc, ValueRange args) {
                                          Value next = arith::AddFOp::create(nested, loc, args[1], args[0]);
                                          linalg::YieldOp::create(nested, loc, next);
                                        })
                  .getResult(0);
  return tensor::ExtractOp::create(b, sum, ValueRange{});
}

Grads adjoint(tensor::SplatOp op, Adjoint a) { return {sumOfAll(a.b, a.g)}; }

Grads adjoint(tensor::FromElementsOp op, Adjoint a) {
  auto type = cast<RankedTensorType>(op.getType());
  Grads grads;
  for (auto [position, wanted] : llvm::enumerate(a.wanted)) {
    SmallVector<Value> indices(type.getRank());
    int64_t rest = position;
    for (int64_t dim = type.getRank() - 1; wanted && dim >= 0; rest /= type.getDimSize(dim), --dim)
      indices[dim] = arith::ConstantIndexOp::create(a.b, rest % type.getDimSize(dim));
    grads.push_back(wanted ? tensor::ExtractOp::create(a.b, a.g, indices) : Value());
  }
  return grads;
}

Grads adjoint(tensor::ExtractOp op, Adjoint a) {
  RankedTensorType type = op.getTensor().getType();
  Grads grads(op->getNumOperands());
  if (type.getNumElements() == 1)
    grads[0] = tensor::FromElementsOp::create(a.b, type, a.g);
  else
    grads[0] = tensor::InsertOp::create(a.b, a.g, a.zero(type), a.fold(op.getIndices()));
  return grads;
}

Grads adjoint(tensor::InsertOp op, Adjoint a) {
  SmallVector<Value> indices = a.fold(op.getIndices());
  Grads grads(op->getNumOperands());
  if (a.wanted[0])
    grads[0] = tensor::ExtractOp::create(a.b, a.g, indices);
  if (a.wanted[1])
    grads[1] = tensor::InsertOp::create(a.b, a.zero(op.getScalar().getType()), a.g, indices);
  return grads;
}

Grads adjoint(bufferization::MaterializeInDestinationOp op, Adjoint a) { return {a.g, Value()}; }

std::string obstacle(Operation *op) {
  auto isStatic = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return !isa<ShapedType>(type) || (tensor && tensor.hasStaticShape());
  };
  if (!llvm::all_of(op->getOperandTypes(), isStatic) || !llvm::all_of(op->getResultTypes(), isStatic))
    return "has a dynamic shape";
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    if (!pad.getConstantPaddingValue())
      return "pads with a value that is not one constant";
  return {};
}

/// A destination that is overwritten whole does not count.
template <typename Op> bool ignoresOperand(unsigned index) {
  return std::is_same_v<Op, bufferization::MaterializeInDestinationOp> && index == 1;
}

template <typename Op> struct Linear : DifferentiableOpInterface::ExternalModel<Linear<Op>, Op> {
  std::string getObstacle(Operation *op, ArrayRef<bool>) const { return obstacle(op); }

  bool isDifferentiableInput(Operation *op, unsigned index) const {
    return !ignoresOperand<Op>(index) && isa<FloatType>(getElementTypeOrSelf(op->getOperand(index).getType()));
  }

  SmallVector<Value> getSavedValues(Operation *op) const {
    return llvm::filter_to_vector(op->getOperands(), [](Value value) { return value.getType().isIndex(); });
  }

  FailureOr<SmallVector<Value>> buildAdjoint(Operation *op, OpBuilder &builder, ValueRange saved,
                                             ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) const {
    DenseMap<Value, Value> savedFor;
    for (auto [value, copy] : llvm::zip(getSavedValues(op), saved))
      savedFor[value] = copy;
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    SmallVector<Value> grads = adjoint(cast<Op>(op), Adjoint{b, resultGrads[0], wanted, std::move(savedFor)});
    grads.resize(op->getNumOperands());
    return grads;
  }
};

template <typename... Ops> void attach(MLIRContext *context) {
  (Ops::template attachInterface<Linear<Ops>>(*context), ...);
}

} // namespace

void nn::registerTensorGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    attach<tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::PadOp,
           tensor::ConcatOp, tensor::CastOp, tensor::ReshapeOp, tensor::SplatOp, tensor::FromElementsOp,
           tensor::ExtractOp, tensor::InsertOp>(context);
  });
  registry.addExtension(+[](MLIRContext *context, bufferization::BufferizationDialect *) {
    attach<bufferization::MaterializeInDestinationOp>(context);
  });
}
