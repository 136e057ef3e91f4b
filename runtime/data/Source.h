// Where data comes from: finding the files of a split, reading them, and turning their columns into a dataset for the
// inputs of a program.
//
// What a path may be:
//   FILE.npz              arrays named as the inputs
//   FILE.npy              the one input there is
//   FILE.csv, FILE.tsv    a table with a header
//   FILE.txt              one text a line
//   DIRECTORY             holds INPUT.npy for each input; or splits: train, validation and test, each one of
//                         SPLIT.npz, SPLIT.csv, SPLIT.tsv, SPLIT.txt or a directory SPLIT with INPUT.npy
//
// How a table's columns become inputs, the first that fits:
//   1. An input of one number a row takes the column of its name. Where the input is an integer and the training
//      rows hold no whole numbers, they are class names: the classes are the training rows' distinct names in byte
//      order, and the input gets their positions. Numbers and names in one column are an error.
//   2. An input of d numbers a row takes the columns NAME_0 ... NAME_(d-1), row-major.
//   3. An integer input of T numbers a row takes the column `text`: its words' numbers in a vocabulary made from the
//      training rows, as large as the input's range.
//   4. A float input of d numbers a row takes the columns that no other input takes, in the order of the file, where
//      there are exactly d. In files that are read later these are the columns of the same names.
#pragma once
#include "data/Array.h"
#include "data/Partition.h"
#include "data/Table.h"
#include "data/Tokenizer.h"
#include <map>
#include <optional>

namespace nnc {

/// What training rows decide about the numbers that text becomes. Empty where the data is numbers already.
struct Encoding {
  Vocabulary vocabulary;
  /// The names of classes, by input.
  std::map<std::string, std::vector<std::string>> classes;
  /// Of an input that takes the columns that no other takes: which these are.
  std::map<std::string, std::vector<std::string>> columns;
};

/// The file or directory of a split, or nothing. `split` is train, validation or test.
std::optional<std::string> findSplit(const std::string &path, const std::string &split);
/// Whether a path is a directory that has any split.
bool hasSplits(const std::string &path);

/// The data inputs of some entries, each name once. Throws where two entries disagree about the type of one.
std::vector<nnc_input> dataInputs(std::span<const nnc_entry *const> entries);

/// One split's files, read but not yet turned into numbers.
class Source {
public:
  /// `known` is what training rows have decided, where they were read before.
  Source(const std::string &path, std::vector<nnc_input> inputs, const Encoding *known = nullptr);
  /// A single text, as typed.
  static Source fromText(const std::string &text, std::vector<nnc_input> inputs);

  int64_t rows() const;
  /// The encoding that the given rows make.
  Encoding fit(std::span<const int64_t> rows) const;
  /// The classes that an input of one integer a row says: a table's distinct texts in byte order, an array's distinct
  /// numbers in increasing order.
  RowClasses classesOf(const std::string &input) const;
  /// All rows as numbers.
  Dataset encode(const Encoding &encoding) const;

private:
  /// How one input is read from the table.
  struct Plan {
    bool isText = false;
    std::vector<size_t> columns;
    bool takesRemaining = false;
  };

  Source() = default;
  void readArrays(const std::string &path);
  void planTable(const Encoding *known = nullptr);
  std::optional<Plan> planInput(const nnc_input &input) const;
  Plan planKnownColumns(const nnc_input &input, const std::vector<std::string> &names) const;
  void planRemainingColumns();
  /// Whether those rows of the column of an integer input hold class names; else whole numbers. Throws where they hold
  /// both, or nothing.
  bool holdsNames(size_t column, std::span<const int64_t> rows) const;
  Dataset encodeArrays() const;
  Column encodeText(const nnc_input &input, size_t column, const Vocabulary &vocabulary) const;
  Column encodeNames(const nnc_input &input, size_t column, const std::vector<std::string> &classes) const;
  Column encodeNumbers(const nnc_input &input, const Plan &plan) const;

  std::string where;
  std::vector<nnc_input> inputs;
  std::map<std::string, Array> arrays;
  std::optional<Table> table;
  std::vector<std::optional<Plan>> plans; // of the table, one an input
};

} // namespace nnc
