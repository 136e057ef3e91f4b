// What a training run shows on standard error while it goes.
#include "Progress.h"
#include "core/Error.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

namespace nnc::run {
namespace {

using Clock = std::chrono::steady_clock;

/// A line of bounded length that is written with one system call.
class Line {
public:
  __attribute__((format(printf, 2, 3))) void add(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int added = std::vsnprintf(text + length, sizeof(text) - length, format, arguments);
    va_end(arguments);
    length = std::min(sizeof(text) - 1, length + std::max(added, 0));
  }
  void addNumber(double value) {
    double size = std::fabs(value);
    add(size != 0 && (size < 1e-3 || size >= 1e9) ? "%.3e" : "%.4f", value);
  }
  void addNumber(const std::string &name, double value) {
    add("  %s ", name.c_str());
    addNumber(value);
  }
  size_t size() const { return length; }
  const char *c_str() const { return text; }
  void write() {
    // Progress that cannot be written is lost; training goes on.
    if (::write(STDERR_FILENO, text, length) < 0)
      return;
  }

private:
  char text[2048] = "";
  size_t length = 0;
};

void addDuration(Line &line, double seconds) {
  auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600)
    line.add("%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  else
    line.add("%ld:%02ld", whole / 60, whole % 60);
}

void addMeans(Line &line, const Averages &means) {
  for (size_t i = 0; i < means.size(); ++i)
    line.addNumber(means.name(i), means.mean(i));
}

/// Says yes at most once in each interval.
class Throttle {
public:
  explicit Throttle(double seconds) : interval(seconds) {}
  bool ready() {
    auto now = Clock::now();
    if (now - last < interval)
      return false;
    last = now;
    return true;
  }

private:
  std::chrono::duration<double> interval;
  Clock::time_point last = Clock::now();
};

double secondsLeft(const StepReport &report, int64_t batch) {
  double rate = static_cast<double>(report.samples) / std::max(report.seconds, 1e-9);
  return static_cast<double>((report.steps - report.step) * batch) / std::max(rate, 1e-9);
}

/// Samples a step, from what was done so far.
int64_t batchOf(const StepReport &report) { return report.means.samples() / std::max<int64_t>(report.step, 1); }

void addEpochLine(Line &line, const EpochReport &report) {
  line.add("epoch %ld/%ld", report.epoch + 1, report.epochs);
  for (const auto &[name, value] : report.record)
    line.addNumber(name, value);
  line.add("  %.0f samples/s  ", report.samplesPerSecond);
  addDuration(line, report.seconds);
  line.add("\n");
}

/// Why training ended before its last epoch.
void addStop(Line &line, const RunEnd &end) {
  line.add("stopped after epoch %ld: %s ", end.epochs, end.monitor.c_str());
  if (!end.reference) {
    line.add("was never a finite number\n");
    return;
  }
  line.add("has not improved ");
  if (end.minDelta > 0)
    line.add("by more than %g ", end.minDelta);
  line.add("on ");
  line.addNumber(end.reference->value);
  line.add(" of epoch %ld\n", end.reference->epoch + 1);
}

class PlainProgress : public Progress {
public:
  void onStart(const std::string &model, int64_t rows, int64_t validationRows, int64_t parameters,
               const Session &session) override {
    Line line;
    line.add("%s: %ld parameters; %ld training rows, %ld validation rows; %s", model.c_str(), parameters, rows,
             validationRows, session.place().c_str());
    if (int32_t precision = precisionOf(session.program()); precision != NNC_PRECISION_F32)
      line.add(", products of %s", precisionName(precision));
    line.add("\n");
    line.write();
  }
  void onStep(const StepReport &report) override {
    if (!throttle.ready())
      return;
    Line line;
    line.add("epoch %ld/%ld  step %ld/%ld", report.epoch + 1, report.epochs, report.step, report.steps);
    addMeans(line, report.means);
    line.add("  %.0f samples/s  ", static_cast<double>(report.samples) / std::max(report.seconds, 1e-9));
    addDuration(line, secondsLeft(report, batchOf(report)));
    line.add(" left\n");
    line.write();
  }
  void onEpoch(const EpochReport &report) override {
    Line line;
    addEpochLine(line, report);
    line.write();
  }
  void onEnd(const RunEnd &end) override {
    Line line;
    if (end.stopped)
      addStop(line, end);
    if (end.restored)
      line.add("restored the parameters of epoch %ld\n", *end.restored + 1);
    if (end.best) {
      line.add("best");
      line.addNumber(end.monitor, end.best->value);
      line.add(" in epoch %ld of %ld  ", end.best->epoch + 1, end.epochs);
    } else {
      line.add("%ld epochs done  ", end.epochs);
    }
    addDuration(line, end.seconds);
    line.add("\n");
    line.write();
  }
  void note(const std::string &text) override {
    Line line;
    line.add("%s\n", text.c_str());
    line.write();
  }

private:
  static constexpr double kSecondsBetweenLines = 10;
  Throttle throttle{kSecondsBetweenLines};
};

class BarProgress : public PlainProgress {
public:
  explicit BarProgress(bool colour) : colour(colour) {}

