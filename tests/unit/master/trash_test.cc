#include "master/namespace/trash.h"

#include <random>

#include "common/sqlite/migrations.h"
#include "master/namespace/targets.h"
#include "master/store/log_codec.h"
#include "master/store/schema.h"
#include "put_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TrashTest : public PutFixture {
 protected:
  std::vector<std::string> listed(const std::string& path = "", size_t page = 1000) {
    std::vector<std::string> paths;
    TrashCursor cursor;
    while (true) {
      auto found = view()->trash_below(path, cursor, page);
      EXPECT_TRUE(found.ok()) << found.status().to_string();
      for (const Trashed& trashed : *found) paths.push_back(trashed.record.path);
      if (found->size() < page) return paths;
      cursor = {found->back().record.path, found->back().record.inode};
    }
  }
  Result<Purged> purge(const TrashChoice& choice) {
    return make<Purged>([&](WriteTransaction& transaction) { return purge_trash(transaction, choice); });
  }
  Result<Purged> purge_until(FileTime time) {
    return make<Purged>([&](WriteTransaction& transaction) { return purge_trash_until(transaction, time); });
  }
  std::vector<ReplicaState> states(const Inode& inode) {
    std::vector<ReplicaState> out;
    auto replicas = view()->replicas(inode.id);
    for (const ReplicaRecord& replica : *replicas) out.push_back(replica.state);
    return out;
  }
  void expect_totals(uint64_t files, uint64_t bytes, uint64_t trash_files, uint64_t trash_bytes) {
    auto totals = view()->totals();
    EXPECT_EQ(totals->files, files);
    EXPECT_EQ(totals->bytes, bytes);
    EXPECT_EQ(totals->trash_files, trash_files);
    EXPECT_EQ(totals->trash_bytes, trash_bytes);
  }
};

TEST_F(TrashTest, ARemovedFileLeavesTheNamespaceAndKeepsItsCopies) {
  mkdir("/d");
  Inode f = put("/d/f", "content");
  clock_.advance(std::chrono::seconds(9));
  ASSERT_TRUE(drop("/d/f").ok());
  EXPECT_EQ(look("/d/f").status().code(), Code::kNotFound);
  EXPECT_THAT(states(f), ElementsAre(ReplicaState::kWhole, ReplicaState::kWhole));
  EXPECT_FALSE(*view()->is_tombstone({f.id, f.version}));
  expect_totals(0, 0, 1, 7);
  auto record = *view()->trash(f.id);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->path, "/d/f");
  EXPECT_EQ(record->deleted, file_time(clock_.wall()));
  Inode there = **view()->inode(f.id);
  EXPECT_TRUE(there.in_trash());
  EXPECT_EQ(there.changed, record->deleted);
  EXPECT_EQ(there.content, f.content);
}

TEST_F(TrashTest, WithoutRetentionItEndsAtOnce) {
  Inode f = put("/f", "content");
  ASSERT_TRUE(drop("/f", LastName::kEnds).ok());
  EXPECT_FALSE((*view()->inode(f.id)).has_value());
  EXPECT_THAT(states(f), ElementsAre(ReplicaState::kDeleting, ReplicaState::kDeleting));
  EXPECT_TRUE(*view()->is_tombstone({f.id, f.version}));
  expect_totals(0, 0, 0, 0);
}

TEST_F(TrashTest, WhatHasNoContentIsNotKept) {
  mkdir("/d");
  auto made = make<Inode>([&](WriteTransaction& transaction) -> Result<Inode> {
    FSDFS_ASSIGN(auto slot, resolve_slot(transaction, at("/empty")));
    Inode inode = newborn(transaction, slot.parent, FileType::kRegular, {0644, 1, 2});
    FSDFS_TRY(transaction.add_inode(inode));
    FSDFS_TRY(transaction.add_entry({slot.parent.id, slot.name, transaction.new_cookie(), inode.id}));
    return inode;
  });
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(drop("/d").ok());
  ASSERT_TRUE(drop("/empty").ok());
  EXPECT_THAT(listed(), IsEmpty());
  put("/empty", "");
  ASSERT_TRUE(drop("/empty").ok());
  EXPECT_THAT(listed(), ElementsAre("/empty")) << "empty by a put: it has copies";
}

TEST_F(TrashTest, WhatARenameReplacesIsRemovedAndWhatAPutReplacesIsNot) {
  Inode a = put("/a", "a");
  Inode b = put("/b", "bb");
  ASSERT_TRUE(move("/a", "/b").ok());
  EXPECT_EQ(look("/b")->id, a.id);
  EXPECT_THAT(listed(), ElementsAre("/b"));
  EXPECT_TRUE((*view()->trash(b.id)).has_value());
  put("/b", "a new version");
  EXPECT_THAT(listed(), ElementsAre("/b"));
  expect_totals(1, 13, 1, 2);
}

