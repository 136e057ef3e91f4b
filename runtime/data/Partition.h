// Which rows of one file are for training, for validation, for testing, and for each part of a cross-validation.
//
// The choice depends on the number of rows, the fractions and, stratified, the classes alone: it is the same for every
// seed of training. Rows are drawn in the order of a fixed permutation (Shuffle.h: seed 0, epoch 2⁶⁴ - 1).
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// The classes of the rows of a file, numbered.
struct RowClasses {
  std::vector<int64_t> ofRow;
  std::vector<std::string> names;
};

/// Rows in increasing order.
struct Partition {
  std::vector<int64_t> training, validation, test;
};

/// Of n rows, fraction · n rounded to the nearest are for validation, the first of the permutation, and as many of the
/// next for testing. With `classes`, each class gives as many as its share of the rows, rounded down, and those whose
/// shares were rounded down most, the first of equal ones, one more until the number is reached. Throws an Error where
/// a fraction leaves no row to one of the parts, or no training row to a class.
Partition partitionRows(int64_t rows, double validation, double test, const RowClasses *classes);

/// The rows that each of `folds` trainings leaves out: parts of the permutation whose numbers of rows differ by one at
/// most. With `classes`, the rows of one class after another are dealt to the parts in turns, so that those of a class
/// differ by one at most too. Throws an Error where there are more folds than rows, or a class has one row only.
std::vector<std::vector<int64_t>> foldRows(int64_t rows, int64_t folds, const RowClasses *classes);

/// Of 0, 1, ..., rows-1 those that are not in `left`, which is in increasing order.
std::vector<int64_t> otherRows(int64_t rows, const std::vector<int64_t> &left);

/// A number that tells rows from other rows of a file; 0 where they are all there are before the last of them.
int64_t fingerprint(std::span<const int64_t> rows);

} // namespace nnc