  void onStep(const StepReport &report) override {
    if (!throttle.ready() && report.step != report.steps)
      return;
    Line head, tail;
    head.add("epoch %ld/%ld ", report.epoch + 1, report.epochs);
    addMeans(tail, report.means);
    tail.add("  %.0f samples/s  ", static_cast<double>(report.samples) / std::max(report.seconds, 1e-9));
    addDuration(tail, secondsLeft(report, batchOf(report)));
    tail.add(" left");
    begin();
    addBar(head, static_cast<int64_t>(head.size() + tail.size()), report);
    head.add("%s", tail.c_str());
    head.write();
    shown = true;
  }
  void onEpoch(const EpochReport &report) override {
    begin();
    PlainProgress::onEpoch(report);
    shown = false;
  }
  void note(const std::string &text) override {
    begin();
    PlainProgress::note(text);
    shown = false;
  }

private:
  /// Clears the bar that stands there.
  void begin() {
    Line line;
    if (shown)
      line.add("\r\x1b[K");
    line.write();
  }

  /// A bar as wide as the terminal leaves room for beside `textWidth` characters.
  void addBar(Line &line, int64_t textWidth, const StepReport &report) {
    constexpr int64_t kWidest = 30;
    winsize size{};
    int64_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
    int64_t width = std::clamp<int64_t>(columns - textWidth - 1, 0, kWidest);
    int64_t filled = width * report.step / report.steps;
    line.add("%s", colour ? "\x1b[32m" : "");
    for (int64_t i = 0; i < filled; ++i)
      line.add("━");
    line.add("%s", colour ? "\x1b[90m" : "");
    for (int64_t i = filled; i < width; ++i)
      line.add("%s", colour ? "━" : "·");
    line.add("%s", colour ? "\x1b[0m" : "");
  }

  bool colour;
  bool shown = false;
  static constexpr double kSecondsBetweenFrames = 0.1;
  Throttle throttle{kSecondsBetweenFrames};
};

class JsonProgress : public Progress {
public:
  void onStart(const std::string &model, int64_t rows, int64_t validationRows, int64_t parameters,
               const Session &session) override {
    Json object = {{"event", "start"},
                   {"model", model},
                   {"rows", rows},
                   {"validation_rows", validationRows},
                   {"parameters", parameters},
                   {"threads", session.threads()}};
    if (session.gpu())
      object["device"] = session.place();
    if (int32_t precision = precisionOf(session.program()); precision != NNC_PRECISION_F32)
      object["matmul_precision"] = precisionName(precision);
    print(object);
  }
  void onStep(const StepReport &report) override {
    if (!throttle.ready())
      return;
    Json object = {{"event", "step"},
                   {"epoch", report.epoch + 1},
                   {"epochs", report.epochs},
                   {"step", report.step},
                   {"steps", report.steps}};
    for (size_t i = 0; i < report.means.size(); ++i)
      object[report.means.name(i)] = report.means.mean(i);
    object["samples_per_second"] = static_cast<double>(report.samples) / std::max(report.seconds, 1e-9);
    object["seconds_left"] = secondsLeft(report, batchOf(report));
    print(object);
  }
  void onEpoch(const EpochReport &report) override {
    Json object = {{"event", "epoch"}, {"epoch", report.epoch + 1}, {"epochs", report.epochs}};
    for (const auto &[name, value] : report.record)
      object[name] = value;
    object["seconds"] = report.seconds;
    object["samples_per_second"] = report.samplesPerSecond;
    print(object);
  }
  void onSaved(const std::string &path, const TrainingState &state) override {
    print({{"event", "saved"}, {"path", path}, {"epoch", state.epoch}, {"position", state.position}});
  }
  void onEnd(const RunEnd &end) override {
    Json object = {{"event", "end"}, {"epochs", end.epochs}, {"stopped_early", end.stopped}, {"monitor", end.monitor}};
    if (end.best) {
      object["best"] = end.best->value;
      object["best_epoch"] = end.best->epoch + 1;
    }
    if (end.restored)
      object["restored_epoch"] = *end.restored + 1;
    object["seconds"] = end.seconds;
    print(object);
  }
  void note(const std::string &text) override { print({{"event", "note"}, {"text", text}}); }

private:
  using Json = nlohmann::ordered_json;

  void print(const Json &object) {
    std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0)
      return;
  }

  static constexpr double kSecondsBetweenLines = 1;
  Throttle throttle{kSecondsBetweenLines};
};

} // namespace

std::unique_ptr<Progress> makeProgress(ProgressMode mode) {
  auto variable = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string(value ? value : "");
  };
  bool terminal = isatty(STDERR_FILENO) && variable("TERM") != "dumb" && !variable("TERM").empty();
  switch (mode) {
  case ProgressMode::none:
    return std::make_unique<Progress>();
  case ProgressMode::json:
    return std::make_unique<JsonProgress>();
  case ProgressMode::automatic:
    if (terminal)
      return std::make_unique<BarProgress>(/*colour=*/variable("NO_COLOR").empty());
    [[fallthrough]];
  case ProgressMode::plain:
    break;
  }
  return std::make_unique<PlainProgress>();
}

} // namespace nnc::run
