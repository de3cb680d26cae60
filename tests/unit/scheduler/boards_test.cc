// HealthBoard and SpareBoard: sums kept one change at a time must be what a recount says.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "master/scheduler/health_board.h"
#include "master/scheduler/spare_board.h"

namespace fsdfs::master {
namespace {

TEST(HealthBoard, IsEmptyWithoutFiles) {
  HealthBoard board;
  Health health;
  board.fill(health);
  EXPECT_FALSE(health.has_surplus);
  EXPECT_FALSE(health.has_uncapped);
  EXPECT_TRUE(health.histogram.empty());
}

TEST(HealthBoard, CountsByFloorOfSurplus) {
  HealthBoard board;
  FileRecord records[3] = {};
  double targets[] = {2.5, 3, 1};
  int copies[] = {2, 3, 3};
  for (size_t i = 0; i < 3; ++i) {
    records[i].size = 10;
    records[i].target = to_units(targets[i]);
    board.put_in(records[i], {copies[i], false, copies[i] < targets[i], false});
  }
  Health health;
  board.fill(health);
  EXPECT_EQ(health.files, 3U);
  EXPECT_EQ(health.bytes, 30U);
  EXPECT_DOUBLE_EQ(health.min_surplus, -0.5);
  EXPECT_DOUBLE_EQ(health.max_surplus, 2);
  EXPECT_EQ(health.histogram, (std::map<int64_t, uint64_t>{{-1, 1}, {0, 1}, {2, 1}}));
  EXPECT_EQ(health.copies_queued, 1U);
}

TEST(HealthBoard, ABoostedFileDoesNotHideARealLack) {
  HealthBoard board;
  FileRecord boosted{}, normal{};
  boosted.target = to_units(500);
  normal.target = to_units(3);
  board.put_in(boosted, {4, true, true, true});
  board.put_in(normal, {2, false, true, false});
  Health health;
  board.fill(health);
  EXPECT_DOUBLE_EQ(health.min_surplus, -496);
  EXPECT_DOUBLE_EQ(health.min_surplus_uncapped, -1);
  EXPECT_EQ(health.capped, 1U);
  EXPECT_EQ(health.copies_parked, 1U);
  EXPECT_EQ(health.copies_queued, 1U);
}

TEST(HealthBoard, LeavesOutTrashAndOpenFiles) {
  HealthBoard board;
  FileRecord trash{}, open{};
  trash.trash = true;
  open.open = true;
  board.put_in(trash, {0, false, false, false});
  board.put_in(open, {0, false, false, false});
  Health health;
  board.fill(health);
  EXPECT_EQ(health.files, 0U);
  EXPECT_EQ(health.unavailable, 0U);
  EXPECT_EQ(health.trash_files, 1U);
  EXPECT_EQ(health.open_files, 1U);
}

TEST(HealthBoard, AgreesWithARecountWhateverHappens) {
  uint32_t seed = 5;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  HealthBoard board;
  std::vector<FileRecord> records(200);
  std::vector<int> copies(200, 0);
  for (int step = 0; step < 20'000; ++step) {
    size_t i = random() % records.size();
    FileRecord& record = records[i];
    board.take_out(record);
    record.target = static_cast<Units>(random() % 8) * 5'000;
    record.trash = random() % 10 == 0;
    record.open = random() % 10 == 0;
    record.removed = random() % 20 == 0;
    record.size = random() & 0x7F;
    copies[i] = static_cast<int>(random() % 6);
    board.put_in(record, {copies[i], random() % 2 == 0, random() % 2 == 0, random() % 2 == 0});
  }
  Health health, recount;
  board.fill(health);
  for (size_t i = 0; i < records.size(); ++i) {
    const FileRecord& record = records[i];
    if (!record.shown) continue;
    if (record.trash) {
      ++recount.trash_files;
    } else if (record.open) {
      ++recount.open_files;
    } else {
      ++recount.files;
      recount.bytes += record.size;
      ++recount.histogram[floor_units(copies_units(copies[i]) - record.target)];
      recount.unavailable += copies[i] == 0;
      recount.endangered += copies[i] == 1 && record.target >= 2 * kCopy;
      recount.capped += record.shown_capped;
    }
  }
  EXPECT_EQ(health.files, recount.files);
  EXPECT_EQ(health.bytes, recount.bytes);
  EXPECT_EQ(health.histogram, recount.histogram);
  EXPECT_EQ(health.unavailable, recount.unavailable);
  EXPECT_EQ(health.endangered, recount.endangered);
  EXPECT_EQ(health.capped, recount.capped);
  EXPECT_EQ(health.trash_files, recount.trash_files);
  EXPECT_EQ(health.open_files, recount.open_files);
}

TEST(SpareBoard, IsAnUpperBoundByWholeCopies) {
  SpareBoard board;
  NodeIndex on[] = {0, 2};
  FileRecord record{};
  record.size = 10;
  record.shown_bucket = SpareBoard::bucket_of(to_units(1.7));
  board.add(record, on);
  EXPECT_EQ(board.bytes_at_least(0, SpareBoard::bucket_of(to_units(1)), false), 10U);
  EXPECT_EQ(board.bytes_at_least(0, SpareBoard::bucket_of(to_units(1.9)), false), 10U) << "the same bucket";
  EXPECT_EQ(board.bytes_at_least(0, SpareBoard::bucket_of(to_units(2)), false), 0U);
  EXPECT_EQ(board.bytes_at_least(1, SpareBoard::bucket_of(to_units(-9)), true), 0U);
  EXPECT_EQ(board.bytes_at_least(2, SpareBoard::bucket_of(to_units(-9)), true), 10U);
  board.remove(record, on);
  EXPECT_EQ(board.best(0), SpareBoard::kNotSpare);
}

TEST(SpareBoard, TrashHasItsOwnPlaces) {
  SpareBoard board;
  NodeIndex on[] = {0};
  FileRecord last{}, spare{};
  last.size = spare.size = 5;
  last.shown_bucket = SpareBoard::kLastTrash;
  spare.shown_bucket = SpareBoard::kSpareTrash;
  board.add(last, on);
  EXPECT_EQ(board.bytes_at_least(0, SpareBoard::bucket_of(to_units(9)), false), 0U);
  EXPECT_EQ(board.bytes_at_least(0, SpareBoard::bucket_of(to_units(9)), true), 5U);
  EXPECT_EQ(board.best(0), SpareBoard::kLastTrash);
  board.add(spare, on);
  EXPECT_EQ(board.bytes_at_least(0, SpareBoard::bucket_of(to_units(9)), false), 5U);
  EXPECT_EQ(board.best(0), SpareBoard::kSpareTrash);
}

TEST(SpareBoard, ExtremeSurplusesHaveABucket) {
  EXPECT_LE(SpareBoard::bucket_of(to_units(-10'000)), SpareBoard::bucket_of(to_units(-25)));
  EXPECT_LT(SpareBoard::bucket_of(to_units(-3)), SpareBoard::bucket_of(to_units(3)));
  EXPECT_LT(SpareBoard::bucket_of(to_units(60'000)), SpareBoard::kLastTrash);
}

}  // namespace
}  // namespace fsdfs::master
