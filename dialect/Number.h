// A double as an attribute's parameter: `#nn.adam<lr = 1.0e-3>`.
#pragma once
#include "mlir/IR/Attributes.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/bit.h"
#include <optional>
#include <string>

namespace mlir::nn {

/// Compares and hashes by bits, as uniqued attributes need.
struct Number {
  double value = 0.0;
  Number(double value = 0.0) : value(value) {}
  explicit operator double() const { return value; }
  bool operator==(const Number &other) const {
    return llvm::bit_cast<uint64_t>(value) == llvm::bit_cast<uint64_t>(other.value);
  }
  friend llvm::hash_code hash_value(const Number &number) {
    return llvm::hash_value(llvm::bit_cast<uint64_t>(number.value));
  }
};

AsmPrinter &operator<<(AsmPrinter &printer, const Number &number);

AsmPrinter &operator<<(AsmPrinter &printer, const std::optional<Number> &number);

/// The shortest decimal form that reads back as the same number: `1.0`, `1.0e-08`.
std::string formatNumber(double number);

/// An attribute as a person writes it: numbers, alone or in a list, without the type that they have by default.
std::string formatAttribute(Attribute attribute);

/// The value of an f64 or i64 attribute.
double toDouble(Attribute number);

/// Whether an attribute is one of these.
bool isNumber(Attribute attribute);

} // namespace mlir::nn

namespace mlir {
template <> struct FieldParser<nn::Number, nn::Number> {
  /// Takes a float or an integer literal.
  static FailureOr<nn::Number> parse(AsmParser &parser);
};
template <> struct FieldParser<std::optional<nn::Number>, std::optional<nn::Number>> {
  static FailureOr<std::optional<nn::Number>> parse(AsmParser &parser);
};
} // namespace mlir
