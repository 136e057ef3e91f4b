// From text to words and from words to numbers.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nnc {

/// Calls `action(word)` for each word of `text` until it returns false.
///
/// A word is a longest run of letters, marks and numbers (Unicode categories L, M, N), each code point in lower case
/// by its simple mapping. An apostrophe (' or ’) between two such characters belongs to the word, as '. All other
/// characters, and bytes that are not UTF-8, separate words and are dropped.
class WordReader {
public:
  explicit WordReader(std::string_view text) : text(text) {}
  /// The next word, valid until the next call; empty at the end.
  std::string_view next();

private:
  std::string_view text;
  size_t position = 0;
  std::string word;
};

/// Words and their numbers: 0 is padding, 1 is any word that is not in the vocabulary, words follow from 2 on.
class Vocabulary {
public:
  static constexpr int32_t kPadding = 0, kUnknown = 1, kFirstWord = 2;

  Vocabulary() = default;
  explicit Vocabulary(std::vector<std::string> words);

  const std::vector<std::string> &words() const { return list; }
  int32_t find(std::string_view word) const;

  /// The numbers of a text's first `tokens.size()` words; a shorter text is padded on the left.
  void encode(std::string_view text, std::span<int32_t> tokens) const;

private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::vector<std::string> list;
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> numbers;
};

/// Counts words and chooses the most frequent ones.
class VocabularyBuilder {
public:
  void add(std::string_view text);
  /// The `size - 2` most frequent words, the most frequent first, equally frequent ones in byte order.
  Vocabulary build(int64_t size) const;

private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, int64_t, Hash, std::equal_to<>> counts;
};

} // namespace nnc
