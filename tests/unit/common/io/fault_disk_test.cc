#include "common/io/fault_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <optional>
#include <random>

#include "common/io/files.h"
#include "common/io/posix_disk.h"
#include "tests/unit/common/temp_directory.h"

namespace fsdfs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Contents = std::map<std::string, std::string>;

class FaultDiskTest : public ::testing::Test {
 protected:
  FaultDiskTest() {
    EXPECT_TRUE(posix_.make_directory(directory_ / "attic", 0700).ok());
    EXPECT_TRUE(posix_.make_directory(directory_ / "d", 0700).ok());
  }

  std::string path(const std::string& name) const { return directory_ / ("d/" + name); }
  std::string root() const { return directory_ / "d"; }

  std::unique_ptr<DiskFile> make(const std::string& name, std::string_view bytes) {
    auto file = disk_.create(path(name), 0640);
    EXPECT_TRUE(file.ok()) << file.status().to_string();
    EXPECT_TRUE((*file)->append(bytes).ok());
    return std::move(file).value();
  }
  void make_durable(const std::string& name, std::string_view bytes) {
    EXPECT_TRUE(make(name, bytes)->sync().ok());
    EXPECT_TRUE(disk_.sync_directory(parent_directory(path(name))).ok());
  }
  void cut(PowerCut what = {}) {
    Status status = disk_.power_cut(what);
    ASSERT_TRUE(status.ok()) << status.to_string();
    EXPECT_TRUE(names_in(directory_ / "attic").empty());
    disk_.power_on();
    EXPECT_TRUE(disk_.all_synced("/"));
  }
  std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    EXPECT_TRUE(posix_
                    .list(directory,
                          [&](const DirectoryEntry& entry) {
                            names.emplace_back(entry.name);
                            return true;
                          })
                    .ok());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string content(const std::string& name) {
    return read_whole_file(posix_, path(name), 1 << 20).value();
  }
  // All regular files of the directory with what they hold.
  Contents contents() {
    Contents all;
    for (const std::string& name : names_in(root())) all[name] = content(name);
    return all;
  }

  TempDirectory directory_;
  PosixDisk posix_;
  FaultDisk disk_{posix_, directory_ / "attic"};
};

TEST_F(FaultDiskTest, BytesLiveFromTheirSyncOn) {
  make_durable("f", "synced");
  auto file = disk_.open(path("f"), Disk::Access::kReadWrite).value();
  ASSERT_TRUE(file->pwrite("S", 0).ok());
  ASSERT_TRUE(file->append(", not synced").ok());
  ASSERT_TRUE(file->truncate(3).ok());
  ASSERT_TRUE(file->pwrite("far", 100).ok());
  EXPECT_FALSE(disk_.all_synced(root()));
  cut();
  EXPECT_EQ(content("f"), "synced");
}

TEST_F(FaultDiskTest, SyncedChangesStay) {
  make_durable("f", "one");
  auto file = disk_.open(path("f"), Disk::Access::kReadWrite).value();
  ASSERT_TRUE(file->pwrite("two and more", 0).ok());
  ASSERT_TRUE(file->sync_data().ok());
  ASSERT_TRUE(file->punch_hole(0, 4).ok());
  cut();
  EXPECT_EQ(content("f"), "two and more");
}

TEST_F(FaultDiskTest, NamesLiveFromTheirDirectorysSyncOn) {
  make_durable("old", "old");
  make_durable("victim", "victim");
  make_durable("replaced", "replaced");
  ASSERT_TRUE(make("fresh", "fresh")->sync().ok());
  ASSERT_TRUE(disk_.rename(path("old"), path("new")).ok());
  ASSERT_TRUE(disk_.unlink(path("victim")).ok());
  ASSERT_TRUE(disk_.link(path("new"), path("other")).ok());
  ASSERT_TRUE(disk_.rename(path("fresh"), path("replaced")).ok());
  cut();
  EXPECT_EQ(contents(), (Contents{{"old", "old"}, {"victim", "victim"}, {"replaced", "replaced"}}));
}

TEST_F(FaultDiskTest, SyncedNamesStayChanged) {
  make_durable("old", "old");
  make_durable("victim", "victim");
  ASSERT_TRUE(disk_.rename(path("old"), path("new")).ok());
  ASSERT_TRUE(disk_.unlink(path("victim")).ok());
  ASSERT_TRUE(disk_.sync_directory(root()).ok());
  EXPECT_TRUE(disk_.all_synced(root()));
  cut();
  EXPECT_EQ(contents(), (Contents{{"new", "old"}}));
}

// The bug that this disk is made to find: the name is durable, the bytes are not.
TEST_F(FaultDiskTest, ARenameWithoutAFileSyncLeavesAnEmptyFile) {
  make("stage", "bytes");
  ASSERT_TRUE(disk_.rename(path("stage"), path("final")).ok());
  ASSERT_TRUE(disk_.sync_directory(root()).ok());
  cut();
  EXPECT_EQ(contents(), (Contents{{"final", ""}}));
}

