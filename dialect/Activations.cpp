// Activations: lowerings. Their gradients are those of their lowerings.
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::nn;

#define ELEMENTWISE_SHAPE_RULE(Op)                                                                                     \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,                  \
                                     DictionaryAttr attributes, OpaqueProperties, RegionRange,                         \
                                     SmallVectorImpl<Type> &results) {                                                 \
    FailureOr<RankedTensorType> input = checkInput(loc, getOperationName(), attributes, operands[0], 1);               \
    if (failed(input))                                                                                                 \
      return failure();                                                                                                \
    results.push_back(*input);                                                                                         \
    return success();                                                                                                  \
  }

ELEMENTWISE_SHAPE_RULE(ReluOp)

FailureOr<SmallVector<Value>> ReluOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  return SmallVector<Value>{mapElements(b, type, {getInput()}, [](ImplicitLocOpBuilder &b, ValueRange args) {
    return arith::MaximumFOp::create(b, args[0], constant(b, args[0].getType(), 0.0));
  })};
}
