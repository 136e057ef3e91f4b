// nn-widen-elements: every f32 of a program becomes f64. With plain loops and libm this makes the reference that
// gradients and the fast path are checked against.
#include "codegen/Passes.h"
#include "dialect/NN.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace mlir::nn {
#define GEN_PASS_DEF_WIDENELEMENTS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

APFloat widen(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value;
}

/// f32 by f64 in types and constants.
AttrTypeReplacer makeWidener() {
  AttrTypeReplacer widener;
  widener.addReplacement([](FloatType type) -> std::optional<Type> {
    if (!type.isF32())
      return std::nullopt;
    return Float64Type::get(type.getContext());
  });
  widener.addReplacement([](FloatAttr attribute) -> std::optional<Attribute> {
    if (!attribute.getType().isF32())
      return std::nullopt;
    return FloatAttr::get(Float64Type::get(attribute.getContext()), widen(attribute.getValue()));
  });
  // Elements are not sub-elements: skip, or the type would change without them.
  widener.addReplacement([](DenseElementsAttr attribute) -> std::optional<std::pair<Attribute, WalkResult>> {
    if (!attribute.getElementType().isF32())
      return std::pair<Attribute, WalkResult>(attribute, WalkResult::skip());
    auto wide = cast<DenseFPElementsAttr>(attribute).mapValues(
        Float64Type::get(attribute.getContext()), [](const APFloat &value) { return widen(value).bitcastToAPInt(); });
    return std::pair<Attribute, WalkResult>(wide, WalkResult::skip());
  });
  return widener;
}

/// Bits of a float are those of an f32 in the program; they stay so around the cast.
void keepBits(arith::BitcastOp cast) {
  OpBuilder builder(cast);
  Location loc = cast.getLoc();
  auto getF32 = [&](Type like) -> Type {
    auto shaped = dyn_cast<ShapedType>(like);
    return shaped ? Type(shaped.clone(builder.getF32Type())) : Type(builder.getF32Type());
  };
  if (getElementTypeOrSelf(cast.getIn()).isF64() && getElementTypeOrSelf(cast.getOut()).isInteger(32))
    cast.getInMutable().assign(arith::TruncFOp::create(builder, loc, getF32(cast.getIn().getType()), cast.getIn()));
  if (getElementTypeOrSelf(cast.getOut()).isF64() && getElementTypeOrSelf(cast.getIn()).isInteger(32)) {
    Type wide = cast.getType();
    cast.getResult().setType(getF32(wide));
    builder.setInsertionPointAfter(cast);
    auto extended = arith::ExtFOp::create(builder, loc, wide, cast.getResult());
    cast.getResult().replaceAllUsesExcept(extended, extended);
  }
}

/// Conversions between f32 and f64 convert nothing any more.
void dropConversion(Operation *op) {
  if (!isa<arith::ExtFOp, arith::TruncFOp>(op) || op->getOperand(0).getType() != op->getResult(0).getType())
    return;
  op->getResult(0).replaceAllUsesWith(op->getOperand(0));
  op->erase();
}

struct WidenElements : nn::impl::WidenElementsBase<WidenElements> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    AttrTypeReplacer widener = makeWidener();
    widener.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
    module.walk([](Operation *op) { dropConversion(op); });
    module.walk([](arith::BitcastOp cast) { keepBits(cast); });
  }
};
} // namespace
