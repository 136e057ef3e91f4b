// Whether training fits into memory; see DryRun.h. A program is compiled for each batch that is tried. What it takes is
// close to affine in the batch, so that few are.
#include "DryRun.h"
#include "Compile.h"
#include "Files.h"
#include "core/Error.h"
#include "core/Gpu.h"
#include "core/Memory.h"
#include "core/Parallel.h"
#include "core/Program.h"
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace nnc::run {
namespace {

/// A program and what it takes, when it runs on some threads.
struct Need {
  int64_t batch = 0, bytes = 0;
};

class DryRun {
public:
  explicit DryRun(const Options &options)
      : options(options), threads(options.threads ? options.threads : availableThreads()) {}

  int run(int64_t batch) {
    Need asked = compileFor(batch);
    std::string place = isForGpu ? "" : concat(" on ", threads, threads == 1 ? " thread" : " threads");
    std::printf("%s: a training step of %lld samples%s takes %s%s", options.model.c_str(),
                static_cast<long long>(asked.batch), place.c_str(), formatExactly(asked.bytes).c_str(),
                isForGpu ? " of a GPU's memory" : "");
    std::string note = isForGpu ? lookAtGpu() : "the data and what reads them come on top\n";
    if (!isForGpu)
      memory = availableMemory();
    if (options.memory)
      memory = options.memory;
    if (!memory) {
      std::printf("\n%s", note.c_str());
      finishOutput();
      return 0;
    }
    bool fits = asked.bytes <= *memory;
    std::printf(": it %s into %s\n", fits ? "fits" : "does not fit", format(*memory).c_str());
    if (isCompiled(options.model))
      std::printf("it is compiled for this batch; what others take, its model file tells\n");
    else
      printLargest(asked, *memory);
    std::printf("%s", note.c_str());
    finishOutput();
    return fits ? 0 : 1;
  }

private:
  /// The largest that --batch takes.
  static constexpr int64_t kMaxBatch = int64_t(1) << 20;
  /// So many batches are chosen by interpolation; after that halving is sure to end.
  static constexpr int kInterpolated = 10;

  Need compileFor(int64_t batch) {
    auto program = openCompiled(options, "init,train,evaluate", batch);
    const nnc_entry &entry = requireEntry(*program, NNC_TRAIN, options.symbol, "--step");
    isForGpu = usesDevice(*program);
    return {entry.batch, program->arena_bytes + (isForGpu ? 0 : threads * program->worker_bytes)};
  }

  /// Takes the memory that is free there; a sentence on it.
  std::string lookAtGpu() {
    try {
      Gpu gpu;
      auto [free, total] = gpu.memory();
      memory = free;
      return concat(gpu.name(), " has ", format(free), " free of ", format(total), "; the kernels come on top\n");
    } catch (const Error &error) {
      return options.memory ? "the kernels come on top\n"
                            : concat("what there is, --memory says: ", error.what(), "\n");
    }
  }

  void printLargest(Need asked, int64_t memory) {
    Need fits = asked.batch == 1 ? asked : compileFor(1);
    if (fits.bytes > memory) {
      std::printf("no batch fits: one sample takes %s\n", format(fits.bytes).c_str());
      return;
    }
    // Between what fits and what does not lies the largest that fits.
    Need exceeds{kMaxBatch + 1, 0};
    double slope = asked.batch > 1 ? slopeOf(fits, asked) : 0;
    (asked.bytes <= memory ? fits : exceeds) = asked;
    for (int tries = 0; fits.batch + 1 < exceeds.batch; ++tries) {
      int64_t least = fits.batch + 1, most = exceeds.batch - 1;
      double room = static_cast<double>(memory - fits.bytes);
      double more = slope > 0 ? std::floor(room / slope) : static_cast<double>(fits.batch);
      int64_t batch = tries < kInterpolated ? fits.batch + static_cast<int64_t>(std::min(more, 1.0 * kMaxBatch))
                                            : fits.batch + (exceeds.batch - fits.batch) / 2;
      Need tried = compileFor(std::clamp(batch, least, most));
      slope = slopeOf(fits, tried);
      (tried.bytes <= memory ? fits : exceeds) = tried;
    }
    std::printf("largest batch that fits: %lld, which takes %s", static_cast<long long>(fits.batch),
                formatExactly(fits.bytes).c_str());
    if (exceeds.bytes)
      std::printf("; %lld would take %s\n", static_cast<long long>(exceeds.batch),
                  formatExactly(exceeds.bytes).c_str());
    else
      std::printf(", and is the largest there is\n");
  }

  static double slopeOf(Need a, Need b) {
    return static_cast<double>(b.bytes - a.bytes) / static_cast<double>(b.batch - a.batch);
  }

  static std::string format(int64_t bytes) {
    static constexpr const char *kUnits[] = {"bytes", "kB", "MB", "GB", "TB"};
    auto number = static_cast<double>(bytes);
    size_t unit = 0;
    for (; number >= 1000 && unit + 1 < std::size(kUnits); ++unit)
      number /= 1000;
    char text[64];
    std::snprintf(text, sizeof(text), unit ? "%.4g %s" : "%.0f %s", number, kUnits[unit]);
    return text;
  }

  static std::string formatExactly(int64_t bytes) { return concat(format(bytes), " (", bytes, " bytes)"); }

  const Options &options;
  int threads;
  bool isForGpu = false;
  std::optional<int64_t> memory; // that there is, where that is known
};

} // namespace

std::optional<int64_t> parseBytes(const std::string &text) {
  static constexpr std::pair<const char *, double> kUnits[] = {
      {"", 1},      {"b", 1},        {"kb", 1e3},     {"mb", 1e6},     {"gb", 1e9},
      {"tb", 1e12}, {"kib", 0x1p10}, {"mib", 0x1p20}, {"gib", 0x1p30}, {"tib", 0x1p40}};
  double number = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (status != std::errc())
    return std::nullopt;
  std::string unit(end, text.data() + text.size());
  std::transform(unit.begin(), unit.end(), unit.begin(), [](unsigned char c) { return std::tolower(c); });
  for (auto [name, factor] : kUnits)
    if (unit == name && number * factor >= 1 && number * factor < 0x1p62)
      return static_cast<int64_t>(number * factor);
  return std::nullopt;
}

int dryRun(const Options &options, int64_t batch) { return DryRun(options).run(batch); }

} // namespace nnc::run
