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
ParseResult parseOptionalOperandType(OpAsmParser &parser,
                                     const std::optional<OpAsmParser::UnresolvedOperand> &operand, Type &type);
inline void printOptionalOperandType(OpAsmPrinter &, Operation *, Value, Type) {}

/// `{units = 10, return_sequences, activation = relu}`: a bare word stands for the string attribute of that text, a
/// key alone for a unit attribute.
ParseResult parseLayerAttributes(OpAsmParser &parser, NamedAttrList &attributes);
void printLayerAttributes(OpAsmPrinter &printer, Operation *op, DictionaryAttr attributes);

} // namespace mlir::nn
