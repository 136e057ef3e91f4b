// Registers the dialect's ops and attributes, and says what is wrong with those that nobody knows.
#include "dialect/NN.h"
#include "dialect/Names.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <utility>

using namespace mlir;
using namespace mlir::nn;

#include "dialect/NNDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/NNAttributes.cpp.inc"

void NNDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/NNOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/NNAttributes.cpp.inc"
      >();
}

template <typename... Attributes> static SmallVector<StringRef> getMnemonics() {
  SmallVector<StringRef> names = {Attributes::getMnemonic()...};
  llvm::sort(names);
  return names;
}

Attribute NNDialect::parseAttribute(DialectAsmParser &parser, Type type) const {
  SMLoc loc = parser.getCurrentLocation();
  // A parameter's parser says what is wrong with it; its caller, which is generated, goes on to name the C++ type that
  // it did not get.
  bool hasFailed = false;
  ScopedDiagnosticHandler first(getContext(), [&](Diagnostic &) { return success(std::exchange(hasFailed, true)); });
  StringRef mnemonic;
  Attribute attribute;
  if (generatedAttributeParser(parser, &mnemonic, type, attribute).has_value())
    return attribute;
  SmallVector<StringRef> known = getMnemonics<
#define GET_ATTRDEF_LIST
#include "dialect/NNAttributes.cpp.inc"
      >();
  parser.emitError(loc) << "there is no #nn." << mnemonic << suggestNames(mnemonic, known);
  return {};
}

void NNDialect::printAttribute(Attribute attribute, DialectAsmPrinter &printer) const {
  (void)generatedAttributePrinter(attribute, printer);
}

static ParseResult refuseUnknownOp(OpAsmParser &parser, OperationState &state) {
  SmallVector<StringRef> known;
  // Not getRegisteredOperationsByDialect, which finds none of a dialect in the middle (LLVM 22).
  for (RegisteredOperationName op : parser.getContext()->getRegisteredOperations())
    if (op.getDialectNamespace() == NNDialect::getDialectNamespace())
      known.push_back(op.stripDialect());
  llvm::sort(known);
  return parser.emitError(parser.getNameLoc()) << "is unknown" << suggestNames(state.name.stripDialect(), known);
}

std::optional<Dialect::ParseOpHook> NNDialect::getParseOperationHook(StringRef) const {
  return ParseOpHook(refuseUnknownOp);
}
