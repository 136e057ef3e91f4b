// Gradients of arith and math ops, on scalars and elementwise on tensors: one table, one op a line.
#include "dialect/NN.h"
#include "dialect/UpstreamGradients.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"
#include <numbers>

using namespace mlir;
using namespace mlir::nn;

namespace {

/// A value with the arithmetic of formulas.
struct Term {
  ImplicitLocOpBuilder *b = nullptr;
  Value value;

  Term literal(double number) const {
    auto element = cast<FloatType>(getElementTypeOrSelf(value.getType()));
    TypedAttr attr = b->getFloatAttr(element, number);
    if (auto tensor = dyn_cast<ShapedType>(value.getType()))
      attr = DenseElementsAttr::get(tensor, Attribute(attr));
    return {b, arith::ConstantOp::create(*b, attr)};
  }
  template <typename Op> Term apply() const { return {b, Op::create(*b, value)}; }
  template <typename Op> Term apply(Term other) const { return {b, Op::create(*b, value, other.value)}; }
};

Term operator+(Term a, Term b) { return a.apply<arith::AddFOp>(b); }
Term operator-(Term a, Term b) { return a.apply<arith::SubFOp>(b); }
Term operator*(Term a, Term b) { return a.apply<arith::MulFOp>(b); }
Term operator/(Term a, Term b) { return a.apply<arith::DivFOp>(b); }
Term operator-(Term a) { return a.apply<arith::NegFOp>(); }
Term operator+(Term a, double b) { return a + a.literal(b); }
Term operator-(Term a, double b) { return a - a.literal(b); }
Term operator-(double a, Term b) { return b.literal(a) - b; }
Term operator*(Term a, double b) { return a * a.literal(b); }

Term compare(arith::CmpFPredicate predicate, Term a, Term b) {
  return {a.b, arith::CmpFOp::create(*a.b, predicate, a.value, b.value)};
}
Term operator>(Term a, Term b) { return compare(arith::CmpFPredicate::OGT, a, b); }
Term operator<(Term a, Term b) { return compare(arith::CmpFPredicate::OLT, a, b); }
Term select(Term condition, Term a, Term b) {
  return {a.b, arith::SelectOp::create(*a.b, condition.value, a.value, b.value)};
}
/// `value` where the condition holds, else zero.
Term where(Term condition, Term value) { return select(condition, value, value.literal(0.0)); }
Term whereNot(Term condition, Term value) { return select(condition, value.literal(0.0), value); }

/// What a rule is written in: operands x0, x1, x2, result y, incoming gradient g. Only what the rule says it saves is
/// there.
struct Site {
  Term x0, x1, x2, y, g;
  /// g in another float type.
  Type type0;
};

enum Saves : unsigned { None = 0, X0 = 1, X1 = 2, X2 = 4, Y = 8 };

/// The gradient of one operand; null: always zero, the operand does not count.
using Partial = Term (*)(const Site &);

struct Rule {
  unsigned saves;
  SmallVector<Partial, 3> partials;
  void (*attach)(MLIRContext *);
};

/// Rules by op, in the order of the table.
class Table {
public:
  template <typename Op> void add(unsigned saves, std::initializer_list<Partial> partials);
  const Rule &lookup(Operation *op) const { return rules.find(op->getName().getTypeID())->second; }
  void attachAll(MLIRContext *context) const {
    for (auto &[id, rule] : rules)
      rule.attach(context);
  }

private:
  llvm::MapVector<TypeID, Rule> rules;
};

const Table &arithTable();
const Table &mathTable();

const Rule &lookup(Operation *op) {
  return (isa<arith::ArithDialect>(op->getDialect()) ? arithTable() : mathTable()).lookup(op);
}

template <typename Op> struct Elementwise : DifferentiableOpInterface::ExternalModel<Elementwise<Op>, Op> {
  bool isDifferentiableInput(Operation *op, unsigned index) const {
    return lookup(op).partials[index] && isa<FloatType>(getElementTypeOrSelf(op->getOperand(index).getType()));
  }

  SmallVector<Value> getSavedValues(Operation *op) const {
    SmallVector<Value> saved;
    for (unsigned index = 0; index < op->getNumOperands(); ++index)
      if (lookup(op).saves & (1u << index))
        saved.push_back(op->getOperand(index));
    if (lookup(op).saves & Y)
      saved.push_back(op->getResult(0));
    return saved;
  }

  FailureOr<SmallVector<Value>> buildAdjoint(Operation *op, OpBuilder &builder, ValueRange saved,
                                             ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) const {
    const Rule &rule = lookup(op);
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Site site;
    site.g = {&b, resultGrads[0]};
    site.type0 = op->getOperand(0).getType();
    Term *slots[] = {&site.x0, &site.x1, &site.x2, &site.y};
    for (unsigned bit = 0, next = 0; bit < 4; ++bit)
      if (rule.saves & (1u << bit))
        *slots[bit] = {&b, saved[next++]};
    SmallVector<Value> grads;
    for (auto [index, partial] : llvm::enumerate(rule.partials))
      grads.push_back(wanted[index] ? partial(site).value : Value());
    return grads;
  }
};

template <typename Op> void Table::add(unsigned saves, std::initializer_list<Partial> partials) {
  rules[TypeID::get<Op>()] = {saves, partials,
                              [](MLIRContext *context) { Op::template attachInterface<Elementwise<Op>>(*context); }};
}

/// g times the derivative, one line an op. Where a maximum ties, the second operand gets the gradient, so that relu,
/// maximumf(x, 0), has the slope 0 at 0, as in Keras and JAX.
#define D(expression) [](const Site &s) -> Term { return expression; }
#define x0 s.x0
#define x1 s.x1
#define x2 s.x2
#define y s.y
#define g s.g

const Table &arithTable() {
  static const Table table = [] {
    Table t;
    t.add<arith::AddFOp>(None, {D(g), D(g)});
    t.add<arith::SubFOp>(None, {D(g), D(-g)});
    t.add<arith::MulFOp>(X0 | X1, {D(g * x1), D(g * x0)});
    t.add<arith::DivFOp>(X1 | Y, {D(g / x1), D(-(g * y / x1))});
    t.add<arith::NegFOp>(None, {D(-g)});
    t.add<arith::MaximumFOp>(X1 | Y, {D(where(y > x1, g)), D(whereNot(y > x1, g))});
    t.add<arith::MaxNumFOp>(X1 | Y, {D(where(y > x1, g)), D(whereNot(y > x1, g))});
    t.add<arith::MinimumFOp>(X1 | Y, {D(where(y < x1, g)), D(whereNot(y < x1, g))});
    t.add<arith::MinNumFOp>(X1 | Y, {D(where(y < x1, g)), D(whereNot(y < x1, g))});
    t.add<arith::SelectOp>(X0, {nullptr, D(where(x0, g)), D(whereNot(x0, g))});
    t.add<arith::ExtFOp>(None, {D((Term{g.b, arith::TruncFOp::create(*g.b, s.type0, g.value)}))});
    t.add<arith::TruncFOp>(None, {D((Term{g.b, arith::ExtFOp::create(*g.b, s.type0, g.value)}))});
    return t;
  }();
  return table;
}

Term exp(Term a) { return a.apply<math::ExpOp>(); }
Term log(Term a) { return a.apply<math::LogOp>(); }
Term power(Term a, Term b) { return a.apply<math::PowFOp>(b); }
Term root(Term a) { return a.apply<math::SqrtOp>(); }
/// 1 or -1.
Term sign(Term a) { return a.literal(1.0).apply<math::CopySignOp>(a); }

const Table &mathTable() {
  using namespace std::numbers;
  static const Table table = [] {
    Table t;
    t.add<math::ExpOp>(Y, {D(g * y)});
    t.add<math::Exp2Op>(Y, {D(g * y * ln2)});
    t.add<math::ExpM1Op>(Y, {D(g * (y + 1.0))});
    t.add<math::LogOp>(X0, {D(g / x0)});
    t.add<math::Log2Op>(X0, {D(g / (x0 * ln2))});
    t.add<math::Log10Op>(X0, {D(g / (x0 * ln10))});
    t.add<math::Log1pOp>(X0, {D(g / (x0 + 1.0))});
    t.add<math::SqrtOp>(Y, {D(g / (y * 2.0))});
    t.add<math::RsqrtOp>(Y, {D(g * (y * y * y) * -0.5)});
    t.add<math::TanhOp>(Y, {D(g * (1.0 - y * y))});
    t.add<math::ErfOp>(X0, {D(g * exp(-(x0 * x0)) * (2.0 * inv_sqrtpi))});
    t.add<math::SinOp>(X0, {D(g * x0.apply<math::CosOp>())});
    t.add<math::CosOp>(X0, {D(-(g * x0.apply<math::SinOp>()))});
    t.add<math::ErfcOp>(X0, {D(g * exp(-(x0 * x0)) * (-2.0 * inv_sqrtpi))});
    t.add<math::TanOp>(Y, {D(g * (y * y + 1.0))});
    t.add<math::AsinOp>(X0, {D(g / root(1.0 - x0 * x0))});
    t.add<math::AcosOp>(X0, {D(-(g / root(1.0 - x0 * x0)))});
    t.add<math::AtanOp>(X0, {D(g / (x0 * x0 + 1.0))});
    t.add<math::Atan2Op>(X0 | X1, {D(g * x1 / (x0 * x0 + x1 * x1)), D(-(g * x0 / (x0 * x0 + x1 * x1)))});
    t.add<math::SinhOp>(X0, {D(g * x0.apply<math::CoshOp>())});
    t.add<math::CoshOp>(X0, {D(g * x0.apply<math::SinhOp>())});
    t.add<math::AsinhOp>(X0, {D(g / root(x0 * x0 + 1.0))});
    t.add<math::AcoshOp>(X0, {D(g / root(x0 * x0 - 1.0))});
    t.add<math::AtanhOp>(X0, {D(g / (1.0 - x0 * x0))});
    t.add<math::CbrtOp>(Y, {D(g / (y * y * 3.0))});
    t.add<math::CopySignOp>(X0 | X1, {D(g * (sign(x0) * sign(x1))), nullptr});
    t.add<math::AbsFOp>(X0, {D(select(x0 > x0.literal(0.0), g, where(x0 < x0.literal(0.0), -g)))});
    t.add<math::PowFOp>(X0 | X1 | Y, {D(g * x1 * power(x0, x1 - 1.0)), D(g * y * log(x0))});
    t.add<math::FmaOp>(X0 | X1, {D(g * x1), D(g * x0), D(g)});
    t.add<math::FloorOp>(None, {nullptr});
    t.add<math::CeilOp>(None, {nullptr});
    t.add<math::RoundOp>(None, {nullptr});
    t.add<math::RoundEvenOp>(None, {nullptr});
    t.add<math::TruncOp>(None, {nullptr});
    return t;
  }();
  return table;
}

#undef D
#undef x0
#undef x1
#undef x2
#undef y
#undef g

} // namespace

void nn::registerArithGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) { arithTable().attachAll(context); });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) { mathTable().attachAll(context); });
}
