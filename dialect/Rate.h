// A learning rate as an attribute's parameter: a number, or a schedule of it.
#pragma once
#include "dialect/Number.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::nn {

struct Rate {
  Number number;
  /// Implements ScheduleAttrInterface; null where the rate is the number.
  Attribute schedule;
  Rate(double number = 0.0) : number(number) {}
  Rate(Attribute schedule) : schedule(schedule) {}
  bool operator==(const Rate &other) const { return number == other.number && schedule == other.schedule; }
  friend llvm::hash_code hash_value(const Rate &rate) { return llvm::hash_combine(rate.number, rate.schedule); }
};

AsmPrinter &operator<<(AsmPrinter &printer, const Rate &rate);

/// The rate, an f64, after `step` updates, an f64 too.
Value buildRate(ImplicitLocOpBuilder &b, const Rate &rate, Value step);

} // namespace mlir::nn

namespace mlir {
template <> struct FieldParser<nn::Rate, nn::Rate> {
  static FailureOr<nn::Rate> parse(AsmParser &parser);
};
} // namespace mlir
