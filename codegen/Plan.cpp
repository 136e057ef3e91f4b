// nn-plan: prints where every buffer of a program lies and when it lives, what each entry point needs, and what no plan
// could do without.
#include "codegen/Plan.h"
#include "codegen/Passes.h"
#include "codegen/Program.h"
#include "codegen/Table.h"
#include "llvm/Support/JSON.h"

namespace mlir::nn {
#define GEN_PASS_DEF_PLAN
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr BufferKind arenaKinds[] = {BufferKind::variable, BufferKind::input, BufferKind::output,
                                     BufferKind::temporary};

struct Plan : nn::impl::PlanBase<Plan> {
  using Base::Base;

  void setStream(raw_ostream &stream) { os = &stream; }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Program> program = readProgram(module);
    if (failed(program))
      return signalPassFailure();
    SmallVector<BufferPlan> variables = describeVariables(module, *program);
    if (json)
      printJson(*os, *program, variables);
    else
      printTables(*os, *program, variables);
  }

private:
  //===--------------------------------------------------------------------===//
  // Tables
  //===--------------------------------------------------------------------===//

  static void printTables(raw_ostream &os, const Program &program, ArrayRef<BufferPlan> variables) {
    os << "Variables, in all entry points\n";
    Table table(/*numLeft=*/2);
    table.addRow({"Variable", "Type", "Offset", "Bytes"});
    for (const BufferPlan &variable : variables)
      table.addRow({variable.name, formatType(variable.type), withCommas(variable.offset), withCommas(variable.bytes)});
    table.print(os);
    os << " State: " << bytesText(program.stateBytes) << "\n\n";
    for (const ProgramEntry &entry : program.entries)
      printEntry(os, entry, findNeeds(entry.plan, program.stateBytes));
    os << "Program\n"
       << " Arena" << (isForDevice(program) ? ", of the GPU's memory: " : ": ") << bytesText(program.arenaBytes) << ", "
       << bytesText(program.stateBytes) << " of it state\n";
    if (isForDevice(program))
      os << " Shared memory of a block: at most " << bytesText(getSharedBytes(program.entries)) << "\n";
    os << " Scratch of each worker: " << bytesText(program.workerBytes) << "\n";
  }

  static void printEntry(raw_ostream &os, const ProgramEntry &entry, const EntryNeeds &needs) {
    const EntryPlan &plan = entry.plan;
    os << "Entry point: \"" << entry.name << "\", " << plan.numOps << " ops";
    if (!entry.device.empty())
      os << ", for " << entry.device;
    os << "\n";
    Table table(/*numLeft=*/4);
    table.addRow({"Buffer", "Type", "Kind", "Layer", "Offset", "Bytes", "First op", "Last op"});
    for (const BufferPlan &buffer : plan.buffers) {
      std::string kind = stringifyKind(buffer.kind).str();
      if (buffer.loop >= 0)
        kind += " of loop " + std::to_string(buffer.loop);
      table.addRow({buffer.name.empty() ? "-" : buffer.name, formatType(buffer.type), kind,
                    buffer.layer.empty() ? buffer.location : buffer.layer, withCommas(buffer.offset),
                    withCommas(buffer.bytes), std::to_string(buffer.first), std::to_string(buffer.last)});
    }
    table.print(os);
    os << " Peak: " << bytesText(needs.peak) << ", by kind at op " << needs.live.time << ": ";
    for (BufferKind kind : arenaKinds)
      os << stringifyKind(kind) << " " << withCommas(needs.getLive(kind)) << ", ";
    os << "gaps " << withCommas(needs.peak - needs.live.bytes) << "\n"
       << " Lower bound: " << bytesText(needs.live.bytes) << ", alive at that op"
       << "\n ";
    if (entry.device.empty())
      os << "Scratch of each worker: " << bytesText(needs.workerPeak) << "; lower bound "
         << bytesText(needs.workerLive);
    else
      os << "Shared memory of a block: at most " << bytesText(getSharedBytes(entry));
    os << "\n Copies: " << (plan.copies.empty() ? "none" : "");
    llvm::interleaveComma(plan.copies, os, [&](auto &copy) { os << copy.first << " " << copy.second; });
    os << "\n";
    printLaunches(os, entry);
    os << "\n";
  }

  static void printLaunches(raw_ostream &os, const ProgramEntry &entry) {
    if (entry.launches.empty())
      return;
    Table table(/*numLeft=*/1);
    bool hasProducts = llvm::any_of(entry.launches, [](const ProgramLaunch &launch) { return launch.product; });
    SmallVector<std::string> head = {"Launch of kernel", "Op", "Blocks", "Threads of each", "Shared bytes of each"};
    if (hasProducts)
      head.push_back("Product of cuBLASLt");
    table.addRow(head);
    for (const ProgramLaunch &launch : entry.launches) {
      SmallVector<std::string> row = {launch.kernel.str(), launch.time < 0 ? "-" : std::to_string(launch.time),
                                      std::to_string(launch.blocks), std::to_string(launch.threads),
                                      withCommas(launch.sharedBytes)};
      if (hasProducts)
        row.push_back(launch.product ? describe(*launch.product) : "-");
      table.addRow(row);
    }
    table.print(os);
  }

