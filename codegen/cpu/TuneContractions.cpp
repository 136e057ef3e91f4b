// --nn-tune-contractions: schedules of matrix products by measurement, where a person asks for it. Products are found
// on a copy of the program, as the lowering would see them.
#include "codegen/Passes.h"
#include "codegen/cpu/ExtractContraction.h"
#include "codegen/cpu/Host.h"
#include "codegen/cpu/LowerContractions.h"
#include "codegen/cpu/ScheduleSearch.h"
#include "codegen/cpu/TimeKernels.h"
#include "codegen/cpu/TuningResults.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/WithColor.h"
#include "llvm/TargetParser/Host.h"
#include <chrono>
#include <map>

namespace mlir::nn {
#define GEN_PASS_DEF_TUNECONTRACTIONS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

// Below this many multiply-adds a product takes microseconds, and a step many other things.
static constexpr int64_t fewestMultiplyAdds = 1 << 15;

namespace {
/// What is the same for all products of a compilation; `name` tells it from other compilations: processor, march,
/// threads, compiler.
struct Machine : SearchOptions {
  std::string name;
};

/// A product that was found in the program, and the ops that are it.
struct Found {
  OwningOpRef<ModuleOp> kernel;
  std::string what;
  SmallVector<linalg::GenericOp> ops;
};
} // namespace

static std::string getText(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream);
  return text;
}

static std::string getKey(const Machine &machine, ModuleOp kernel) {
  std::string text = machine.name + "\n" + getText(kernel);
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(text)), /*LowerCase=*/true);
}

/// Such as `128x512x784 f32 tn`: rows, columns, terms, and whether a and b lie across.
static std::string describe(const ContractionGroup &group, const ContractionSchedule &schedule) {
  const Contraction &contraction = group.contraction;
  auto multiply = [&](ArrayRef<unsigned> loops) {
    int64_t product = 1;
    for (unsigned loop : loops)
      product *= contraction.getExtent(loop);
    return product;
  };
  auto liesAcross = [&](OpOperand *operand, unsigned loop) { return getStrideAlong(operand, loop) != 1; };
  std::string text = llvm::formatv("{0}x{1}x{2}", multiply(contraction.rows), multiply(contraction.columns),
                                   multiply(contraction.sums));
  if (int64_t batch = multiply(contraction.batch); batch > 1)
    text = llvm::formatv("{0} times {1}", batch, text);
  llvm::raw_string_ostream stream(text);
  stream << " " << cast<MemRefType>(contraction.c->get().getType()).getElementType() << " "
         << (!contraction.sums.empty() && liesAcross(contraction.a, contraction.sums.back()) ? "t" : "n")
         << (liesAcross(contraction.b, contraction.vectorLoop) ? "t" : "n");
  if (schedule.isHoisted)
    stream << ", b the same in a loop";
  if (schedule.isNested)
    stream << ", in a parallel loop";
  if (size_t neighbours = group.getOps().size() - 1)
    stream << ", with " << neighbours << " more";
  return text;
}

namespace {
/// Tunes the products of one module.
class Tuner {
public:
  Tuner(ModuleOp module, const Machine &machine, TuningResults &table)
      : module(module), machine(machine), table(table) {}

  LogicalResult run() {
    if (failed(findProducts()))
      return failure();
    for (auto &[key, product] : products)
      if (!takeKnown(key, product))
        tune(key, product);
    return success();
  }

  int64_t numMeasured = 0, numBetter = 0;
  /// Results of earlier tuning that are no schedules of their products.
  int64_t numUnfit = 0;

private:
  /// Finds what the lowering would see, on a copy of the module.
  LogicalResult findProducts() {
    OwningOpRef<ModuleOp> copy = module.clone();
    for (auto [original, copied] : llvm::zip_equal(module.getOps<func::FuncOp>(), copy->getOps<func::FuncOp>())) {
      SmallVector<linalg::GenericOp> ops;
      original.walk([&](linalg::GenericOp op) { ops.push_back(op); });
      auto visit = [&](size_t number, const ContractionGroup &group) { add(ops[number], group); };
      if (failed(lowerContractions(copied, machine.target, visit)))
        return failure();
    }
    return success();
  }

  void add(linalg::GenericOp op, const ContractionGroup &group) {
    const Contraction &contraction = group.contraction;
    int64_t work = 1;
    for (int64_t extent : contraction.extents)
      work *= extent;
    if (op->hasAttr(scheduleAttributeName) || work < fewestMultiplyAdds ||
        !findScheduleProblem(contraction, machine.target, {}).empty())
      return;
    ContractionSchedule schedule = scheduleContraction(contraction, machine.target);
    OwningOpRef<ModuleOp> kernel = extractContraction(group, schedule);
    if (!kernel)
      return;
    Found &product = products[getKey(machine, *kernel)];
    if (!product.kernel) {
      product.kernel = std::move(kernel);
      product.what = describe(group, schedule);
    }
    product.ops.push_back(op);
  }

