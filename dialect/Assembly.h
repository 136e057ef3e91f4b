// Custom assembly directives of the nn dialect: operand types that are not written, and layer attributes whose values
// may be bare words.
#pragma once
#include "mlir/IR/OpImplementation.h"

namespace mlir::nn {

/// Takes the type of an operand from the value it names, which must be defined above.
ParseResult parseOperandType(OpAsmParser &parser, const OpAsmParser::UnresolvedOperand &operand, Type &type);
inline void printOperandType(OpAsmPrinter &, Operation *, Value, Type) {}

/// The same for a list of operands.
ParseResult parseOperandTypes(OpAsmParser &parser, ArrayRef<OpAsmParser::UnresolvedOperand> operands,
                              SmallVectorImpl<Type> &types);
inline void printOperandTypes(OpAsmPrinter &, Operation *, ValueRange, TypeRange) {}

/// The same for an operand that may be absent.
ParseResult parseOptionalOperandType(OpAsmParser &parser, const std::optional<OpAsmParser::UnresolvedOperand> &operand,
                                     Type &type);
inline void printOptionalOperandType(OpAsmPrinter &, Operation *, Value, Type) {}

/// The same for the mask of a layer, and what it is to be where it is none.
ParseResult parseMaskType(OpAsmParser &parser, const std::optional<OpAsmParser::UnresolvedOperand> &mask, Type &type);
inline void printMaskType(OpAsmPrinter &, Operation *, Value, Type) {}

/// Refuses an attribute that `op` does not know, naming those it knows. Names with a dot are free. `emitError` begins a
/// message that names the op.
LogicalResult checkAttributeName(RegisteredOperationName op, StringRef name,
                                 function_ref<InFlightDiagnostic()> emitError);

/// Checks an op's attributes as its verifier will, before its shape rule reads them. An op with several variadic
/// operands has an attribute of `segments` numbers that the parser adds later.
template <typename Adaptor, size_t segments = 0>
LogicalResult verifyAttributes(Location loc, DictionaryAttr attributes) {
  if constexpr (segments > 0) {
    NamedAttrList all(attributes);
    std::array<int32_t, segments> none{};
    all.set("operandSegmentSizes", DenseI32ArrayAttr::get(loc.getContext(), none));
    attributes = all.getDictionary(loc.getContext());
  }
  return Adaptor(ValueRange(), attributes, OpaqueProperties(nullptr), RegionRange()).verify(loc);
}
using AttributeVerifier = LogicalResult (*)(Location, DictionaryAttr);

/// `{units = 10, return_sequences, activation = relu}`: a bare word stands for the string attribute of that text (for
/// the nn attribute of that name under `…initializer` and `…regularizer`), a key alone for a unit attribute. Refuses
/// what `op` does not know.
ParseResult parseLayerAttributes(OpAsmParser &parser, NamedAttrList &attributes, StringRef op,
                                 AttributeVerifier verify);

/// Leaves out what has its default value.
void printLayerAttributes(OpAsmPrinter &printer, Operation *op, DictionaryAttr attributes, StringRef = {},
                          AttributeVerifier = nullptr);

} // namespace mlir::nn
