// How well a model tells each class.
#include "Report.h"
#include "Csv.h"
#include "data/Table.h"
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utf8proc.h>

namespace nnc::run {
namespace {

/// Columns of a terminal that a text takes.
int64_t widthOf(const std::string &text) {
  int64_t width = 0;
  auto *next = reinterpret_cast<const utf8proc_uint8_t *>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t character = -1;
    utf8proc_ssize_t bytes = utf8proc_iterate(next, left, &character);
    width += bytes > 0 ? utf8proc_charwidth(character) : 1;
    bytes = std::max<utf8proc_ssize_t>(bytes, 1);
    next += bytes;
    left -= bytes;
  }
  return width;
}

std::string rightAligned(const std::string &text, int64_t width) {
  return std::string(std::max<int64_t>(width - widthOf(text), 0), ' ') + text;
}

std::string fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4f", value);
  return text;
}

std::string exact(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

int64_t widest(const std::vector<std::string> &texts) {
  int64_t width = 0;
  for (const std::string &text : texts)
    width = std::max(width, widthOf(text));
  return width;
}

std::string scoreLine(const std::string &name, int64_t nameWidth, const std::vector<std::string> &cells) {
  constexpr int64_t kWidth = 11;
  std::string line = rightAligned(name, nameWidth);
  for (const std::string &cell : cells)
    line += rightAligned(cell, kWidth);
  return line + "\n";
}

std::vector<std::string> cellsOf(const Scores &scores, int64_t support) {
  return {fixed(scores.precision), fixed(scores.recall), fixed(scores.f1), std::to_string(support)};
}

nlohmann::ordered_json toJson(const Scores &scores) {
  return {{"precision", scores.precision}, {"recall", scores.recall}, {"f1", scores.f1}};
}

} // namespace

std::string reportText(const ConfusionMatrix &matrix, const std::vector<std::string> &classes) {
  constexpr const char *kWeighted = "weighted avg";
  std::vector<std::string> names(classes.size());
  std::transform(classes.begin(), classes.end(), names.begin(), onOneLine);
  int64_t nameWidth = std::max(widest(names), widthOf(kWeighted)), samples = matrix.samples();
  std::string text = scoreLine("", nameWidth, {"precision", "recall", "f1-score", "support"}) + "\n";
  for (int64_t c = 0; c < matrix.classes(); ++c)
    text += scoreLine(names[c], nameWidth, cellsOf(matrix.scores(c), matrix.support(c)));
  text += "\n" + scoreLine("accuracy", nameWidth, {"", "", fixed(matrix.accuracy()), std::to_string(samples)});
  text += scoreLine("macro avg", nameWidth, cellsOf(matrix.macro(), samples));
  text += scoreLine(kWeighted, nameWidth, cellsOf(matrix.weighted(), samples));

  int64_t rowWidth = widest(names), cellWidth = std::max(rowWidth, widthOf(std::to_string(samples))) + 2;
  text += "\nrows: true classes; columns: what they were taken for\n" + std::string(rowWidth, ' ');
  for (const std::string &name : names)
    text += rightAligned(name, cellWidth);
  text += "\n";
  for (int64_t row = 0; row < matrix.classes(); ++row) {
    text += rightAligned(names[row], rowWidth);
    for (int64_t column = 0; column < matrix.classes(); ++column)
      text += rightAligned(std::to_string(matrix.count(row, column)), cellWidth);
    text += "\n";
  }
  return text;
}

std::string reportJson(const ConfusionMatrix &matrix, const std::vector<std::string> &names, const Averages &means) {
  using Json = nlohmann::ordered_json;
  Json object = {{"rows", means.samples()}};
  for (size_t i = 0; i < means.size(); ++i)
    object["metrics"][means.name(i)] = means.mean(i);
  object["accuracy"] = matrix.accuracy();
  object["macro"] = toJson(matrix.macro());
  object["weighted"] = toJson(matrix.weighted());
  object["classes"] = Json::array();
  object["confusion_matrix"] = Json::array();
  for (int64_t row = 0; row < matrix.classes(); ++row) {
    Json own = {{"class", names[row]}};
    own.update(toJson(matrix.scores(row)));
    own["support"] = matrix.support(row);
    object["classes"].push_back(own);
    Json counts = Json::array();
    for (int64_t column = 0; column < matrix.classes(); ++column)
      counts.push_back(matrix.count(row, column));
    object["confusion_matrix"].push_back(counts);
  }
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string reportCsv(const ConfusionMatrix &matrix, const std::vector<std::string> &names) {
  std::string text = "class,precision,recall,f1,support";
  for (const std::string &name : names)
    text += "," + csvField("predicted_" + name);
  text += "\n";
  for (int64_t row = 0; row < matrix.classes(); ++row) {
    Scores scores = matrix.scores(row);
    text += csvField(names[row]) + "," + exact(scores.precision) + "," + exact(scores.recall) + "," + exact(scores.f1) +
            "," + std::to_string(matrix.support(row));
    for (int64_t column = 0; column < matrix.classes(); ++column)
      text += "," + std::to_string(matrix.count(row, column));
    text += "\n";
  }
  return text;
}

} // namespace nnc::run
