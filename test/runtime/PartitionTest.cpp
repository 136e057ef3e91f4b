// Which rows are for training, for validation and for testing, and which each fold leaves out.
#include "data/Partition.h"
#include "Support.h"
#include "data/Shuffle.h"
#include <algorithm>
#include <numeric>
#include <set>

using namespace nnc;

namespace {

/// 60 rows of class a, 30 of b and 10 of c, in turns of ten.
RowClasses unevenClasses() {
  RowClasses classes;
  classes.names = {"a", "b", "c"};
  for (int64_t row = 0; row < 100; ++row)
    classes.ofRow.push_back(row % 10 < 6 ? 0 : row % 10 < 9 ? 1 : 2);
  return classes;
}

std::vector<int64_t> countsOf(const std::vector<int64_t> &rows, const RowClasses &classes) {
  std::vector<int64_t> counts(classes.names.size());
  for (int64_t row : rows)
    ++counts[classes.ofRow[row]];
  return counts;
}

std::vector<int64_t> together(std::initializer_list<std::vector<int64_t>> parts) {
  std::vector<int64_t> all;
  for (const auto &part : parts) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<int64_t> allRows(int64_t rows) {
  std::vector<int64_t> all(rows);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(PartitionTest, EveryRowIsInOnePart) {
  Partition partition = partitionRows(101, 0.1, 0.25, nullptr);
  EXPECT_EQ(partition.validation.size(), 10u);
  EXPECT_EQ(partition.test.size(), 25u);
  EXPECT_EQ(together({partition.training, partition.validation, partition.test}), allRows(101));
}

TEST(PartitionTest, ValidationIsTheFirstRowsOfAFixedPermutation) {
  std::vector<int64_t> order(101);
  shuffleRows(0, UINT64_MAX, order);
  std::vector<int64_t> first(order.begin(), order.begin() + 10);
  std::sort(first.begin(), first.end());
  EXPECT_EQ(partitionRows(101, 0.1, 0, nullptr).validation, first);
  EXPECT_EQ(partitionRows(101, 0.1, 0.25, nullptr).validation, first) << "with a test part too";
}

TEST(PartitionTest, StratifiedEachClassGivesItsShare) {
  RowClasses classes = unevenClasses();
  Partition partition = partitionRows(100, 0.1, 0.25, &classes);
  EXPECT_EQ(countsOf(partition.validation, classes), (std::vector<int64_t>{6, 3, 1}));
  // 54, 27 and 9 of 90 rows are left; 25 of them are 15, 7½ and 2½.
  EXPECT_EQ(countsOf(partition.test, classes), (std::vector<int64_t>{15, 8, 2}));
  EXPECT_EQ(together({partition.training, partition.validation, partition.test}), allRows(100));
}

TEST(PartitionTest, RefusesPartsWithoutRows) {
  EXPECT_ERROR(partitionRows(3, 0.1, 0, nullptr),
               "--validation 0.1 of 3 rows leaves 0 for validation and 3 for training");
  EXPECT_ERROR(partitionRows(4, 0.5, 0.5, nullptr),
               "--validation 0.5 and --test 0.5 of 4 rows leaves 2 for validation, 2 for testing and 0 for training");
  EXPECT_ERROR(partitionRows(2, 0, 0.9, nullptr), "--test 0.9 of 2 rows leaves 2 for testing and 0 for training");
  RowClasses classes{{0, 0, 0, 1}, {"many", "one"}};
  // Of two rows for validation the shares are 1½ and ½: the first class is rounded up, and the other keeps its row.
  EXPECT_EQ(countsOf(partitionRows(4, 0.5, 0, &classes).training, classes), (std::vector<int64_t>{1, 1}));
  EXPECT_ERROR(partitionRows(4, 0.75, 0, &classes),
               "--stratify: of the class 'one' no row would be left for training: 1 are too few to be shared out");
}

TEST(PartitionTest, AFingerprintTellsRowsApart) {
  std::vector<int64_t> all = allRows(50), some = partitionRows(50, 0.2, 0, nullptr).training;
  EXPECT_EQ(fingerprint(all), 0);
  EXPECT_NE(fingerprint(some), 0);
  std::vector<int64_t> others = some;
  others.back() = 0;
  EXPECT_NE(fingerprint(some), fingerprint(others));
}

TEST(FoldsTest, LeaveEachRowOutOnce) {
  auto folds = foldRows(11, 3, nullptr);
  EXPECT_EQ(together({folds[0], folds[1], folds[2]}), allRows(11));
  EXPECT_EQ(folds[0].size(), 4u);
  EXPECT_EQ(folds[2].size(), 3u);
  EXPECT_EQ(together({otherRows(11, folds[1]), folds[1]}), allRows(11));
  EXPECT_EQ(foldRows(11, 11, nullptr)[10].size(), 1u);
}

TEST(FoldsTest, StratifiedFoldsAreAlike) {
  RowClasses classes = unevenClasses();
  for (const auto &fold : foldRows(100, 5, &classes))
    EXPECT_EQ(countsOf(fold, classes), (std::vector<int64_t>{12, 6, 2}));
  for (const auto &fold : foldRows(100, 7, &classes)) {
    std::vector<int64_t> counts = countsOf(fold, classes);
    EXPECT_TRUE(fold.size() == 14 || fold.size() == 15);
    EXPECT_TRUE(counts[0] == 8 || counts[0] == 9);
    EXPECT_TRUE(counts[2] == 1 || counts[2] == 2);
  }
}

TEST(FoldsTest, RefusesWhatCannotBeDone) {
  EXPECT_ERROR(foldRows(4, 5, nullptr), "--folds 5: there are 4 rows");
  RowClasses classes{{0, 1, 0}, {"many", "one"}};
  EXPECT_ERROR(foldRows(3, 2, &classes), "--stratify: the class 'one' has one row only");
}

} // namespace
