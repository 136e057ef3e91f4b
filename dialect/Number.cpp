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

double nn::toDouble(Attribute number) {
  if (auto real = dyn_cast<FloatAttr>(number))
    return real.getValueAsDouble();
  return static_cast<double>(cast<IntegerAttr>(number).getInt());
}

FailureOr<nn::Number> FieldParser<nn::Number, nn::Number>::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute value;
  if (parser.parseAttribute(value))
    return failure();
  if (auto number = dyn_cast<FloatAttr>(value))
    return nn::Number(number.getValueAsDouble());
  if (auto number = dyn_cast<IntegerAttr>(value); number && number.getType().isInteger(64))
    return nn::Number(static_cast<double>(number.getInt()));
  return parser.emitError(loc) << "expected a number, not " << value;
}
