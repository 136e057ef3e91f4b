// Tables of where the time of a profiled run went; see ProfileReport.h.
#include "ProfileReport.h"
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <vector>

namespace nnc::run {
namespace {

using Row = std::vector<std::string>;

__attribute__((format(printf, 1, 2))) std::string format(const char *text, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, text);
  std::vsnprintf(buffer, sizeof(buffer), text, arguments);
  va_end(arguments);
  return buffer;
}

/// Rows between rules, the first a head; the first `numLeft` columns aligned left, the others right.
std::string formatTable(const std::vector<Row> &rows, size_t numLeft) {
  std::vector<size_t> widths(rows.front().size());
  for (const Row &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  size_t total = 0;
  for (size_t width : widths)
    total += width + 2;
  std::string rule, text;
  for (size_t i = 0; i < total; ++i)
    rule += "─";
  rule += "\n";
  text = rule;
  for (const Row &row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      std::string padding(widths[i] - row[i].size(), ' ');
      text += (i == 0 ? " " : "  ") + (i < numLeft ? row[i] + padding : padding + row[i]);
    }
    text += "\n";
    if (&row == &rows.front())
      text += rule;
  }
  return text + rule;
}

/// Kernels taken together: what they took, did and could have taken.
struct Sum {
  double seconds = 0, busySeconds = 0, flops = 0, bytes = 0, leastSeconds = 0; // a run

  Sum &operator+=(const Sum &other) {
    seconds += other.seconds;
    busySeconds += other.busySeconds;
    flops += other.flops;
    bytes += other.bytes;
    leastSeconds += other.leastSeconds;
    return *this;
  }
};

struct NamedSum {
  std::string name;
  Sum sum;
};

Sum &findOrAdd(std::vector<NamedSum> &sums, const std::string &name) {
  for (NamedSum &sum : sums)
    if (sum.name == name)
      return sum.sum;
  return sums.emplace_back(NamedSum{name, {}}).sum;
}

struct Layer {
  std::string name, location;
  Sum sum;
  std::vector<NamedSum> stages;
};

class EntryReport {
public:
  EntryReport(const EntryProfile &entry, const Roofline &roofline, const std::string &place, int threads)
      : entry(entry), roofline(roofline), place(place), threads(threads) {
    const std::vector<nnc_kernel> &kernels = entry.descriptions;
    for (size_t i = 0; i < kernels.size(); ++i) {
      const KernelTime &time = entry.kernels[i];
      double runs = static_cast<double>(entry.runs), flops = static_cast<double>(kernels[i].flops),
             bytes = static_cast<double>(kernels[i].bytes);
      sums.push_back({1e-9 * static_cast<double>(time.nanoseconds) / runs,
                      1e-9 * static_cast<double>(time.busyNanoseconds) / runs, flops, bytes,
                      roofline.seconds(kernels[i], entry.entry->precision)});
      total += sums.back();
    }
  }

  std::string format() const {
    return run::format("%s: %.3f ms, mean of %ld %s on %s; this machine does %.0f GFLOP/s%s and moves %.1f GB/s\n",
                       entry.entry->name, 1e3 * total.seconds, entry.runs, entry.runs == 1 ? "run" : "runs",
                       place.c_str(), 1e-9 * roofline.flops, describeTensorCores().c_str(), 1e-9 * roofline.bytes) +
           formatLayers() + formatKernels();
  }

private:
  /// What they do where the entry is for them.
  std::string describeTensorCores() const {
    int32_t precision = entry.entry->precision;
    if (precision == NNC_PRECISION_F32)
      return "";
    double rate = roofline.tensorFlops(precision);
    return run::format(", %s of %s", rate > 0 ? run::format("%.0f", 1e-9 * rate).c_str() : "an unknown number",
                       precisionName(precision));
  }

  static Row head(Row names) {
    Row columns = {"ms", "share", "GFLOP/s", "GB/s", "roofline", "busy"};
    names.insert(names.end(), columns.begin(), columns.end());
    return names;
  }

  /// `names` and what `sum` says.
  Row row(Row names, const Sum &sum) const {
    auto percent = [](double part, double whole) {
      return run::format("%.1f%%", whole > 0 ? 100 * part / whole : 0.0);
    };
    auto rate = [&](double amount) { return run::format("%.1f", sum.seconds > 0 ? 1e-9 * amount / sum.seconds : 0.0); };
    Row cells = {run::format("%.3f", 1e3 * sum.seconds),
                 percent(sum.seconds, total.seconds),
                 rate(sum.flops),
                 rate(sum.bytes),
                 percent(sum.leastSeconds, sum.seconds),
                 percent(sum.busySeconds, threads * sum.seconds)};
    names.insert(names.end(), cells.begin(), cells.end());
    return names;
  }

  /// In the order in which the entry comes to them.
  std::vector<Layer> groupByLayer() const {
    std::vector<Layer> layers;
    const std::vector<nnc_kernel> &kernels = entry.descriptions;
    for (size_t i = 0; i < kernels.size(); ++i) {
      const nnc_kernel &kernel = kernels[i];
      auto layer = std::find_if(layers.begin(), layers.end(), [&](const Layer &l) { return l.name == kernel.layer; });
      if (layer == layers.end())
        layer = layers.insert(layers.end(), Layer{kernel.layer, kernel.location, {}, {}});
      layer->sum += sums[i];
      findOrAdd(layer->stages, kernel.stage) += sums[i];
    }
    return layers;
  }

  std::string formatLayers() const {
    std::vector<Row> rows = {head({"layer", "place"})};
    for (const Layer &layer : groupByLayer()) {
      bool isLayer = !layer.name.empty();
      rows.push_back(row({isLayer ? layer.name : "(no layer)", isLayer ? layer.location : ""}, layer.sum));
      if (layer.stages.size() > 1)
        for (const NamedSum &stage : layer.stages)
          rows.push_back(row({"  " + stage.name, ""}, stage.sum));
    }
    rows.push_back(row({"total", ""}, total));
    return formatTable(rows, 2);
  }

  /// The longest first.
  std::string formatKernels() const {
    const std::vector<nnc_kernel> &kernels = entry.descriptions;
    std::vector<size_t> order(kernels.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sums[a].seconds > sums[b].seconds; });
    std::vector<Row> rows = {head({"kernel", "bound by", "tasks", "FLOP/byte"})};
    for (size_t i : order) {
      const nnc_kernel &kernel = kernels[i];
      bool computes = roofline.arithmeticSeconds(kernel, entry.entry->precision) >
                      static_cast<double>(kernel.bytes) / roofline.bytes;
      rows.push_back(row({kernel.name, computes ? "arithmetic" : "memory", std::to_string(kernel.tasks),
                          run::format("%.1f", kernel.bytes ? sums[i].flops / sums[i].bytes : 0.0)},
                         sums[i]));
    }
    return formatTable(rows, 2);
  }

  const EntryProfile &entry;
  const Roofline &roofline;
  const std::string &place;
  int threads;
  std::vector<Sum> sums; // one a kernel
  Sum total;
};

} // namespace

std::string formatProfile(const Profile &profile, const Roofline &roofline, const std::string &place, int threads) {
  std::string text;
  for (const EntryProfile &entry : profile.entries())
    if (entry.runs > 0)
      text += (text.empty() ? "" : "\n") + EntryReport(entry, roofline, place, threads).format();
  return text;
}

} // namespace nnc::run
