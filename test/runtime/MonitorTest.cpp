// What is followed over the epochs: improvements, patience, and what counts as neither.
#include "train/Monitor.h"
#include "Support.h"
#include <cmath>

using namespace nnc;

namespace {

std::vector<EpochRecord> recordsOf(std::initializer_list<double> values) {
  std::vector<EpochRecord> records;
  for (double value : values)
    records.push_back({{"loss", 1.0}, {"val_loss", value}});
  return records;
}

/// The epoch, counted from 1, after which training ends; 0: it does not.
int64_t endOf(const MonitorOptions &options, std::initializer_list<double> values) {
  Monitor monitor(options, {});
  int64_t epoch = 0;
  for (const EpochRecord &record : recordsOf(values)) {
    monitor.add(record);
    ++epoch;
    if (monitor.shouldStop())
      return epoch;
  }
  return 0;
}

MonitorOptions stopping(int64_t patience, double minDelta = 0) {
  MonitorOptions options;
  options.name = "val_loss";
  options.stops = true;
  options.patience = patience;
  options.minDelta = minDelta;
  return options;
}

// The ends are those of Keras' EarlyStopping(monitor="val_loss", patience=..., min_delta=...) on the same numbers.
TEST(MonitorTest, EndsAsEarlyStoppingDoes) {
  EXPECT_EQ(endOf(stopping(0), {3, 2, 2, 1}), 3);
  EXPECT_EQ(endOf(stopping(1), {3, 2, 2, 1}), 3);
  EXPECT_EQ(endOf(stopping(2), {3, 2, 2, 1, 1.5, 1.2}), 6);
  EXPECT_EQ(endOf(stopping(2), {3, 2, 4, 1, 4, 1}), 6) << "as good is no improvement";
  EXPECT_EQ(endOf(stopping(3), {3, 2, 4, 1, 4, 1}), 0);
  EXPECT_EQ(endOf(stopping(0), {3, 2, 1}), 0);
  EXPECT_EQ(endOf(stopping(2, 0.5), {3, 2.75, 2.6, 2}), 3) << "small steps are no improvement, even together";
  EXPECT_EQ(endOf(stopping(3, 0.5), {3, 2.75, 2.5, 2.25}), 0) << "more than min_delta below the reference is one";
  EXPECT_EQ(endOf(stopping(2, 0.5), {3, 2.5, 2.5}), 3) << "just min_delta is none";
}

TEST(MonitorTest, LargerMayBeBetter) {
  MonitorOptions options = stopping(1, 0.1);
  options.largerIsBetter = true;
  EXPECT_EQ(endOf(options, {0.5, 0.7, 0.75}), 3);
  EXPECT_EQ(endOf(options, {0.5, 0.7, 0.9}), 0);
}

TEST(MonitorTest, KnowsTheFirstOfTheBest) {
  Monitor monitor(stopping(5, 0.5), recordsOf({3, 2.75, 2, 1.75, 1.75}));
  EXPECT_EQ(monitor.best()->value, 1.75);
  EXPECT_EQ(monitor.best()->epoch, 3);
  EXPECT_FALSE(monitor.isBest());
  EXPECT_EQ(monitor.reference()->value, 2);
  EXPECT_EQ(monitor.reference()->epoch, 2);
  monitor.add({{"val_loss", 1.0}});
  EXPECT_TRUE(monitor.isBest());
  EXPECT_TRUE(monitor.hasImproved());
}

TEST(MonitorTest, NothingThatIsNotFiniteIsBest) {
  double nan = std::nan("");
  EXPECT_EQ(endOf(stopping(2), {nan, 3, 2, nan, -INFINITY}), 5);
  EXPECT_EQ(endOf(stopping(2), {nan, nan}), 2);
  Monitor monitor(stopping(2), recordsOf({nan, 3, nan}));
  EXPECT_EQ(monitor.best()->epoch, 1);
}

TEST(MonitorTest, EpochsWithoutTheNumberAreNotWaitedFor) {
  Monitor monitor(stopping(1), {});
  monitor.add({{"loss", 1.0}});
  EXPECT_FALSE(monitor.best());
  EXPECT_FALSE(monitor.shouldStop());
  monitor.add({{"val_loss", 1.0}});
  monitor.add({{"loss", 1.0}});
  EXPECT_FALSE(monitor.shouldStop());
  EXPECT_EQ(monitor.best()->epoch, 1);
}

TEST(MonitorTest, WithoutANameNothingIsFollowed) {
  Monitor monitor({}, recordsOf({1, 2, 3}));
  EXPECT_FALSE(monitor.best());
  EXPECT_FALSE(monitor.shouldStop());
}

} // namespace
