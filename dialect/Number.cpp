// Reading and writing numbers in attributes.
#include "dialect/Number.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <charconv>
#include <cmath>

using namespace mlir;

std::string nn::formatNumber(double number) {
  char buffer[64];
  std::to_chars_result end = std::to_chars(buffer, buffer + sizeof(buffer), number);
  StringRef digits(buffer, end.ptr - buffer);
  if (!std::isfinite(number))
    return digits.str();
  // MLIR's float literals have a point before the exponent.
  auto [mantissa, exponent] = digits.split('e');
  std::string text = mantissa.str();
  if (!mantissa.contains('.'))
    text += ".0";
  return exponent.empty() ? text : text + "e" + exponent.str();
}

std::string nn::formatAttribute(Attribute attribute) {
  auto real = dyn_cast<FloatAttr>(attribute);
  if (real && real.getType().isF64())
    return formatNumber(real.getValueAsDouble());
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    os << "[";
    llvm::interleaveComma(list, os, [&](Attribute element) { os << formatAttribute(element); });
    os << "]";
    return text;
  }
  auto whole = dyn_cast<IntegerAttr>(attribute);
  attribute.print(os, /*elideType=*/whole && whole.getType().isSignlessInteger(64));
  return text;
}

AsmPrinter &nn::operator<<(AsmPrinter &printer, const Number &number) { return printer << formatNumber(number.value); }

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
  return parser.emitError(loc) << "expected a number, not " << nn::formatAttribute(value);
}

FailureOr<std::optional<nn::Number>>
FieldParser<std::optional<nn::Number>, std::optional<nn::Number>>::parse(AsmParser &parser) {
  FailureOr<nn::Number> number = FieldParser<nn::Number, nn::Number>::parse(parser);
  if (failed(number))
    return failure();
  return std::optional<nn::Number>(*number);
}