TEST_F(TrashTest, NothingReachesWhatIsInTheTrashByItsNumber) {
  Inode f = put("/f", "x");
  ASSERT_TRUE(drop("/f").ok());
  EXPECT_EQ(lookup(*view(), {f.id, ""}).status().code(), Code::kNotFound);
  EXPECT_EQ(write([&](WriteTransaction& transaction) {
              return set_target(transaction, {f.id, ""}, 5).status();
            }).code(),
            Code::kNotFound);
}

TEST_F(TrashTest, RestoreBringsItBackAsItWas) {
  mkdir("/d");
  Inode f = put("/d/f", "content");
  ASSERT_TRUE(drop("/d/f").ok());
  auto restored = restore(f.id);
  ASSERT_TRUE(restored.ok()) << restored.status().to_string();
  EXPECT_EQ(restored->path, "/d/f");
  Inode back = *look("/d/f");
  EXPECT_EQ(back, restored->inode);
  EXPECT_EQ(back.id, f.id);
  EXPECT_EQ(back.version, f.version);
  EXPECT_EQ(back.modified, f.modified);
  EXPECT_EQ(back.links, 1u);
  EXPECT_THAT(listed(), IsEmpty());
  expect_totals(1, 7, 0, 0);
  EXPECT_EQ(restore(f.id).status().code(), Code::kNotFound);
}

TEST_F(TrashTest, ByPathItIsTheOneDeletedLast) {
  Inode first = put("/f", "first");
  ASSERT_TRUE(drop("/f").ok());
  Inode second = put("/f", "second");
  ASSERT_TRUE(drop("/f").ok()) << "within the same second";
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(restore(second.id, "/other").ok());
  ASSERT_TRUE(drop("/other").ok());
  EXPECT_EQ(restore("/f")->inode.id, first.id);
  EXPECT_EQ(restore("/other")->inode.id, second.id);
  ASSERT_TRUE(drop("/f").ok());
  ASSERT_TRUE(move("/other", "/f").ok());
  ASSERT_TRUE(drop("/f").ok());
  EXPECT_EQ(restore("/f")->inode.id, second.id);
}

TEST_F(TrashTest, RestoreMakesDirectoriesAndOverwritesNothing) {
  mkdir("/a/b");
  Inode f = put("/a/b/f", "x");
  ASSERT_TRUE(drop("/a/b/f").ok());
  ASSERT_TRUE(drop("/a/b").ok());
  ASSERT_TRUE(drop("/a").ok());
  ASSERT_TRUE(restore("/a/b/f").ok());
  EXPECT_EQ(look("/a/b")->uid, 1u);
  ASSERT_TRUE(drop("/a/b/f").ok());
  Inode other = put("/a/b/f", "in the way");
  Status refused = restore(f.id).status();
  EXPECT_EQ(refused.code(), Code::kAlreadyExists);
  EXPECT_THAT(refused.message(), HasSubstr("/a/b/f"));
  EXPECT_THAT(refused.message(), HasSubstr("--to"));
  EXPECT_EQ(look("/a/b/f")->id, other.id);
  EXPECT_EQ(restore(f.id, "/a/b/f/g").status().reason(), Reason::kNotDirectory);
  EXPECT_EQ(restore(f.id, "relative").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(restore(f.id, "/a/../f").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(look("/new").status().code(), Code::kNotFound);
  auto restored = restore(f.id, "/new/dir/");
  ASSERT_TRUE(restored.ok()) << restored.status().to_string();
  EXPECT_EQ(restored->path, "/new/dir/f");
  EXPECT_EQ(look("/new/dir/f")->id, f.id);
  ASSERT_TRUE(drop("/new/dir/f").ok());
  EXPECT_EQ(restore(f.id, "/")->path, "/f");
}

TEST_F(TrashTest, WithoutAnyCopyThereIsNothingToRestore) {
  Inode f = put("/f", "x");
  ASSERT_TRUE(drop("/f").ok());
  ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                FSDFS_TRY(transaction.remove_replica({f.id, f.version}, a_));
                return transaction.remove_replica({f.id, f.version}, b_);
              }).ok());
  EXPECT_EQ(restore(f.id).status().code(), Code::kDataLoss);
  EXPECT_EQ(look("/f").status().code(), Code::kNotFound);
}