TEST_F(FaultDiskTest, EitherKindMayHaveReachedTheDiskByItself) {
  make_durable("f", "old");
  auto file = disk_.open(path("f"), Disk::Access::kReadWrite).value();
  ASSERT_TRUE(file->pwrite("new", 0).ok());
  make("fresh", "bytes");
  cut({.keep_names = true});
  EXPECT_EQ(contents(), (Contents{{"f", "old"}, {"fresh", ""}}));

  file = disk_.open(path("f"), Disk::Access::kReadWrite).value();
  ASSERT_TRUE(file->pwrite("new", 0).ok());
  ASSERT_TRUE(disk_.unlink(path("fresh")).ok());
  cut({.keep_bytes = true});
  EXPECT_EQ(contents(), (Contents{{"f", "new"}, {"fresh", ""}}));
}

TEST_F(FaultDiskTest, DirectoriesComeAndGo) {
  ASSERT_TRUE(disk_.make_directory(path("kept"), 0750).ok());
  ASSERT_TRUE(disk_.sync_directory(root()).ok());
  make_durable("kept/inside", "in");
  ASSERT_TRUE(disk_.unlink(path("kept/inside")).ok());
  ASSERT_TRUE(disk_.remove_directory(path("kept")).ok());
  ASSERT_TRUE(disk_.make_directory(path("lost"), 0750).ok());
  make_durable("lost/inside", "durable in a directory that is not");
  cut();
  EXPECT_THAT(names_in(root()), ElementsAre("kept"));
  EXPECT_EQ(content("kept/inside"), "in");
  EXPECT_EQ(disk_.rename(path("kept"), path("moved")).code(), Code::kUnimplemented);
}

TEST_F(FaultDiskTest, AMoveBetweenDirectoriesNeedsBothSyncs) {
  for (const char* name : {"a", "b"}) ASSERT_TRUE(disk_.make_directory(path(name), 0750).ok());
  ASSERT_TRUE(disk_.sync_directory(root()).ok());
  make_durable("a/f", "f");
  ASSERT_TRUE(disk_.rename(path("a/f"), path("b/f")).ok());
  ASSERT_TRUE(disk_.sync_directory(path("b")).ok());
  cut();
  EXPECT_THAT(names_in(path("a")), ElementsAre("f"));  // both: the worst that POSIX allows
  EXPECT_THAT(names_in(path("b")), ElementsAre("f"));
}

TEST_F(FaultDiskTest, WhatRunsOnAfterThePowerCutCannotWrite) {
  auto file = make("f", "x");
  ASSERT_TRUE(disk_.power_cut().ok());
  EXPECT_EQ(file->append("y").code(), Code::kUnavailable);
  EXPECT_EQ(disk_.create(path("g"), 0640).status().code(), Code::kUnavailable);
  EXPECT_EQ(disk_.stat(path("f")).status().code(), Code::kUnavailable);
  disk_.power_on();
  EXPECT_EQ(file->append("y").code(), Code::kUnavailable);  // of the time before the cut
  EXPECT_EQ(file->sync().code(), Code::kUnavailable);
  EXPECT_TRUE(disk_.create(path("g"), 0640).ok());
}

TEST_F(FaultDiskTest, AFailedSyncLosesTheBytesForEver) {
  make_durable("f", "old");
  auto file = disk_.open(path("f"), Disk::Access::kReadWrite).value();
  ASSERT_TRUE(file->pwrite("new", 0).ok());
  disk_.inject({.op = DiskOp::kSync});
  EXPECT_EQ(file->sync().code(), Code::kDataLoss);
  EXPECT_FALSE(file->sync().ok());
  // Another descriptor's success is the kernel's lie.
  EXPECT_TRUE(disk_.open(path("f"), Disk::Access::kReadWrite).value()->sync().ok());
  cut();
  EXPECT_EQ(content("f"), "old");
}

TEST_F(FaultDiskTest, FaultsHitTheirCallAndPath) {
  auto file = make("f", "x");
  auto other = make("g", "x");
  disk_.inject({.op = DiskOp::kWrite,
                .error = ENOSPC,
                .where = [](std::string_view at) { return at.ends_with("/f"); },
                .skip = 1,
                .times = 2});
  uint64_t before = disk_.calls(DiskOp::kWrite);
  EXPECT_TRUE(file->append("1").ok());
  EXPECT_TRUE(other->append("1").ok());
  EXPECT_EQ(file->append("2").reason(), Reason::kNoSpace);
  EXPECT_EQ(file->append("3").reason(), Reason::kNoSpace);
  EXPECT_TRUE(file->append("4").ok());
  EXPECT_EQ(disk_.calls(DiskOp::kWrite), before + 5);
  EXPECT_EQ(content("f"), "x14");

  disk_.inject({.op = DiskOp::kRename, .times = Fault::kForever});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(disk_.rename(path("f"), path("h")).code(), Code::kDataLoss);
  disk_.clear_faults();
  EXPECT_TRUE(disk_.rename(path("f"), path("h")).ok());
}

