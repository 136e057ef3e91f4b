// --embeddings LAYER=FILE: rows of an embedding start from a file's vectors of their words.
#pragma once
#include "Options.h"
#include "core/Session.h"
#include "data/WordVectors.h"

namespace nnc::run {

/// Rows of one table, to be copied over its initial values.
class PretrainedRows {
public:
  PretrainedRows(const nnc_variable &table, WordVectors vectors) : table(table), vectors(std::move(vectors)) {}
  void copyTo(Session &session) const;

private:
  nnc_variable table;
  WordVectors vectors;
};

/// What --embeddings names, read, and a sentence on each.
struct Embeddings {
  std::vector<PretrainedRows> tables;
  std::vector<std::string> notes;
};

/// Throws an Error where a layer is none or no embedding, there is no vocabulary, or a file does not fit.
Embeddings readEmbeddings(const Options &options, const nnc_program &program, const Vocabulary &vocabulary);

} // namespace nnc::run