TEST_F(TrashTest, PurgedMeansRemoved) {
  Inode f = put("/f", "content");
  ASSERT_TRUE(drop("/f").ok());
  auto purged = purge(f.id);
  ASSERT_TRUE(purged.ok()) << purged.status().to_string();
  EXPECT_EQ(purged->files, 1u);
  EXPECT_EQ(purged->bytes, 7u);
  EXPECT_FALSE((*view()->inode(f.id)).has_value());
  EXPECT_THAT(states(f), ElementsAre(ReplicaState::kDeleting, ReplicaState::kDeleting));
  EXPECT_TRUE(*view()->is_tombstone({f.id, f.version})) << "for nodes that are away (invariant 11)";
  expect_totals(0, 0, 0, 0);
  EXPECT_EQ(purge(f.id).status().code(), Code::kNotFound);
  EXPECT_EQ(purge("/f").status().code(), Code::kNotFound);
  Inode alive = put("/f", "x");
  EXPECT_EQ(purge(alive.id).status().code(), Code::kNotFound);
}

TEST_F(TrashTest, ByPathAllThatWereThereArePurgedAndNothingBelow) {
  for (int i = 0; i < 3; ++i) {
    put("/f", "x");
    ASSERT_TRUE(drop("/f").ok());
  }
  mkdir("/f");
  put("/f/g", "x");
  ASSERT_TRUE(drop("/f/g").ok());
  EXPECT_EQ(purge("/f")->files, 3u);
  EXPECT_THAT(listed(), ElementsAre("/f/g"));
}

TEST_F(TrashTest, TheRetentionEndsForTheOldestFirst) {
  put("/a", "x");
  put("/b", "x");
  ASSERT_TRUE(drop("/b").ok());
  clock_.advance(std::chrono::seconds(10));
  ASSERT_TRUE(drop("/a").ok());
  FileTime now = file_time(clock_.wall());
  EXPECT_EQ(purge_until({now.seconds - 11, 0})->files, 0u);
  EXPECT_EQ(purge_until({now.seconds - 1, 0})->files, 1u);
  EXPECT_THAT(listed(), ElementsAre("/a"));
  EXPECT_EQ(purge_until(now)->files, 1u);
}

TEST_F(TrashTest, ARecordWithoutItsFileStopsNobody) {
  Inode alive = put("/alive", "x");
  ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                FSDFS_TRY(transaction.add_trash({InodeId{12345}, {1, 0}, "/nothing"}));
                return transaction.add_trash({alive.id, {2, 0}, "/alive"});
              }).ok());
  put("/f", "x");
  ASSERT_TRUE(drop("/f").ok());
  EXPECT_EQ(restore(InodeId{12345}).status().code(), Code::kDataLoss);
  EXPECT_EQ(purge_until(file_time(clock_.wall()))->files, 1u);
  EXPECT_TRUE((*view()->trash_until(file_time(clock_.wall()), 10)).empty());
  EXPECT_TRUE(look("/alive").ok());
}

TEST_F(TrashTest, PurgesComeInBatches) {
  for (size_t i = 0; i < kPurgeBatch + 5; ++i) {
    put("/f", "x");
    ASSERT_TRUE(drop("/f").ok());
  }
  auto first = purge("/f");
  EXPECT_EQ(first->files, kPurgeBatch);
  EXPECT_TRUE(first->more);
  auto second = purge_until(file_time(clock_.wall()));
  EXPECT_EQ(second->files, 5u);
  EXPECT_FALSE(second->more);
}

TEST_F(TrashTest, ListsByPathInPages) {
  mkdir("/a");
  mkdir("/ab");
  for (const char* path : {"/a/2", "/a/1", "/ab/1", "/a-", "/b"}) {
    put(path, "x");
    ASSERT_TRUE(drop(path).ok());
  }
  ASSERT_TRUE(drop("/a").ok());
  put("/a", "x");
  ASSERT_TRUE(drop("/a").ok());
  for (size_t page : {1, 2, 3, 1000}) {
    EXPECT_THAT(listed("", page), ElementsAre("/a", "/a-", "/a/1", "/a/2", "/ab/1", "/b")) << page;
    EXPECT_THAT(listed("/", page), listed("", page));
    EXPECT_THAT(listed("/a", page), ElementsAre("/a", "/a/1", "/a/2")) << page;
    EXPECT_THAT(listed("/a/1", page), ElementsAre("/a/1"));
    EXPECT_THAT(listed("/none", page), IsEmpty());
  }
}

TEST_F(TrashTest, ASessionOnARemovedFileChangesNothing) {
  Inode f = put("/f", "old");
  auto session = open_put("/f");
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(drop("/f").ok());
  auto outcome = commit(*session, "new");
  ASSERT_TRUE(outcome.ok()) << outcome.status().to_string();
  EXPECT_TRUE(outcome->superseded);
  EXPECT_EQ(restore("/f")->inode.version, f.version);
  EXPECT_TRUE(*view()->is_tombstone(session->replica));
  EXPECT_FALSE(*view()->is_tombstone({f.id, f.version}));
}

