// The numbers of each epoch as a CSV file.
#include "History.h"
#include "checkpoint/AtomicFile.h"
#include "core/Error.h"
#include <cstdio>
#include <fstream>

namespace nnc::run {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

std::string headerOf(const EpochRecord &record) {
  std::string header = "epoch";
  for (const auto &[name, value] : record)
    header += "," + name;
  return header + ",seconds,samples_per_second";
}

std::string lineOf(int64_t epoch, const EpochRecord &record, const std::string &times) {
  std::string line = std::to_string(epoch + 1);
  for (const auto &[name, value] : record)
    line += "," + number(value);
  return line + "," + times;
}

} // namespace

History::History(std::string file, const TrainingState &state) : path(std::move(file)) {
  if (path.empty() || state.history.empty())
    return;
  header = headerOf(state.history.front());
  for (size_t epoch = 0; epoch < state.history.size(); ++epoch)
    lines.push_back(lineOf(static_cast<int64_t>(epoch), state.history[epoch], ","));
  readExisting(state.epoch);
}

/// Takes the lines of a file of the same columns, which have the times.
void History::readExisting(int64_t epochs) {
  std::ifstream stream(path);
  std::string line;
  if (!std::getline(stream, line) || line != header)
    return;
  for (int64_t epoch = 0; epoch < epochs && std::getline(stream, line); ++epoch)
    if (line.starts_with(concat(epoch + 1, ",")) && epoch < static_cast<int64_t>(lines.size()))
      lines[epoch] = line;
}

void History::add(int64_t epoch, const EpochRecord &record, double seconds, double samplesPerSecond) {
  if (path.empty())
    return;
  header = headerOf(record);
  lines.push_back(lineOf(epoch, record, number(seconds) + "," + number(samplesPerSecond)));
  write();
}

void History::write() const {
  AtomicFile file(path);
  file.write(header + "\n");
  for (const std::string &line : lines)
    file.write(line + "\n");
  file.commit();
}

} // namespace nnc::run
