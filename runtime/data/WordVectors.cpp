// Vectors of words from text files. A line is read from its end: its last numbers are the vector, the rest is the word.
#include "data/WordVectors.h"
#include "core/Error.h"
#include "data/Number.h"
#include "data/Table.h"
#include <algorithm>
#include <map>
#include <optional>

namespace nnc {
namespace {

/// Spaces behind the last number, as word2vec writes them, and a carriage return belong to the line's end.
std::string_view trimEnd(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  while (line.ends_with(' '))
    line.remove_suffix(1);
  return line;
}

/// Takes the part behind the last space off the end of `line`; nothing where there is no space.
std::optional<std::string_view> takeLast(std::string_view &line) {
  size_t space = line.rfind(' ');
  if (space == std::string_view::npos)
    return std::nullopt;
  std::string_view last = line.substr(space + 1);
  line = line.substr(0, space);
  return last;
}

std::optional<int64_t> parseCount(std::string_view text) {
  int64_t count = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (status != std::errc() || end != text.data() + text.size() || count < 0)
    return std::nullopt;
  return count;
}

class Reader {
public:
  Reader(const std::string &source, int64_t size) : source(source), vector(size) {}

  /// Reads a line of the file, and returns its word; nothing where it is a header.
  std::optional<std::string_view> read(std::string_view line) {
    ++number;
    line = trimEnd(line);
    if (number == 1 && readHeader(line))
      return std::nullopt;
    ++words;
    int64_t size = static_cast<int64_t>(vector.size());
    for (int64_t i = size - 1; i >= 0; --i) {
      auto digits = takeLast(line);
      if (!digits)
        fail(place(), ": has ", size - 1 - i, " numbers behind its word; the layer takes ", size);
      switch (parseReal(*digits, vector[i])) {
      case RealStatus::good:
        break;
      case RealStatus::noNumber:
        fail(place(), ": ", shown(*digits), " is not a number; a line is a word and ", size, " numbers");
      case RealStatus::tooLarge:
        fail(place(), ": ", shown(*digits), " does not fit into f32");
      case RealStatus::notFinite:
        fail(place(), ": ", shown(*digits), " is not a finite number");
      }
    }
    if (line.empty())
      fail(place(), ": has no word before its ", size, " numbers");
    checkWord(line);
    return line;
  }

  /// To be called behind the last line.
  void finish() const {
    if (promised && *promised != words)
      fail(source, ": its first line promises ", *promised, " words, it has ", words);
  }

  const std::vector<float> &values() const { return vector; }

private:
  /// Two whole numbers and nothing else are word2vec's header; where a vector has one number, a word and its vector.
  bool readHeader(std::string_view line) {
    std::string_view first = line;
    auto last = takeLast(first);
    auto count = parseCount(first), size = last ? parseCount(*last) : std::nullopt;
    if (!count || !size || vector.size() == 1)
      return false;
    if (*size != static_cast<int64_t>(vector.size()))
      fail(place(), ": the file's vectors have ", *size, " numbers; the layer takes ", vector.size());
    promised = count;
    return true;
  }

  /// A word of several parts that ends in a number is a vector that is too long.
  void checkWord(std::string_view word) const {
    std::string_view rest = word;
    int64_t more = 0;
    float ignored = 0;
    for (auto part = takeLast(rest); part && parseReal(*part, ignored) == RealStatus::good; part = takeLast(rest))
      ++more;
    if (more)
      fail(place(), ": has ", vector.size() + more, " numbers behind its word; the layer takes ", vector.size());
  }

  std::string place() const { return concat(source, ":", number); }

  const std::string &source;
  std::vector<float> vector;
  std::optional<int64_t> promised;
  int64_t number = 0, words = 0;
};

} // namespace

WordVectors parseWordVectors(std::string_view text, const std::string &source, const Vocabulary &vocabulary,
                             int64_t size) {
  Reader reader(source, size);
  std::map<int32_t, size_t> lines; // where in `values` the vector of a word starts
  std::vector<float> values;
  text = withoutMark(text);
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    auto word = reader.read(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    int32_t number = word ? vocabulary.find(*word) : Vocabulary::kUnknown;
    if (number != Vocabulary::kUnknown && lines.emplace(number, values.size()).second)
      values.insert(values.end(), reader.values().begin(), reader.values().end());
  }
  reader.finish();
  WordVectors result;
  for (auto [number, start] : lines) {
    result.words.push_back(number);
    result.values.insert(result.values.end(), values.begin() + start, values.begin() + start + size);
  }
  return result;
}

} // namespace nnc
