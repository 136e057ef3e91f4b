// Scores of classes, and how a program is seen as a classifier.
#include "train/Classifier.h"
#include "Support.h"
#include <cstring>
#include <numeric>

using namespace nnc;
using namespace nnc::test;

namespace {

ConfusionMatrix matrixOf(int64_t classes, std::initializer_list<std::pair<int64_t, int64_t>> samples) {
  ConfusionMatrix matrix(classes);
  for (auto [trueClass, predicted] : samples)
    matrix.add(trueClass, predicted);
  return matrix;
}

TEST(ConfusionMatrixTest, ScoresOfAClass) {
  // Class 0: 2 of 3 found, and 1 other taken for it. Class 2 is never predicted, class 3 is absent and never predicted.
  ConfusionMatrix matrix = matrixOf(4, {{0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 0}, {2, 1}});
  EXPECT_EQ(matrix.samples(), 6);
  EXPECT_EQ(matrix.support(0), 3);
  EXPECT_EQ(matrix.predicted(1), 3);
  EXPECT_EQ(matrix.accuracy(), 0.5);
  EXPECT_EQ(matrix.scores(0).precision, 2.0 / 3);
  EXPECT_EQ(matrix.scores(0).recall, 2.0 / 3);
  EXPECT_EQ(matrix.scores(0).f1, 4.0 / 6);
  EXPECT_EQ(matrix.scores(1).precision, 1.0 / 3);
  EXPECT_EQ(matrix.scores(1).recall, 0.5);
  EXPECT_EQ(matrix.scores(1).f1, 2.0 / 5);
  for (int64_t c : {2, 3}) {
    EXPECT_EQ(matrix.scores(c).precision, 0);
    EXPECT_EQ(matrix.scores(c).recall, 0);
    EXPECT_EQ(matrix.scores(c).f1, 0);
  }
  EXPECT_DOUBLE_EQ(matrix.macro().f1, (4.0 / 6 + 2.0 / 5) / 4);
  EXPECT_DOUBLE_EQ(matrix.weighted().f1, (3 * 4.0 / 6 + 2 * 2.0 / 5) / 6);
  EXPECT_DOUBLE_EQ(matrix.weighted().recall, matrix.accuracy());
  EXPECT_EQ(scoreNamed(matrix, "macro_recall"), matrix.macro().recall);
  EXPECT_EQ(scoreNames().size(), 6u);
}

TEST(ConfusionMatrixTest, WithoutSamplesEverythingIsZero) {
  ConfusionMatrix matrix(2);
  EXPECT_EQ(matrix.accuracy(), 0);
  EXPECT_EQ(matrix.macro().f1, 0);
  EXPECT_EQ(matrix.weighted().f1, 0);
}

class ClassifierTest : public testing::Test {
protected:
  nnc_program program = nnc_program_tokens;
  std::vector<nnc_entry> entries{program.entries, program.entries + program.entry_count};
  std::vector<nnc_input> stepInputs, modelInputs;

  void SetUp() override {
    program.entries = entries.data();
    stepInputs.assign(step().inputs, step().inputs + step().input_count);
    modelInputs.assign(model().inputs, model().inputs + model().input_count);
    step().inputs = stepInputs.data();
    model().inputs = modelInputs.data();
  }
  nnc_entry &step() { return entries[2]; }
  nnc_entry &model() { return entries[3]; }
};

TEST_F(ClassifierTest, CountsWhatIsPredictedForTheRows) {
  Session session(tokensProgram());
  session.initialize(3);
  std::vector<int32_t> tokens, labels;
  for (int32_t i = 0; i < 9 * 8; ++i)
    tokens.push_back(i * i * 7 % 50);
  for (int32_t i = 0; i < 9; ++i)
    labels.push_back(i % 3);
  Dataset data;
  data.rows = 9;
  data.columns = {{"tokens", 32, reinterpret_cast<std::byte *>(tokens.data()), nullptr},
                  {"label", 4, reinterpret_cast<std::byte *>(labels.data()), nullptr}};
  Rows rows{&data, {8, 7, 5, 4, 1}};
  Classifier classifier(session.program(), requireEntry(session.program(), NNC_EVALUATE, ""), "", "");
  EXPECT_STREQ(classifier.label(), "label");
  EXPECT_EQ(classifier.classes(), 3);
  ConfusionMatrix matrix = classifier.count(session, rows);
  EXPECT_EQ(matrix.samples(), 5);
  EXPECT_EQ(matrix.support(0), 0);
  EXPECT_EQ(matrix.support(1), 3);
  Averages means = evaluate(session, requireEntry(session.program(), NNC_EVALUATE, ""), rows);
  EXPECT_NEAR(matrix.accuracy(), means.mean(1), 1e-6);
}

TEST_F(ClassifierTest, AModelsInputsMayHaveOtherNames) {
  modelInputs[0].tensor.name = "x";
  EXPECT_EQ(Classifier(program, step(), "", "").classes(), 3);
  modelInputs[0].tensor.shape[1] = 7;
  EXPECT_ERROR(Classifier(program, step(), "", ""), "scores of classes need a model that gives two or more numbers");
}

TEST_F(ClassifierTest, SaysWhatIsMissing) {
  EXPECT_ERROR(Classifier(program, step(), "other", ""), "program 'tokens' has no predict entry for 'other'");
  EXPECT_ERROR(Classifier(program, step(), "", "other"),
               "step 'fit' with the label 'other' and 'classifier' have none");
  stepInputs[1].range_max = 5; // six classes, but three numbers
  EXPECT_ERROR(Classifier(program, step(), "", ""), "step 'fit' and 'classifier' have none");
  program.entry_count = 3;
  EXPECT_ERROR(Classifier(program, step(), "", ""), "has no predict entry");
}

TEST_F(ClassifierTest, SeveralChoicesAreTheUsers) {
  nnc_input second = stepInputs[1];
  second.tensor.name = "topic";
  stepInputs.push_back(second);
  step().inputs = stepInputs.data();
  step().input_count = static_cast<int64_t>(stepInputs.size());
  EXPECT_ERROR(Classifier(program, step(), "", ""), "'label' by 'classifier', 'topic' by 'classifier'; --label and");
  EXPECT_STREQ(Classifier(program, step(), "", "topic").label(), "topic");
}

} // namespace