  /// Whether the table knows the product's schedule.
  bool takeKnown(StringRef key, Found &product) {
    const TuningResult *result = table.find(key);
    if (!result)
      return false;
    linalg::GenericOp op = getExtracted(*product.kernel);
    FailureOr<Contraction> contraction = matchContraction(op, machine.target);
    ScopedDiagnosticHandler quiet(module.getContext(), [](Diagnostic &) { return success(); });
    auto attribute = dyn_cast_or_null<DictionaryAttr>(parseAttribute(result->schedule, module.getContext()));
    FailureOr<ScheduleChoices> choices = failure();
    if (attribute)
      choices = readScheduleAttribute(op, attribute);
    if (failed(choices) || !findScheduleProblem(*contraction, machine.target, *choices).empty()) {
      table.remove(key);
      ++numUnfit;
      return false;
    }
    set(product, attribute);
    return true;
  }

  void tune(StringRef key, Found &product) {
    llvm::Expected<SearchOutcome> outcome = searchSchedule(*product.kernel, machine);
    if (!outcome) {
      product.ops.front().emitWarning() << "not measured: " << toString(outcome.takeError());
      return;
    }
    ++numMeasured;
    DictionaryAttr attribute = getScheduleAttribute(module.getContext(), outcome->choices);
    numBetter += !attribute.empty();
    std::string times = "nothing faster";
    if (outcome->after < outcome->before)
      times = llvm::formatv("{0:f2} us, {1:f2} us by the target's description", 1e6 * outcome->after,
                            1e6 * outcome->before);
    table.add(key, {getText(attribute), product.what, times});
    set(product, attribute);
    // Now, so that an interruption costs no more than the product that it comes in.
    if (llvm::Error error = table.save(); error && !saveFailed) {
      saveFailed = true;
      emitWarning(UnknownLoc::get(module.getContext()))
          << "--tune: results are not kept: " << toString(std::move(error));
    } else {
      llvm::consumeError(std::move(error));
    }
  }

  static std::string getText(Attribute attribute) {
    std::string text;
    llvm::raw_string_ostream(text) << attribute;
    return text;
  }

  static void set(Found &product, DictionaryAttr attribute) {
    for (linalg::GenericOp op : product.ops)
      op->setAttr(scheduleAttributeName, attribute);
  }

  ModuleOp module;
  const Machine &machine;
  TuningResults &table;
  bool saveFailed = false;
  /// By key, in the order of the program.
  llvm::MapVector<std::string, Found, std::map<std::string, unsigned>> products;
};

struct TuneContractions : nn::impl::TuneContractionsBase<TuneContractions> {
  using Base::Base;

  /// Kernels go all the way to objects.
  void getDependentDialects(DialectRegistry &registry) const override {
    OpPassManager pm(ModuleOp::getOperationName());
    if (succeeded(parsePassPipeline("nn-compile", pm, llvm::nulls())))
      pm.getDependentDialects(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Machine> machine = findMachine();
    if (failed(machine))
      return signalPassFailure();
    TuningResults table(results.empty() ? TuningResults::getDefaultPath() : results);
    bool isDamaged = false;
    if (llvm::Error error = table.load()) {
      isDamaged = true;
      emitWarning(UnknownLoc::get(&getContext())) << "--tune: " << toString(std::move(error));
    }
    auto begin = std::chrono::steady_clock::now();
    Tuner tuner(module, *machine, table);
    if (failed(tuner.run()))
      return signalPassFailure();
    if (tuner.numUnfit)
      emitWarning(UnknownLoc::get(&getContext()))
          << "--tune: of earlier tuning: " << tuner.numUnfit
          << (tuner.numUnfit == 1 ? " schedule is" : " schedules are") << " none of the product, and measured anew";
    if (!tuner.numMeasured) {
      // What is no result goes: it is a warning once.
      if (isDamaged)
        llvm::consumeError(table.save());
      return;
    }
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    llvm::WithColor::note(llvm::errs(), "nnc-opt")
        << llvm::formatv("--tune measured {0} {1} in {2:f1} s; {3} of them got another schedule\n", tuner.numMeasured,
                         tuner.numMeasured == 1 ? "product" : "products", seconds.count(), tuner.numBetter);
  }

private:
  FailureOr<Machine> findMachine() {
    Location commandLine = UnknownLoc::get(&getContext());
    if (!runsHere(march, triple))
      return emitError(commandLine) << "--tune measures on this machine (" << llvm::sys::getHostCPUName()
                                    << "), which does not run code for --march=" << march
                                    << (triple.empty() ? "" : " and --triple=" + triple);
    if (llvm::Error error = findTimer())
      return emitError(commandLine) << "--tune: " << toString(std::move(error));
    FailureOr<CpuTarget> target = getCpuTarget(getOperation(), march);
    if (failed(target))
      return failure();
    Machine machine{{march, *target, threads > 0 ? threads : countProcessors()}, ""};
    machine.name =
        llvm::formatv("{0}\n{1}\n{2}\n{3}", getProcessorName(), march.getValue(), machine.threads, getCompilerName());
    return machine;
  }
};
} // namespace
