// Reading and writing numbers in attributes.
#include "dialect/Number.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <charconv>

using namespace mlir;

AsmPrinter &nn::operator<<(AsmPrinter &printer, const Number &number) {
  char buffer[64];
  std::to_chars_result end = std::to_chars(buffer, buffer + sizeof(buffer), number.value);
  StringRef text(buffer, end.ptr - buffer);
  // MLIR's float literals have a point before the exponent.
  auto [mantissa, exponent] = text.split('e');
  printer << mantissa;
  if (!mantissa.contains('.'))
    printer << ".0";
  if (!exponent.empty())
    printer << "e" << exponent;
  return printer;
}

AsmPrinter &nn::operator<<(AsmPrinter &printer, const std::optional<Number> &number) {
  return number ? printer << *number : printer;
}

double nn::toDouble(Attribute number) {
  if (auto real = dyn_cast<FloatAttr>(number))
    return real.getValueAsDouble();
  return static_cast<double>(cast<IntegerAttr>(number).getInt());
}

bool nn::isNumber(Attribute attribute) {
  auto integer = dyn_cast<IntegerAttr>(attribute);
  return isa<FloatAttr>(attribute) || (integer && integer.getType().isInteger(64));
}

FailureOr<nn::Number> FieldParser<nn::Number, nn::Number>::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute value;
  if (parser.parseAttribute(value))
    return failure();
  if (nn::isNumber(value))
    return nn::Number(nn::toDouble(value));
  return parser.emitError(loc) << "expected a number, not " << value;
}

FailureOr<std::optional<nn::Number>>
FieldParser<std::optional<nn::Number>, std::optional<nn::Number>>::parse(AsmParser &parser) {
  FailureOr<nn::Number> number = FieldParser<nn::Number, nn::Number>::parse(parser);
  if (failed(number))
    return failure();
  return std::optional<nn::Number>(*number);
}
