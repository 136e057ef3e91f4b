// Schedules: scalar arithmetic in f64 on the number of updates done, in Keras' form. Powers and the cosine are expanded
// to arithmetic with everything else of the step.
#include "dialect/OptimizerParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <numbers>

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Rates
//===----------------------------------------------------------------------===//

AsmPrinter &nn::operator<<(AsmPrinter &printer, const Rate &rate) {
  return rate.schedule ? printer << rate.schedule : printer << rate.number;
}

FailureOr<nn::Rate> FieldParser<nn::Rate, nn::Rate>::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute value;
  if (parser.parseAttribute(value))
    return failure();
  if (isNumber(value))
    return Rate(toDouble(value));
  if (isa<ScheduleAttrInterface>(value))
    return Rate(value);
  return parser.emitError(loc) << "expected a number or a schedule such as #nn.cosine_decay<initial_learning_rate = "
                                  "1.0e-3, decay_steps = 1000>, not "
                               << nn::formatAttribute(value);
}

static Value number(ImplicitLocOpBuilder &b, double value) { return constant(b, b.getF64Type(), value); }

Value nn::buildRate(ImplicitLocOpBuilder &b, const Rate &rate, Value step) {
  if (rate.schedule)
    return cast<ScheduleAttrInterface>(rate.schedule).buildRate(b, b.getLoc(), step);
  return number(b, rate.number.value);
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

static LogicalResult verifySteps(EmitError emitError, StringRef schedule, StringRef name, int64_t steps) {
  if (steps > 0)
    return success();
  return emitError() << schedule << ": " << name << " must be above 0, not " << steps;
}

static LogicalResult verifyDecay(EmitError emitError, StringRef schedule, Number initial, int64_t decaySteps) {
  return success(succeeded(verifyNotNegative(emitError, schedule, "initial_learning_rate", initial)) &&
                 succeeded(verifySteps(emitError, schedule, "decay_steps", decaySteps)));
}

static Value select(ImplicitLocOpBuilder &b, arith::CmpFPredicate predicate, Value x, double y, Value yes, Value no) {
  return arith::SelectOp::create(b, arith::CmpFOp::create(b, predicate, x, number(b, y)), yes, no);
}

/// step / decaySteps, rounded down for a staircase.
static Value getProgress(ImplicitLocOpBuilder &b, Value step, int64_t decaySteps, bool staircase) {
  Value progress = div(b, step, number(b, decaySteps));
  return staircase ? math::FloorOp::create(b, progress) : progress;
}

/// For `steps` steps from `initial` to where `later` begins, then `later`, whose steps are counted from there.
static Value buildWarmup(ImplicitLocOpBuilder &b, Value step, int64_t steps, double initial,
                         function_ref<Value(Value)> later) {
  Value after = later(arith::MaximumFOp::create(b, sub(b, step, number(b, steps)), number(b, 0.0)));
  Value from = number(b, initial);
  Value warm = add(b, mul(b, sub(b, after, from), div(b, step, number(b, steps))), from);
  return select(b, arith::CmpFPredicate::OLT, step, steps, warm, after);
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

LogicalResult ExponentialDecayAttr::verify(EmitError emitError, Number initialLearningRate, int64_t decaySteps,
                                           Number decayRate, bool) {
  return success(succeeded(verifyDecay(emitError, "exponential_decay", initialLearningRate, decaySteps)) &&
                 succeeded(verifyPositive(emitError, "exponential_decay", "decay_rate", decayRate)));
}

Value ExponentialDecayAttr::buildRate(OpBuilder &builder, Location loc, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  Value progress = getProgress(b, step, getDecaySteps(), getStaircase());
  Value decay = math::PowFOp::create(b, number(b, getDecayRate().value), progress);
  return mul(b, number(b, getInitialLearningRate().value), decay);
}

LogicalResult InverseTimeDecayAttr::verify(EmitError emitError, Number initialLearningRate, int64_t decaySteps,
                                           Number decayRate, bool) {
  return success(succeeded(verifyDecay(emitError, "inverse_time_decay", initialLearningRate, decaySteps)) &&
                 succeeded(verifyNotNegative(emitError, "inverse_time_decay", "decay_rate", decayRate)));
}

Value InverseTimeDecayAttr::buildRate(OpBuilder &builder, Location loc, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  Value progress = getProgress(b, step, getDecaySteps(), getStaircase());
  Value divisor = add(b, number(b, 1.0), mul(b, number(b, getDecayRate().value), progress));
  return div(b, number(b, getInitialLearningRate().value), divisor);
}

LogicalResult PolynomialDecayAttr::verify(EmitError emitError, Number initialLearningRate, int64_t decaySteps,
                                          Number endLearningRate, Number power, bool) {
  return success(succeeded(verifyDecay(emitError, "polynomial_decay", initialLearningRate, decaySteps)) &&
                 succeeded(verifyNotNegative(emitError, "polynomial_decay", "end_learning_rate", endLearningRate)) &&
                 succeeded(verifyPositive(emitError, "polynomial_decay", "power", power)));
}

Value PolynomialDecayAttr::buildRate(OpBuilder &builder, Location loc, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  Value steps = number(b, getDecaySteps());
  if (getCycle()) {
    // The first multiple of decay_steps that is not below the step, and the first of all at step 0.
    Value periods = math::CeilOp::create(b, div(b, step, steps));
    steps = mul(b, steps, arith::MaximumFOp::create(b, periods, number(b, 1.0)));
  } else {
    step = arith::MinimumFOp::create(b, step, steps);
  }
  Value left = sub(b, number(b, 1.0), div(b, step, steps));
  Value decay = math::PowFOp::create(b, left, number(b, getPower().value));
  double end = getEndLearningRate().value;
  return add(b, mul(b, number(b, getInitialLearningRate().value - end), decay), number(b, end));
}

LogicalResult PiecewiseConstantDecayAttr::verify(EmitError emitError, ArrayAttr boundaries, ArrayAttr values) {
  constexpr StringLiteral name = "piecewise_constant_decay";
  int64_t before = -1;
  for (Attribute boundary : boundaries) {
    auto whole = dyn_cast<IntegerAttr>(boundary);
    if (!whole || !whole.getType().isInteger(64) || whole.getInt() <= before)
      return emitError() << name << ": boundaries must be whole numbers, not negative and increasing, not "
                         << formatAttribute(boundaries);
    before = whole.getInt();
  }
  for (Attribute value : values) {
    if (!isNumber(value))
      return emitError() << name << ": values must be numbers, not " << formatAttribute(values);
    if (failed(verifyNotNegative(emitError, name, "each of values", toDouble(value))))
      return failure();
  }
  if (boundaries.empty() || values.size() != boundaries.size() + 1)
    return emitError() << name << ": takes at least one boundary, and one value more than boundaries, not "
                       << boundaries.size() << " and " << values.size();
  return success();
}

Value PiecewiseConstantDecayAttr::buildRate(OpBuilder &builder, Location loc, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  ArrayRef<Attribute> values = getValues().getValue();
  Value rate = number(b, toDouble(values.back()));
  for (auto [boundary, value] : llvm::reverse(llvm::zip_equal(getBoundaries(), values.drop_back())))
    rate = select(b, arith::CmpFPredicate::OLE, step, toDouble(boundary), number(b, toDouble(value)), rate);
  return rate;
}

LogicalResult CosineDecayAttr::verify(EmitError emitError, Number initialLearningRate, int64_t decaySteps, Number alpha,
                                      std::optional<Number> warmupTarget, int64_t warmupSteps) {
  constexpr StringLiteral name = "cosine_decay";
  if (failed(verifyDecay(emitError, name, initialLearningRate, decaySteps)) ||
      failed(verifyNotNegative(emitError, name, "alpha", alpha)))
    return failure();
  if (!warmupTarget && warmupSteps == 0)
    return success();
  if (!warmupTarget)
    return emitError() << name << ": warmup_steps takes a warmup_target, the rate to warm up to";
  return success(succeeded(verifyNotNegative(emitError, name, "warmup_target", *warmupTarget)) &&
                 succeeded(verifySteps(emitError, name, "warmup_steps", warmupSteps)));
}

Value CosineDecayAttr::buildRate(OpBuilder &builder, Location loc, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  double alpha = getAlpha().value, initial = getInitialLearningRate().value;
  auto decayFrom = [&](double rate, Value step) {
    Value steps = number(b, getDecaySteps());
    Value angle = mul(b, number(b, std::numbers::pi), div(b, arith::MinimumFOp::create(b, step, steps), steps));
    Value cosine = mul(b, number(b, 0.5), add(b, number(b, 1.0), math::CosOp::create(b, angle)));
    Value decay = add(b, mul(b, number(b, 1.0 - alpha), cosine), number(b, alpha));
    return mul(b, number(b, rate), decay);
  };
  if (!getWarmupTarget())
    return decayFrom(initial, step);
  return buildWarmup(b, step, getWarmupSteps(), initial,
                     [&](Value step) { return decayFrom(getWarmupTarget()->value, step); });
}

LogicalResult WarmupAttr::verify(EmitError emitError, Rate lr, int64_t warmupSteps, Number initialLearningRate) {
  return success((lr.schedule || succeeded(verifyNotNegative(emitError, "warmup", "lr", lr.number))) &&
                 succeeded(verifySteps(emitError, "warmup", "warmup_steps", warmupSteps)) &&
                 succeeded(verifyNotNegative(emitError, "warmup", "initial_learning_rate", initialLearningRate)));
}

Value WarmupAttr::buildRate(OpBuilder &builder, Location loc, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  return buildWarmup(b, step, getWarmupSteps(), getInitialLearningRate().value,
                     [&](Value step) { return nn::buildRate(b, getLr(), step); });
}