  /// Rows x columns x terms, of each of a batch.
  static std::string describe(const nnc_product &product) {
    std::string shape = llvm::formatv("{0} x {1} x {2}", product.rows, product.columns, product.terms).str();
    return product.batches == 1 ? shape : std::to_string(product.batches) + " of " + shape;
  }

  /// The most that a block of any launch has.
  static int64_t getSharedBytes(const ProgramEntry &entry) {
    int64_t most = 0;
    for (const ProgramLaunch &launch : entry.launches)
      most = std::max(most, launch.sharedBytes);
    return most;
  }
  static int64_t getSharedBytes(ArrayRef<ProgramEntry> entries) {
    int64_t most = 0;
    for (const ProgramEntry &entry : entries)
      most = std::max(most, getSharedBytes(entry));
    return most;
  }

  static bool isForDevice(const Program &program) {
    return llvm::any_of(program.entries, [](const ProgramEntry &entry) { return !entry.device.empty(); });
  }

  static std::string bytesText(int64_t bytes) {
    std::string text = withCommas(bytes) + " bytes";
    return bytes < 1024 ? text : text + " (" + withUnit(bytes) + ")";
  }

  //===--------------------------------------------------------------------===//
  // JSON
  //===--------------------------------------------------------------------===//

  static void printJson(raw_ostream &os, const Program &program, ArrayRef<BufferPlan> variables) {
    llvm::json::OStream out(os, /*IndentSize=*/1);
    out.object([&] {
      out.attribute("arena_bytes", program.arenaBytes);
      out.attribute("state_bytes", program.stateBytes);
      out.attribute("worker_bytes", program.workerBytes);
      if (isForDevice(program))
        out.attribute("shared_bytes", getSharedBytes(program.entries));
      out.attributeArray("variables", [&] {
        for (const BufferPlan &variable : variables)
          out.object([&] { printPlace(out, variable); });
      });
      out.attributeArray("entries", [&] {
        for (const ProgramEntry &entry : program.entries)
          printEntry(out, entry, findNeeds(entry.plan, program.stateBytes));
      });
    });
    os << "\n";
  }

  static void printEntry(llvm::json::OStream &out, const ProgramEntry &entry, const EntryNeeds &needs) {
    const EntryPlan &plan = entry.plan;
    out.object([&] {
      out.attribute("name", entry.name);
      out.attribute("ops", plan.numOps);
      out.attribute("peak_bytes", needs.peak);
      out.attribute("lower_bound_bytes", needs.live.bytes);
      out.attributeObject("lower_bound", [&] {
        out.attribute("op", needs.live.time);
        for (BufferKind kind : arenaKinds)
          out.attribute(stringifyKind(kind), needs.getLive(kind));
      });
      out.attribute("worker_peak_bytes", needs.workerPeak);
      out.attribute("worker_lower_bound_bytes", needs.workerLive);
      if (!entry.device.empty())
        printLaunches(out, entry);
      out.attributeObject("copies", [&] {
        for (auto &[reason, count] : plan.copies)
          out.attribute(reason, count);
      });
      out.attributeArray("buffers", [&] {
        for (const BufferPlan &buffer : plan.buffers)
          out.object([&] {
            printPlace(out, buffer);
            out.attribute("first", buffer.first);
            out.attribute("last", buffer.last);
            if (buffer.loop >= 0)
              out.attribute("loop", buffer.loop);
          });
      });
    });
  }

  static void printLaunches(llvm::json::OStream &out, const ProgramEntry &entry) {
    out.attribute("device", entry.device);
    out.attribute("shared_bytes", getSharedBytes(entry));
    out.attributeArray("launches", [&] {
      for (const ProgramLaunch &launch : entry.launches)
        out.object([&] {
          out.attribute("kernel", launch.kernel);
          if (launch.time >= 0)
            out.attribute("op", launch.time);
          out.attribute("blocks", launch.blocks);
          out.attribute("threads", launch.threads);
          out.attribute("shared_bytes", launch.sharedBytes);
          if (launch.product)
            out.attributeObject("product", [&] {
              out.attribute("batches", launch.product->batches);
              out.attribute("rows", launch.product->rows);
              out.attribute("columns", launch.product->columns);
              out.attribute("terms", launch.product->terms);
            });
        });
    });
  }

  static void printPlace(llvm::json::OStream &out, const BufferPlan &buffer) {
    out.attribute("kind", stringifyKind(buffer.kind));
    for (auto [key, text] :
         {std::pair("name", &buffer.name), std::pair("layer", &buffer.layer), std::pair("location", &buffer.location)})
      if (!text->empty())
        out.attribute(key, llvm::json::isUTF8(*text) ? *text : llvm::json::fixUTF8(*text));
    out.attribute("type", formatType(buffer.type));
    out.attribute("offset", buffer.offset);
    out.attribute("bytes", buffer.bytes);
  }

  raw_ostream *os = &llvm::outs();
};

} // namespace

void nn::setPlanStream(OpPassManager &pm, raw_ostream &os) {
  for (Pass &pass : pm.getPasses())
    if (pass.getTypeID() == TypeID::get<Plan>())
      static_cast<Plan &>(pass).setStream(os);
}
