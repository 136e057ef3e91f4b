// Vectors of words from text files: GloVe's format, a word and its numbers a line, separated by spaces; and word2vec's,
// which has a line before these that says how many words and how many numbers each.
#pragma once
#include "data/Tokenizer.h"
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// The vectors of those words of a vocabulary that a file has.
struct WordVectors {
  std::vector<int32_t> words; // numbers of the vocabulary, in increasing order
  std::vector<float> values;  // of each word, one after the other

  std::span<const float> vector(size_t index, int64_t size) const {
    return {values.data() + index * size, static_cast<size_t>(size)};
  }
};

/// Finds the words of `vocabulary`, each just as it is written, in the text of a file. Of a word that has several lines
/// the first counts. Every line is checked: it must end in `size` numbers; a word may have spaces in it, as some of
/// GloVe's have. Throws an Error with `source` and the line.
WordVectors parseWordVectors(std::string_view text, const std::string &source, const Vocabulary &vocabulary,
                             int64_t size);

} // namespace nnc
