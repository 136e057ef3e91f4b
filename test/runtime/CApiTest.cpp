// The C API.
#include "Support.h"
#include "nnc/runtime.h"
#include <cstring>
#include <vector>

using namespace nnc::test;

namespace {

TEST(CApi, TrainsALine) {
  nnc_session *session = nnc_session_create(&nnc_program_linear, 1);
  ASSERT_NE(session, nullptr) << nnc_last_error();
  ASSERT_EQ(nnc_session_init(session, 0), 0);
  ASSERT_EQ(nnc_session_set_learning_rate(session, 0.2), 0);
  float x[] = {0, 0, 1, 0, 0, 1, 1, 1, 2, 1}, y[5];
  for (int i = 0; i < 5; ++i)
    y[i] = 3 * x[2 * i] - 2 * x[2 * i + 1] + 1;
  nnc_rows fields[] = {{"x", x}, {"y", y}};
  double loss = 0;
  for (int step = 0; step < 300; ++step)
    ASSERT_EQ(nnc_session_train(session, nullptr, fields, 2, 5, &loss), 0) << nnc_last_error();
  EXPECT_LT(loss, 1e-6);
  float kernel[2];
  ASSERT_EQ(nnc_session_read(session, "line.dense.kernel", kernel, sizeof(kernel)), 0);
  EXPECT_NEAR(kernel[0], 3, 1e-2);
  EXPECT_NEAR(kernel[1], -2, 1e-2);
  nnc_session_destroy(session);
}

TEST(CApi, SaysWhatWentWrong) {
  nnc_session *session = nnc_session_create(&nnc_program_linear, 1);
  float x[16] = {};
  nnc_rows fields[] = {{"x", x}, {"z", x}};
  EXPECT_NE(nnc_session_train(session, nullptr, fields, 2, 8, nullptr), 0);
  EXPECT_STREQ(nnc_last_error(), "fit.train has no data input 'z'");
  EXPECT_NE(nnc_session_train(session, nullptr, fields, 1, 8, nullptr), 0);
  EXPECT_STREQ(nnc_last_error(), "there are no values for the input 'y' of fit.train");
  EXPECT_NE(nnc_session_train(session, nullptr, fields, 1, 9, nullptr), 0);
  EXPECT_STREQ(nnc_last_error(), "fit.train takes between 1 and 8 samples, not 9");
  EXPECT_NE(nnc_session_evaluate(session, nullptr, fields, 1, 8, nullptr), 0);
  EXPECT_NE(nnc_session_write(session, "line.dense.kernel", x, 4), 0);
  EXPECT_STREQ(nnc_last_error(), "'line.dense.kernel' of tensor<2x1xf32> takes 8 bytes, not 4");
  EXPECT_EQ(nnc_session_open("/no/such.so", 1), nullptr);
  EXPECT_NE(nnc_session_load(session, "/no/such"), 0);
  nnc_session_destroy(session);
}

TEST(CApi, ReadsDataAsNncRunDoes) {
  TempFolder folder;
  std::string file = folder.write("t.csv", "text,label\napple pear,fruit\nhammer saw,tool\nlion bear,zoo\n");
  nnc_session *session = nnc_session_create(&nnc_program_tokens, 0);
  ASSERT_EQ(nnc_session_init(session, 3), 0);
  nnc_data *data = nnc_data_open(session, file.c_str(), nullptr);
  ASSERT_NE(data, nullptr) << nnc_last_error();
  ASSERT_EQ(nnc_data_rows(data), 3);
  int64_t order[3];
  double results[2];
  for (int epoch = 0; epoch < 60; ++epoch) {
    nnc_shuffle(3, epoch, 3, order);
    ASSERT_EQ(nnc_session_train_rows(session, "fit", data, order, 3, results), 0) << nnc_last_error();
  }
  EXPECT_EQ(results[1], 1);
  int64_t last[] = {2};
  float probabilities[3];
  ASSERT_EQ(nnc_session_predict_rows(session, "classifier", data, last, 1, probabilities), 0);
  EXPECT_GT(probabilities[2], 0.9f);
  int64_t outside[] = {3};
  EXPECT_NE(nnc_session_predict_rows(session, "classifier", data, outside, 1, probabilities), 0);
  EXPECT_STREQ(nnc_last_error(), "row 3 of data that has 3");

  std::string path = folder / "c.safetensors";
  ASSERT_EQ(nnc_session_save(session, path.c_str()), 0);
  nnc_session *other = nnc_session_create(&nnc_program_tokens, 0);
  ASSERT_EQ(nnc_session_load(other, path.c_str()), 0);
  float reloaded[3];
  ASSERT_EQ(nnc_session_predict_rows(other, "classifier", data, last, 1, reloaded), 0);
  EXPECT_EQ(std::memcmp(probabilities, reloaded, sizeof(reloaded)), 0);
  nnc_data_close(data);
  nnc_session_destroy(session);
  nnc_session_destroy(other);
}

} // namespace
