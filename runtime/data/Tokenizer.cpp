// From text to words and from words to numbers.
#include "data/Tokenizer.h"
#include "core/Error.h"
#include <algorithm>
#include <utf8proc.h>

namespace nnc {
namespace {

struct CodePoint {
  utf8proc_int32_t value;
  size_t bytes;
};

/// The code point at the start of `text`; a byte that is not UTF-8 is one code point that is no letter.
CodePoint decode(std::string_view text) {
  unsigned char first = text[0];
  if (first < 0x80)
    return {first, 1};
  utf8proc_int32_t value = 0;
  utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                                            static_cast<utf8proc_ssize_t>(text.size()), &value);
  return bytes > 0 ? CodePoint{value, size_t(bytes)} : CodePoint{-1, 1};
}

bool isWordCharacter(utf8proc_int32_t value) {
  if (value < 0)
    return false;
  if (value < 0x80)
    return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') || (value >= '0' && value <= '9');
  // The categories of letters, marks and numbers are numbered one after the other.
  utf8proc_category_t category = utf8proc_category(value);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

void appendLower(std::string &word, utf8proc_int32_t value) {
  if (value < 0x80) {
    word += static_cast<char>(value >= 'A' && value <= 'Z' ? value - 'A' + 'a' : value);
    return;
  }
  utf8proc_uint8_t buffer[4];
  utf8proc_ssize_t bytes = utf8proc_encode_char(utf8proc_tolower(value), buffer);
  word.append(reinterpret_cast<char *>(buffer), bytes);
}

bool isApostrophe(utf8proc_int32_t value) { return value == '\'' || value == 0x2019; }

} // namespace

std::string_view WordReader::next() {
  word.clear();
  while (position < text.size()) {
    CodePoint current = decode(text.substr(position));
    position += current.bytes;
    if (isWordCharacter(current.value)) {
      appendLower(word, current.value);
      continue;
    }
    if (word.empty())
      continue;
    if (isApostrophe(current.value) && position < text.size() && isWordCharacter(decode(text.substr(position)).value)) {
      word += '\'';
      continue;
    }
    return word;
  }
  return word;
}

Vocabulary::Vocabulary(std::vector<std::string> words) : list(std::move(words)) {
  numbers.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i)
    if (!numbers.emplace(list[i], static_cast<int32_t>(i) + kFirstWord).second)
      fail("the vocabulary holds the word '", list[i], "' twice");
}

int32_t Vocabulary::find(std::string_view word) const {
  auto found = numbers.find(word);
  return found == numbers.end() ? kUnknown : found->second;
}

void Vocabulary::encode(std::string_view text, std::span<int32_t> tokens) const {
  WordReader reader(text);
  size_t count = 0;
  while (count < tokens.size()) {
    std::string_view word = reader.next();
    if (word.empty())
      break;
    tokens[count++] = find(word);
  }
  std::rotate(tokens.begin(), tokens.begin() + count, tokens.end());
  std::fill(tokens.begin(), tokens.end() - count, kPadding);
}

void VocabularyBuilder::add(std::string_view text) {
  WordReader reader(text);
  for (std::string_view word = reader.next(); !word.empty(); word = reader.next()) {
    auto found = counts.find(word);
    if (found == counts.end())
      counts.emplace(word, 1);
    else
      ++found->second;
  }
}

Vocabulary VocabularyBuilder::build(int64_t size) const {
  std::vector<std::pair<std::string_view, int64_t>> ranking(counts.begin(), counts.end());
  std::sort(ranking.begin(), ranking.end(), [](const auto &left, const auto &right) {
    return left.second != right.second ? left.second > right.second : left.first < right.first;
  });
  size_t kept = std::min<size_t>(ranking.size(), std::max<int64_t>(size - Vocabulary::kFirstWord, 0));
  std::vector<std::string> words;
  for (size_t i = 0; i < kept; ++i)
    words.emplace_back(ranking[i].first);
  return Vocabulary(std::move(words));
}

} // namespace nnc