TEST_F(TrashTest, ASessionOnAFileThatCameBackCommits) {
  put("/f", "old");
  auto session = open_put("/f");
  ASSERT_TRUE(drop("/f").ok());
  ASSERT_TRUE(restore("/f").ok());
  auto outcome = commit(*session, "new");
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->superseded);
  EXPECT_EQ(look("/f")->content, content_of("new"));
}

TEST_F(TrashTest, SurvivesARestart) {
  Inode f = put("/f", "x");
  ASSERT_TRUE(drop("/f").ok());
  reopen();
  EXPECT_THAT(listed(), ElementsAre("/f"));
  EXPECT_EQ(restore("/f")->inode.id, f.id);
}

TEST_F(TrashTest, TheLogTellsIt) {
  RecordingListener listener;
  store_->add_listener(listener);
  Inode f = put("/f", "x");
  listener.entries.clear();
  ASSERT_TRUE(drop("/f").ok());
  ASSERT_EQ(listener.entries.size(), 1u);
  std::vector<size_t> kinds;
  for (const LogRecord& record : listener.entries[0].records) {
    if (const auto* changed = std::get_if<InodeChanged>(&record); changed && changed->inode.id == f.id) {
      EXPECT_TRUE(changed->inode.in_trash());
    }
    if (const auto* added = std::get_if<TrashAdded>(&record)) {
      EXPECT_EQ(added->record.path, "/f");
    }
    kinds.push_back(record.index());
  }
  EXPECT_THAT(kinds, ::testing::Contains(LogRecord(TrashAdded{}).index()));
  listener.entries.clear();
  ASSERT_TRUE(restore("/f").ok());
  EXPECT_THAT(listener.entries[0].records,
              ::testing::Contains(::testing::VariantWith<TrashRemoved>(::testing::_)));
}

TEST_F(TrashTest, ItsRecordsSurviveTheLogsCodec) {
  TrashRecord record{InodeId{7}, {123, 456}, "/d/\xff"};
  QuotaRecord quota{InodeId{8}, 100, std::nullopt, 60, 2};
  LogEntry entry{
      1,
      Epoch{1},
      {},
      {TrashAdded{record}, TrashRemoved{record.inode}, QuotaChanged{quota}, QuotaRemoved{quota.directory}}};
  auto decoded = decode_log_entry(encode_log_entry(entry));
  ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
  ASSERT_EQ(decoded->records.size(), 4u);
  EXPECT_EQ(std::get<TrashAdded>(decoded->records[0]).record, record);
  EXPECT_EQ(std::get<TrashRemoved>(decoded->records[1]).inode, record.inode);
  EXPECT_EQ(std::get<QuotaChanged>(decoded->records[2]).quota, quota);
  EXPECT_EQ(std::get<QuotaRemoved>(decoded->records[3]).directory, quota.directory);
}

TEST_F(TrashTest, AnOlderDatabaseGetsATrash) {
  std::string path = directory_ + "/older.db";
  {
    auto older = sqlite::Database::open(path, {});
    ASSERT_TRUE(older.ok()) << older.status().to_string();
    ASSERT_TRUE(sqlite::migrate(**older, master_migrations().first(1)).ok());
  }
  store_.reset();
  auto opened = SqliteStore::open(path, clock_, logger_);
  ASSERT_TRUE(opened.ok()) << opened.status().to_string();
  store_ = std::move(*opened);
  add_node(1);
  add_node(2);
  put("/f", "content");
  ASSERT_TRUE(drop("/f").ok());
  expect_totals(0, 0, 1, 7);
}

// Every total is what a recount says, whatever happened.
TEST_F(TrashTest, TotalsStayRight) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  for (int step = 0; step < 300; ++step) {
    std::string path = "/f" + std::to_string(random() % 8);
    switch (random() % 6) {
      case 0:
      case 1:
        put(path, std::string(random() % 30, 'x'));
        break;
      case 2:
        (void)drop(path, random() % 4 == 0 ? LastName::kEnds : LastName::kTrash);
        break;
      case 3:
        (void)restore(path);
        break;
      case 4:
        (void)move(path, "/f" + std::to_string(random() % 8));
        break;
      case 5:
        if (random() % 3 == 0) (void)purge(path);
        break;
    }
  }
  uint64_t files = 0, bytes = 0, trash_files = 0, trash_bytes = 0;
  auto page = view()->files(InodeId{}, 1'000'000);
  for (const Inode& inode : page->files) {
    (inode.in_trash() ? trash_files : files) += 1;
    (inode.in_trash() ? trash_bytes : bytes) += inode.content.size;
    EXPECT_EQ((*view()->trash(inode.id)).has_value(), inode.in_trash());
    EXPECT_EQ((*view()->name_of(inode.id)).has_value(), !inode.in_trash());
  }
  expect_totals(files, bytes, trash_files, trash_bytes);
  EXPECT_EQ(listed().size(), trash_files);
}

}  // namespace
}  // namespace fsdfs::master
