// The numbers of each epoch as a CSV file.
#include "History.h"
#include "core/AtomicFile.h"
#include "core/Error.h"
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

namespace nnc::run {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

constexpr const char *kTimeColumns = ",seconds,samples_per_second";

/// The number of that name as it is written, or an empty field.
std::string fieldOf(const EpochRecord &record, const std::string &name) {
  for (const auto &[key, value] : record)
    if (key == name)
      return number(value);
  return "";
}

/// A row but for its times.
std::string lineOf(size_t epoch, const EpochRecord &record, const std::vector<std::string> &names) {
  std::string line = std::to_string(epoch + 1);
  for (const std::string &name : names)
    line += "," + fieldOf(record, name);
  return line;
}

/// The names between `epoch` and the times in a header; nothing where it is no header of ours.
std::optional<std::vector<std::string>> namesOf(std::string header) {
  if (!header.starts_with("epoch,") || !header.ends_with(kTimeColumns))
    return std::nullopt;
  header.resize(header.size() - std::string_view(kTimeColumns).size());
  std::istringstream fields(header);
  std::vector<std::string> names;
  std::string name;
  std::getline(fields, name, ',');
  while (std::getline(fields, name, ','))
    names.push_back(name);
  return names;
}

} // namespace

History::History(std::string file, const TrainingState &state) : path(std::move(file)) {
  for (const EpochRecord &record : state.history)
    rows.push_back({record});
  if (!path.empty() && !rows.empty())
    readTimes();
}

void History::readTimes() {
  std::ifstream stream(path);
  std::string line;
  if (!std::getline(stream, line))
    return;
  std::optional<std::vector<std::string>> names = namesOf(line);
  for (size_t epoch = 0; names && epoch < rows.size() && std::getline(stream, line); ++epoch) {
    std::string start = lineOf(epoch, rows[epoch].record, *names) + ",";
    if (line.starts_with(start) && std::count(line.begin() + start.size(), line.end(), ',') == 1)
      rows[epoch].times = line.substr(start.size());
  }
}

void History::add(int64_t epoch, const EpochRecord &record, double seconds, double samplesPerSecond) {
  if (path.empty())
    return;
  rows.resize(epoch);
  rows.push_back({record, number(seconds) + "," + number(samplesPerSecond)});
  write();
}

void History::write() const {
  std::vector<std::string> names;
  for (const Row &row : rows)
    for (const auto &[name, value] : row.record)
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
  AtomicFile file(path);
  file.write("epoch");
  for (const std::string &name : names)
    file.write("," + name);
  file.write(concat(kTimeColumns, "\n"));
  for (size_t epoch = 0; epoch < rows.size(); ++epoch)
    file.write(lineOf(epoch, rows[epoch].record, names) + "," + rows[epoch].times + "\n");
  file.commit();
}

} // namespace nnc::run
