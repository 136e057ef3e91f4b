// The dense layer: shape rule, parameters and lowering. Its gradient is that of its lowering.
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult DenseOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,
                                        DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                        SmallVectorImpl<Type> &results) {
  Adaptor adaptor(operands, attributes, properties, regions);
  FailureOr<RankedTensorType> input = checkFloatInput(loc, getOperationName(), attributes, adaptor.getInput(), 2);
  if (failed(input))
    return failure();
  if (failed(verifyActivation(loc, context, getOperationName(), attributes, adaptor.getActivationAttr())))
    return failure();
  SmallVector<int64_t> shape(input->getShape());
  shape.back() = adaptor.getUnits();
  results.push_back(RankedTensorType::get(shape, input->getElementType()));
  return success();
}

SmallVector<ParameterSpec> DenseOp::getParameterSpecs() {
  auto type = cast<RankedTensorType>(getInput().getType());
  int64_t features = type.getShape().back(), units = getUnits();
  MLIRContext *context = getContext();
  SmallVector<ParameterSpec> specs;
  specs.push_back({"kernel", RankedTensorType::get({features, units}, type.getElementType()),
                   getKernelInitializer().value_or(GlorotUniformAttr::get(context)), getKernelRegularizerAttr()});
  if (getUseBias())
    specs.push_back({"bias", RankedTensorType::get({units}, type.getElementType()),
                     getBiasInitializer().value_or(ZerosAttr::get(context)), getBiasRegularizerAttr()});
  return specs;
}

int64_t DenseOp::getDepth() { return 1; }

int64_t DenseOp::getMultiplyAdds() {
  auto type = cast<RankedTensorType>(getInput().getType());
  return countElements({countElements(type.getShape()), static_cast<int64_t>(getUnits())});
}

FailureOr<SmallVector<Value>> DenseOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  Value input = getInput();
  // Rank > 2 is a matrix product on the rows of the flattened input.
  SmallVector<ReassociationIndices> rows(2);
  for (int64_t d = 0; d + 1 < type.getRank(); ++d)
    rows[0].push_back(d);
  rows[1].push_back(type.getRank() - 1);
  int64_t units = getUnits();
  auto matrixType = RankedTensorType::get({type.getNumElements() / units, units}, type.getElementType());
  if (type.getRank() > 2)
    input = tensor::CollapseShapeOp::create(b, input, rows);
  Value product = linalg::MatmulOp::create(b, TypeRange{matrixType}, ValueRange{input, getParams()[0]},
                                           ValueRange{filled(b, matrixType, 0.0)})
                      .getResult(0);
  if (getUseBias())
    product = mapElements(b, matrixType, {product, getParams()[1]}, [](ImplicitLocOpBuilder &b, ValueRange args) {
      return arith::AddFOp::create(b, args[0], args[1]);
    });
  if (type.getRank() > 2)
    product = tensor::ExpandShapeOp::create(b, type, product, rows);
  FailureOr<Value> result = applyActivation(b, getLoc(), getActivationAttr(), product);
  if (failed(result))
    return failure();
  return SmallVector<Value>{*result};
}
