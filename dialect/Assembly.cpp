// Parsing without written operand types. MLIR's parser resolves an operand only against a type; asked with a type that
// cannot be the value's, it reports the type that the value has, and that report is where the type is taken from.
#include "dialect/Assembly.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::nn;

ParseResult nn::parseOperandType(OpAsmParser &parser, const OpAsmParser::UnresolvedOperand &operand, Type &type) {
  MLIRContext *context = parser.getContext();
  // No tensor value has this type, so resolving against it fails unless the value is not defined yet.
  Type probe = FunctionType::get(context, {}, {});
  Type found;
  {
    ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
      for (const DiagnosticArgument &argument : diagnostic.getArguments())
        if (argument.getKind() == DiagnosticArgument::DiagnosticArgumentKind::Type && argument.getAsType() != probe)
          found = argument.getAsType();
      return success();
    });
    SmallVector<Value, 1> resolved;
    (void)parser.resolveOperand(operand, probe, resolved);
  }
  if (!found)
    return parser.emitError(operand.location)
           << "'" << operand.name << "' is not defined above its use, so its type is not known here";
  type = found;
  return success();
}

ParseResult nn::parseOperandTypes(OpAsmParser &parser, ArrayRef<OpAsmParser::UnresolvedOperand> operands,
                                  SmallVectorImpl<Type> &types) {
  for (const OpAsmParser::UnresolvedOperand &operand : operands)
    if (failed(parseOperandType(parser, operand, types.emplace_back())))
      return failure();
  return success();
}

ParseResult nn::parseOptionalOperandType(OpAsmParser &parser,
                                         const std::optional<OpAsmParser::UnresolvedOperand> &operand, Type &type) {
  return operand ? parseOperandType(parser, *operand, type) : ParseResult(success());
}

/// A value: any attribute, or a bare word, which becomes a string.
static ParseResult parseAttributeValue(OpAsmParser &parser, Attribute &value) {
  OptionalParseResult attribute = parser.parseOptionalAttribute(value);
  if (attribute.has_value())
    return *attribute;
  StringRef word;
  if (failed(parser.parseOptionalKeyword(&word)))
    return parser.emitError(parser.getCurrentLocation(), "expected a number, a word, a string or an attribute");
  value = parser.getBuilder().getStringAttr(word);
  return success();
}

ParseResult nn::parseLayerAttributes(OpAsmParser &parser, NamedAttrList &attributes) {
  auto parseEntry = [&]() -> ParseResult {
    std::string key;
    SMLoc loc = parser.getCurrentLocation();
    if (failed(parser.parseKeywordOrString(&key)))
      return failure();
    if (attributes.get(key))
      return parser.emitError(loc) << "'" << key << "' is given twice";
    Attribute value = parser.getBuilder().getUnitAttr();
    if (succeeded(parser.parseOptionalEqual()) && failed(parseAttributeValue(parser, value)))
      return failure();
    attributes.append(key, value);
    return success();
  };
  if (failed(parser.parseOptionalLBrace()))
    return success();
  if (succeeded(parser.parseOptionalRBrace()))
    return success();
  if (failed(parser.parseCommaSeparatedList(parseEntry)))
    return failure();
  return parser.parseRBrace();
}

/// Whether the text can be written without quotes and read back as the same string.
static bool isBareWord(StringRef text) {
  static constexpr StringLiteral reserved[] = {"true",  "false", "unit",   "dense", "sparse", "array",  "loc",
                                               "index", "none",  "tensor", "vector", "memref", "complex", "tuple",
                                               "affine_map", "affine_set", "dense_resource", "distinct", "strided"};
  if (text.empty() || !(llvm::isAlpha(text.front()) || text.front() == '_') || llvm::is_contained(reserved, text))
    return false;
  // Words such as `f32` or `i8` are types.
  if (text.size() > 1 && llvm::StringRef("fisu").contains(text.front()) && text.drop_front().find_if_not(llvm::isDigit) == StringRef::npos)
    return false;
  return llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

void nn::printLayerAttributes(OpAsmPrinter &printer, Operation *op, DictionaryAttr attributes) {
  SmallVector<NamedAttribute> shown;
  for (NamedAttribute attribute : attributes)
    // What the rest of an op's assembly already says.
    if (!llvm::is_contained({"operandSegmentSizes", "sym_name", "type"}, attribute.getName().getValue()))
      shown.push_back(attribute);
  if (shown.empty())
    return;
  printer << " {";
  llvm::interleaveComma(shown, printer, [&](NamedAttribute attribute) {
    printer.printKeywordOrString(attribute.getName());
    if (isa<UnitAttr>(attribute.getValue()))
      return;
    printer << " = ";
    if (auto text = dyn_cast<StringAttr>(attribute.getValue()); text && isBareWord(text.getValue()))
      printer << text.getValue();
    else
      printer.printAttribute(attribute.getValue());
  });
  printer << "}";
}
