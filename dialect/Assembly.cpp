// Parsing without written operand types. MLIR's parser resolves an operand only against a type; asked with a type that
// cannot be the value's, it reports the type that the value has, and that report is where the type is taken from.
#include "dialect/Assembly.h"
#include "dialect/Number.h"
#include "dialect/ShapeRules.h"
#include "mlir/AsmParser/AsmParser.h"
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

ParseResult nn::parseMaskType(OpAsmParser &parser, const std::optional<OpAsmParser::UnresolvedOperand> &mask,
                              Type &type) {
  if (failed(parseOptionalOperandType(parser, mask, type)))
    return failure();
  auto tensor = dyn_cast_if_present<RankedTensorType>(type);
  Type element = tensor ? tensor.getElementType() : Type();
  if (!mask || (element && (element.isInteger(32) || element.isInteger(64))))
    return success();
  return parser.emitError(mask->location) << "takes a mask of integers [batch, time], which nn.padding_mask makes of "
                                             "tokens and nn.sequence_mask of lengths, not "
                                          << type;
}

/// The attribute that a bare word stands for under `key`, or null after an error.
static Attribute resolveWord(OpAsmParser &parser, SMLoc loc, StringRef key, StringRef word) {
  if (!key.ends_with("initializer") && !key.ends_with("regularizer"))
    return parser.getBuilder().getStringAttr(word);
  Attribute attribute;
  std::string message;
  {
    ScopedDiagnosticHandler handler(parser.getContext(), [&](Diagnostic &diagnostic) {
      message = diagnostic.str();
      return success();
    });
    attribute = parseAttribute(("#nn." + word).str(), parser.getContext());
  }
  if (!attribute)
    parser.emitError(loc) << key << ": " << message;
  return attribute;
}

/// A value: any attribute, or a bare word.
static ParseResult parseAttributeValue(OpAsmParser &parser, StringRef key, Attribute &value) {
  OptionalParseResult attribute = parser.parseOptionalAttribute(value);
  if (attribute.has_value())
    return *attribute;
  StringRef word;
  SMLoc loc = parser.getCurrentLocation();
  if (failed(parser.parseOptionalKeyword(&word)))
    return parser.emitError(loc, "expected a number, a word, a string or an attribute");
  value = resolveWord(parser, loc, key, word);
  return success(static_cast<bool>(value));
}

/// Whether the rest of an op's assembly already says what the attribute holds.
static bool isImpliedByForm(StringRef name) {
  return llvm::is_contained({"operandSegmentSizes", "sym_name", "type"}, name);
}

/// The attributes that an op's braces may hold.
static SmallVector<StringRef> getKnownAttributes(RegisteredOperationName op) {
  SmallVector<StringRef> names;
  for (StringAttr name : op.getAttributeNames())
    if (!isImpliedByForm(name))
      names.push_back(name);
  return names;
}

/// What the checks that the op's definition states find: the attribute and what it takes; or, with an empty attribute,
/// a message; nothing where all holds.
struct AttributeProblem {
  std::string key, text;
};
static std::optional<AttributeProblem> findAttributeProblem(Location loc, StringRef op, DictionaryAttr attributes,
                                                            AttributeVerifier verify) {
  std::string message;
  {
    ScopedDiagnosticHandler handler(loc.getContext(), [&](Diagnostic &diagnostic) {
      message = diagnostic.str();
      return success();
    });
    if (succeeded(verify(loc, attributes)))
      return std::nullopt;
  }
  StringRef rest = message;
  rest.consume_front(("'" + op + "' op ").str());
  auto [key, constraint] = rest.split("' failed to satisfy constraint: ");
  if (!key.consume_front("attribute '") || !attributes.get(key))
    return AttributeProblem{"", rest.str()};
  return AttributeProblem{key.str(), constraint.str()};
}

/// Runs the checks that the op's definition states, and words what they find as shape rules do:
/// `'nn.dense' (name): got units = 0, takes a positive whole number`. A flag that is written alone may also be given as
/// true or false, and the other way round.
static LogicalResult checkAttributeValues(OpAsmParser &parser, StringRef op, NamedAttrList &list,
                                          AttributeVerifier verify) {
  Location loc = parser.getEncodedSourceLoc(parser.getNameLoc());
  std::optional<AttributeProblem> problem;
  DictionaryAttr attributes;
  while (true) {
    attributes = list.getDictionary(parser.getContext());
    problem = findAttributeProblem(loc, op, attributes, verify);
    if (!problem)
      return success();
    Attribute given = attributes.get(problem->key);
    auto flag = dyn_cast_if_present<BoolAttr>(given);
    if (problem->text == "true or false" && isa_and_present<UnitAttr>(given))
      list.set(problem->key, parser.getBuilder().getBoolAttr(true));
    else if (problem->text != "unit attribute" || !flag)
      break;
    else if (flag.getValue())
      list.set(problem->key, parser.getBuilder().getUnitAttr());
    else
      list.erase(problem->key);
  }
  ShapeError error = emitShapeError(loc, op, attributes);
  const auto &[key, constraint] = *problem;
  if (key.empty())
    return error << constraint;
  return error << "got " << key << " = " << formatAttribute(attributes.get(key)) << ", takes "
               << (constraint == "unit attribute" ? "true or false, or to be written alone" : constraint);
}