TEST_F(FaultDiskTest, ReadsAndWritesGoWrongInOtherWays) {
  auto file = make("f", "12345678");
  std::string bytes(8, '\0');
  disk_.inject({.kind = Fault::Kind::kShortRead});
  EXPECT_EQ(file->pread(bytes, 0).value(), 4u);
  disk_.inject({.kind = Fault::Kind::kBitFlip});
  EXPECT_EQ(file->pread(bytes, 0).value(), 8u);
  EXPECT_NE(bytes, "12345678");
  EXPECT_EQ(file->pread(bytes, 0).value(), 8u);
  EXPECT_EQ(bytes, "12345678");
  disk_.inject({.kind = Fault::Kind::kTornWrite});
  EXPECT_EQ(file->pwrite("abcdefgh", 0).code(), Code::kDataLoss);
  EXPECT_EQ(content("f"), "abcd5678");
}

TEST_F(FaultDiskTest, SpaceAndLinksAreWhatTheyShouldSeem) {
  disk_.set_free_bytes(12345);
  EXPECT_EQ(disk_.space(root())->free_bytes, 12345u);
  disk_.set_free_bytes(std::nullopt);
  EXPECT_GT(disk_.space(root())->total_bytes, 0u);
  make_durable("f", "x");
  ASSERT_TRUE(disk_.link(path("f"), path("g")).ok());
  ASSERT_TRUE(disk_.unlink(path("f")).ok());  // waits in the attic, which must not show
  EXPECT_EQ(disk_.stat(path("g"))->links, 1u);
}

TEST_F(FaultDiskTest, ListingMayUseTheDisk) {
  make("f", "x");
  int entries = 0;
  EXPECT_TRUE(disk_
                  .list(root(),
                        [&](const DirectoryEntry& entry) {
                          EXPECT_TRUE(disk_.stat(path(std::string(entry.name))).ok());
                          return ++entries > 0;
                        })
                  .ok());
  EXPECT_EQ(entries, 1);
}

// A model of Disk's contract in two maps against the real thing.
TEST_F(FaultDiskTest, RandomOperationsAgreeWithAModel) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  struct Content {
    std::string now;
    std::string synced;
  };
  using Names = std::map<std::string, std::shared_ptr<Content>>;
  Names now;
  Names durable;
  for (int step = 0; step < 3000; ++step) {
    std::string name(1, static_cast<char>('a' + random() % 6));
    std::string other(1, static_cast<char>('a' + random() % 6));
    bool there = now.contains(name);
    switch (random() % 10) {
      case 0:
        EXPECT_EQ(disk_.create(path(name), 0640).ok(), !there);
        if (!there) now[name] = std::make_shared<Content>();
        break;
      case 1:
        EXPECT_EQ(disk_.unlink(path(name)).ok(), there);
        now.erase(name);
        break;
      case 2:
        // A rename between two names of one file does nothing, by POSIX; that is not what the store does.
        if (there && now.contains(other) && now[name] == now[other]) break;
        EXPECT_EQ(disk_.rename(path(name), path(other)).ok(), there);
        if (there) {
          now[other] = now[name];
          now.erase(name);
        }
        break;
      case 3:
        EXPECT_EQ(disk_.link(path(name), path(other)).ok(), there && !now.contains(other));
        if (there) now.try_emplace(other, now[name]);
        break;
      case 4:
        EXPECT_TRUE(disk_.sync_directory(root()).ok());
        durable = now;
        break;
      case 5:
        if (step % 7 != 0) break;
        cut();
        for (auto& [any, file] : durable) file->now = file->synced;
        now = durable;
        break;
      default: {
        auto file = disk_.open(path(name), Disk::Access::kReadWrite);
        ASSERT_EQ(file.ok(), there);
        if (!there) break;
        Content& content = *now[name];
        if (random() % 3 == 0) {
          ASSERT_TRUE((*file)->sync().ok());
          content.synced = content.now;
          break;
        }
        size_t at = random() % 20;
        if (random() % 4 == 0) {
          ASSERT_TRUE((*file)->truncate(at).ok());
          content.now.resize(at);
          break;
        }
        std::string bytes(1 + random() % 10, static_cast<char>('A' + random() % 26));
        ASSERT_TRUE((*file)->pwrite(bytes, at).ok());
        if (content.now.size() < at + bytes.size()) content.now.resize(at + bytes.size());
        content.now.replace(at, bytes.size(), bytes);
      }
    }
    Contents expected;
    for (auto& [any, file] : now) expected[any] = file->now;
    ASSERT_EQ(contents(), expected) << "step " << step;
  }
}

}  // namespace
}  // namespace fsdfs
