// --embeddings LAYER=FILE: rows of an embedding start from a file's vectors of their words.
#include "Embeddings.h"
#include "core/Error.h"
#include "data/MappedFile.h"
#include <algorithm>
#include <set>

namespace nnc::run {
namespace {

/// The parameter that only embeddings have.
constexpr std::string_view kTable = ".embeddings";

std::string pathOf(const nnc_tensor &table) {
  std::string_view name = table.name;
  return std::string(name.substr(0, name.size() - kTable.size()));
}

/// The table of the program whose layer is named `layer`, by its path or by its last part.
const nnc_variable &findTable(const nnc_program &program, const std::string &layer) {
  std::vector<const nnc_variable *> found;
  std::string listed;
  bool isLayer = false;
  for (const nnc_variable &variable : variablesOf(program)) {
    std::string_view name = variable.tensor.name;
    if (variable.role != NNC_PARAMETER)
      continue;
    isLayer |= name.starts_with(layer + ".") || name.find("." + layer + ".") != name.npos;
    if (!name.ends_with(kTable) || variable.tensor.rank != 2)
      continue;
    std::string path = pathOf(variable.tensor);
    listed += concat(listed.empty() ? "" : ", ", path);
    if (path == layer)
      return variable;
    if (path.ends_with("." + layer))
      found.push_back(&variable);
  }
  if (found.empty())
    fail("--embeddings ", layer, ": ", isLayer ? "is no embedding" : "there is no such layer",
         "; embeddings: ", listed.empty() ? "none" : listed);
  if (found.size() > 1)
    fail("--embeddings ", layer, ": several layers have that name; embeddings: ", listed);
  return *found.front();
}

} // namespace

void PretrainedRows::copyTo(Session &session) const {
  int64_t size = table.tensor.shape[1];
  auto copy = [&]<typename T>(T *rows) {
    for (size_t i = 0; i < vectors.words.size(); ++i)
      std::ranges::copy(vectors.vector(i, size), rows + vectors.words[i] * size);
  };
  void *elements = session.write(table);
  if (table.tensor.dtype == NNC_F64)
    copy(static_cast<double *>(elements));
  else
    copy(static_cast<float *>(elements));
}

Embeddings readEmbeddings(const Options &options, const nnc_program &program, const Vocabulary &vocabulary) {
  Embeddings result;
  std::set<std::string> seen;
  for (const std::string &given : options.embeddings) {
    size_t equals = given.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == given.size())
      fail("--embeddings ", given, ": must be LAYER=FILE");
    std::string layer = given.substr(0, equals), path = given.substr(equals + 1);
    const nnc_variable &variable = findTable(program, layer);
    const nnc_tensor &table = variable.tensor;
    std::string name = pathOf(table);
    if (!seen.insert(name).second)
      fail("--embeddings ", layer, ": ", name, " is given twice");
    size_t words = vocabulary.words().size();
    if (words == 0)
      fail("--embeddings ", layer, ": there is no vocabulary, as the data are numbers; vectors go by words");
    if (table.shape[0] < static_cast<int64_t>(words) + Vocabulary::kFirstWord)
      fail("--embeddings ", layer, ": ", name, " has ", table.shape[0], " rows, the vocabulary ",
           words + Vocabulary::kFirstWord, " entries: it is no table of its words");
    auto file = MappedFile::open(path);
    WordVectors vectors = parseWordVectors(file->text(), path, vocabulary, table.shape[1]);
    if (vectors.words.empty())
      fail("--embeddings ", layer, ": ", path, " has a vector for none of the vocabulary's ", words, " words");
    result.notes.push_back(
        concat(name, ": ", vectors.words.size(), " of the vocabulary's ", words, " words start from ", path));
    result.tables.emplace_back(variable, std::move(vectors));
  }
  return result;
}

} // namespace nnc::run