ParseResult nn::parseLayerAttributes(OpAsmParser &parser, NamedAttrList &attributes, StringRef op,
                                     AttributeVerifier verify) {
  auto registered = RegisteredOperationName::lookup(op, parser.getContext());
  auto parseEntry = [&]() -> ParseResult {
    std::string key;
    SMLoc loc = parser.getCurrentLocation();
    if (failed(parser.parseKeywordOrString(&key)))
      return failure();
    if (attributes.get(key))
      return parser.emitError(loc) << "'" << key << "' is given twice";
    if (failed(checkAttributeName(*registered, key, [&] { return parser.emitError(loc); })))
      return failure();
    Attribute value = parser.getBuilder().getUnitAttr();
    if (succeeded(parser.parseOptionalEqual()) && failed(parseAttributeValue(parser, key, value)))
      return failure();
    attributes.append(key, value);
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalLBrace())) {
    if (failed(parser.parseOptionalRBrace()) &&
        (failed(parser.parseCommaSeparatedList(parseEntry)) || failed(parser.parseRBrace())))
      return failure();
  } else if (succeeded(parser.parseOptionalComma())) {
    // Else the first thing to be missed would be an attribute that stands behind it.
    return parser.emitError(loc) << "takes no further operand";
  }
  // Shape rules read attributes before the op exists, which is when it would get its defaults.
  registered->populateDefaultAttrs(attributes);
  return checkAttributeValues(parser, op, attributes, verify);
}

LogicalResult nn::checkAttributeName(RegisteredOperationName op, StringRef name,
                                     function_ref<InFlightDiagnostic()> emitError) {
  SmallVector<StringRef> known = getKnownAttributes(op);
  // `nn.batch` and the like are notes that passes leave, on whatever op.
  if (name.contains('.') || isImpliedByForm(name) || llvm::is_contained(known, name))
    return success();
  InFlightDiagnostic error = emitError();
  error << "has no attribute '" << name << "'";
  if (known.empty())
    return error << "; it takes none";
  return error << "; known: " << llvm::join(known, ", ");
}

/// Whether the text can be written without quotes and read back as the same string.
static bool isBareWord(StringRef text) {
  // What begins another attribute or a type.
  static constexpr StringLiteral reserved[] = {
      "true",   "false",    "unit",    "dense",  "dense_resource", "sparse",     "array",
      "loc",    "distinct", "index",   "tensor", "none",           "bf16",       "tf32",
      "vector", "memref",   "complex", "tuple",  "strided",        "affine_map", "affine_set"};
  auto isWordStart = [](char c) { return llvm::isAlpha(c) || c == '_'; };
  if (text.empty() || !isWordStart(text.front()) || llvm::is_contained(reserved, text))
    return false;
  // Words such as `f32`, `i8` and `si8` are types, or begin like one.
  StringRef rest = text;
  if (rest.consume_front("si") || rest.consume_front("ui") || rest.consume_front("i") || rest.consume_front("f"))
    if (!rest.empty() && llvm::isDigit(rest.front()))
      return false;
  return llvm::all_of(text, [&](char c) { return isWordStart(c) || llvm::isDigit(c); });
}

/// Numbers of the default types are written without them.
static bool hasImpliedType(Attribute value) {
  if (auto number = dyn_cast<IntegerAttr>(value))
    return number.getType().isSignlessInteger(64);
  if (auto number = dyn_cast<FloatAttr>(value))
    return number.getType().isF64();
  return false;
}

void nn::printLayerAttributes(OpAsmPrinter &printer, Operation *op, DictionaryAttr attributes, StringRef,
                              AttributeVerifier) {
  NamedAttrList defaults;
  op->getRegisteredInfo()->populateDefaultAttrs(defaults);
  SmallVector<NamedAttribute> shown;
  for (NamedAttribute attribute : attributes)
    if (!isImpliedByForm(attribute.getName()) && defaults.get(attribute.getName()) != attribute.getValue())
      shown.push_back(attribute);
  if (shown.empty())
    return;
  printer << " {";
  llvm::interleaveComma(shown, printer, [&](NamedAttribute attribute) {
    Attribute value = attribute.getValue();
    printer.printKeywordOrString(attribute.getName());
    if (isa<UnitAttr>(value))
      return;
    printer << " = ";
    if (auto text = dyn_cast<StringAttr>(value); text && isBareWord(text.getValue()))
      printer << text.getValue();
    else if (hasImpliedType(value))
      printer.printAttributeWithoutType(value);
    else
      printer.printAttribute(value);
  });
  printer << "}";
}
