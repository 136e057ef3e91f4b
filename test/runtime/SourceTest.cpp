// From files to datasets: splits, columns, classes, and what is refused.
#include "data/Source.h"
#include "Support.h"
#include "data/Shuffle.h"
#include <algorithm>
#include <cstring>
#include <numeric>

using namespace nnc;
using namespace nnc::test;

namespace {

class SourceTest : public testing::Test {
protected:
  TempFolder folder;
  nnc_input tokens = withRange(makeInput("tokens", NNC_I32, {4, 3}), 0, 9);
  nnc_input label = withRange(makeInput("label", NNC_I32, {4}), 0, 1);
  nnc_input features = makeInput("x", NNC_F32, {4, 2});
  nnc_input target = makeInput("y", NNC_F32, {4});

  template <typename T> std::vector<T> values(const Dataset &data, const char *name) {
    const Column *column = data.find(name);
    std::vector<T> result(column->rowBytes / sizeof(T) * data.rows);
    std::memcpy(result.data(), column->rows, result.size() * sizeof(T));
    return result;
  }
  Dataset load(const std::string &path, std::vector<nnc_input> inputs) {
    Source source(path, std::move(inputs));
    std::vector<int64_t> all(source.rows());
    std::iota(all.begin(), all.end(), 0);
    return source.encode(source.fit(all));
  }
};

TEST_F(SourceTest, TextAndClassNames) {
  std::string file = folder.write("t.csv", "label,text\nmeow,the cat\nbark,the dog\n");
  Dataset data = load(file, {tokens, label});
  EXPECT_EQ(values<int32_t>(data, "tokens"), (std::vector<int32_t>{0, 2, 3, 0, 2, 4}));
  EXPECT_EQ(values<int32_t>(data, "label"), (std::vector<int32_t>{1, 0}));
}

TEST_F(SourceTest, VocabularyAndClassesComeFromTheGivenRowsOnly) {
  Source source(folder.write("t.tsv", "text\tlabel\na b\tx\nc d\ty\n"), {tokens, label});
  int64_t first[] = {0};
  Encoding encoding = source.fit(first);
  EXPECT_EQ(encoding.vocabulary.words(), (std::vector<std::string>{"a", "b"}));
  EXPECT_ERROR(source.encode(encoding), "t.tsv:3: 'y' is not one of the 1 classes of the training rows");
}

TEST_F(SourceTest, WholeNumbersAreClassIndices) {
  Dataset data = load(folder.write("t.csv", "label,x_0,x_1\n1,0.5,2\n0,-1e3,+4\n"), {features, label});
  EXPECT_EQ(values<int32_t>(data, "label"), (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(values<float>(data, "x"), (std::vector<float>{0.5, 2, -1000, 4}));
  EXPECT_ERROR(load(folder.write("u.csv", "label,x_0,x_1\n2,1,1\n"), {features, label}),
               "u.csv:2: column 'label': '2' is out of range: input 'label' takes 0 to 1");
}

TEST_F(SourceTest, RemainingColumnsAreTheFeatures) {
  Dataset data = load(folder.write("t.csv", "width,y,height\n1,10,2\n3,20,4\n"), {features, target});
  EXPECT_EQ(values<float>(data, "x"), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(values<float>(data, "y"), (std::vector<float>{10, 20}));
}

TEST_F(SourceTest, LaterFilesHaveTheColumnsOfTheTrainingRows) {
  Source training(folder.write("t.csv", "width,y,height\n1,10,2\n"), {features, target});
  int64_t first[] = {0};
  Encoding encoding = training.fit(first);
  EXPECT_EQ(encoding.columns.at("x"), (std::vector<std::string>{"width", "height"}));
  // In another order, with a column more, for a model that takes x alone.
  Source later(folder.write("u.csv", "height,y,note,width\n4,20,-,3\n"), {features}, &encoding);
  EXPECT_EQ(values<float>(later.encode(encoding), "x"), (std::vector<float>{3, 4}));
  EXPECT_ERROR(Source(folder.write("v.csv", "depth,width\n1,2\n"), {features}, &encoding),
               "no column 'height', which the input x was trained on; the file has 'depth', 'width'");
  EXPECT_EQ(values<float>(Source(folder.write("w.csv", "x_0,x_1\n1,2\n"), {features}, &encoding).encode(encoding), "x"),
            (std::vector<float>{1, 2}));
}

TEST_F(SourceTest, AOneWideInputTakesTheColumnOfItsName) {
  nnc_input wide = makeInput("y", NNC_F32, {4, 1});
  Dataset data = load(folder.write("t.csv", "a,y,b\n1,10,2\n3,20,4\n"), {features, wide});
  EXPECT_EQ(values<float>(data, "x"), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(values<float>(data, "y"), (std::vector<float>{10, 20}));
  EXPECT_ERROR(load(folder.write("u.csv", "x_0,x_1\n1,2\n"), {features, wide}), "no column 'y' or 'y_0' for");
}

TEST_F(SourceTest, RefusesLabelsOfTwoKinds) {
  auto error = [&](const std::string &labels) {
    return errorOf([&] { load(folder.write("t.tsv", "x_0\tx_1\tlabel\n" + labels), {features, label}); });
  };
  EXPECT_NE(error("1\t1\t0\n1\t1\t\n").find("t.tsv:3: column 'label' is empty"), std::string::npos);
  EXPECT_NE(error("1\t1\tcat\n1\t1\t\n").find("t.tsv:3: column 'label' is empty"), std::string::npos);
  EXPECT_NE(
      error("1\t1\t0\n1\t1\t1x\n").find("t.tsv:3: column 'label' mixes numbers and names: '1x' here, '0' in line 2"),
      std::string::npos);
  EXPECT_NE(error("1\t1\tcat\n1\t1\t1\n").find("t.tsv:3: column 'label' mixes numbers and names: '1' here"),
            std::string::npos);
}

TEST_F(SourceTest, RoundsWhatIsTooSmallToZero) {
  Dataset data = load(folder.write("t.csv", "x_0,x_1,y\n1e-50,-1e-40,1e-400\n"), {features, target});
  EXPECT_EQ(values<float>(data, "x"), (std::vector<float>{0, -1e-40f}));
  EXPECT_EQ(values<float>(data, "y"), (std::vector<float>{0}));
  EXPECT_ERROR(load(folder.write("u.csv", "x_0,x_1,y\n1,1,-1e400\n"), {features, target}), "does not fit into f32");
}

TEST_F(SourceTest, ReadsATypedTextForTextOnly) {
  EXPECT_EQ(Source::fromText("hello", {tokens}).rows(), 1);
  EXPECT_ERROR(Source::fromText("hello", {features}),
               "the input x: tensor<?x2xf32> is not made from a text; --data takes a file for it");
}

TEST_F(SourceTest, RefusesTextWithoutWords) {
  EXPECT_ERROR(load(folder.write("t.txt", "\n...\n"), {tokens}), "t.txt: the training rows hold no words");
}

TEST_F(SourceTest, RefusesBadCells) {
  auto error = [&](const std::string &row) {
    return errorOf([&] { load(folder.write("t.csv", "x_0,x_1,y\n1,2,3\n" + row + "\n"), {features, target}); });
  };
  EXPECT_NE(error("nan,2,3").find("t.csv:3: column 'x_0': 'nan' is not a finite number"), std::string::npos);
  EXPECT_NE(error("1,1e99,3").find("column 'x_1': '1e99' does not fit into f32"), std::string::npos);
  EXPECT_NE(error("1,2,three").find("column 'y': 'three' is not a number"), std::string::npos);
  EXPECT_NE(error("1,,3").find("column 'x_1': '' is not a number"), std::string::npos);
}

TEST_F(SourceTest, NamesMissingColumns) {
  EXPECT_ERROR(load(folder.write("t.csv", "x_0,y\n1,2\n"), {features, target}),
               "no column 'x_1' for the input x: tensor<?x2xf32>");
  EXPECT_ERROR(load(folder.write("u.csv", "a,b\n1,2\n"), {tokens, label}),
               "or 'text' for the input tokens: tensor<?x3xi32>; the file has 'a', 'b'");
  EXPECT_ERROR(load(folder.write("v.csv", "text\nhello\n"), {tokens, label}), "no column 'label'");
}

TEST_F(SourceTest, RefusesMoreClassesThanTheModelHas) {
  EXPECT_ERROR(load(folder.write("t.csv", "text,label\na,x\nb,y\nc,z\n"), {tokens, label}),
               "column 'label' names 3 classes, the model has 2");
}

TEST_F(SourceTest, ReadsDirectoriesOfArrays) {
  folder.write("d/x.npy", npy("<f4", "(2, 2)", bytesOf<float>({1, 2, 3, 4})));
  folder.write("d/y.npy", npy("<f4", "(2,)", bytesOf<float>({5, 6})));
  Dataset data = load(folder / "d", {features, target});
  EXPECT_EQ(data.rows, 2);
  EXPECT_EQ(values<float>(data, "y"), (std::vector<float>{5, 6}));
  folder.write("d/y.npy", npy("<f4", "(3,)", bytesOf<float>({5, 6, 7})));
  EXPECT_ERROR(load(folder / "d", {features, target}), "has 3 rows, but");
  std::filesystem::remove(folder / "d/y.npy");
  EXPECT_ERROR(load(folder / "d", {features, target}), "no data for 'y': neither y.npy nor train");
  EXPECT_ERROR(load(folder / "none", {features}), "none: no such file or directory");
  EXPECT_ERROR(load(folder.write("t.xlsx", "x"), {features}), "not a kind of data file");
}

TEST_F(SourceTest, FindsSplits) {
  folder.write("s/train.csv", "a\n");
  folder.write("s/test/x.npy", "a");
  EXPECT_TRUE(hasSplits(folder / "s"));
  EXPECT_EQ(findSplit(folder / "s", "test"), folder / "s/test");
  EXPECT_EQ(findSplit(folder / "s", "validation"), std::nullopt);
  folder.write("s/train.tsv", "a\n");
  EXPECT_ERROR(findSplit(folder / "s", "train"), "holds both train.csv and train.tsv");
}

TEST(Shuffle, FollowsThePublishedPhilox) {
  // Random123's known answers for philox4x32-10.
  EXPECT_EQ(philox(0, 0, 0), 0xe169c58d6627e8d5u);
  EXPECT_EQ(philox(~uint64_t(0), ~uint64_t(0), ~uint64_t(0)), 0x41c83b0e408f276du);
  EXPECT_EQ(philox(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822), 0x94fdccebd16cfe09u);
}

TEST(Shuffle, GivesEachEpochAPermutationOfItsOwn) {
  std::vector<int64_t> first(1000), again(1000), second(1000), sorted(1000);
  shuffleRows(3, 0, first);
  shuffleRows(3, 0, again);
  shuffleRows(3, 1, second);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, second);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(second.begin(), second.end());
  EXPECT_EQ(second, sorted);
  shuffleRows(3, 0, std::span<int64_t>());
}

} // namespace
