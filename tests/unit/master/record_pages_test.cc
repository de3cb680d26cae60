// What a node is told of the namespace: whatever happens, once it has read to the end it knows of each file
// that it holds what the records say, and all directories above it.
#include "master/namespace/record_pages.h"

#include <random>

#include "master/namespace/targets.h"
#include "put_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A node that asks until there is no more, and keeps what it is told.
class Follower {
 public:
  Follower(MetadataStore& store, const NodeId& node, RecordLimits limits = {})
      : store_(store), node_(node), limits_(limits) {}

  // One page.
  RecordPage ask() {
    auto view = store_.read();
    auto page = record_page(**view, {node_, position_, after_}, limits_);
    EXPECT_TRUE(page.ok()) << page.status().to_string();
    if (!page.ok()) return {};
    take(*page);
    return std::move(*page);
  }
  void catch_up() {
    told.clear();
    bool more = true;
    for (int pages = 0; more && pages < 1000; ++pages) more = ask().more;
    EXPECT_FALSE(more);
  }
  void set_position(const LogPosition& position) { position_ = position; }
  const LogPosition& position() const { return position_; }
  bool listing() const { return after_.has_value(); }

  // As it knows it; empty: it does not know all of it.
  std::string path_of(InodeId file) const {
    const ReplicaOrigin& origin = files.at(file).origin;
    std::string path = "/" + origin.name;
    for (InodeId id = origin.parent; id != kRootInode; id = directories.at(id).inode.parent) {
      if (!directories.contains(id)) return {};
      path.insert(0, "/" + directories.at(id).name);
    }
    return path;
  }

  std::map<InodeId, FileRecord> files;
  std::map<InodeId, NamedDirectory> directories;
  std::vector<InodeId> told;  // files, since the last catch_up() began

 private:
  void take(const RecordPage& page) {
    for (const NamedDirectory& directory : page.directories) directories[directory.inode.id] = directory;
    for (InodeId gone : page.gone) directories.erase(gone);
    for (const FileRecord& file : page.files) {
      files[file.current.inode] = file;
      told.push_back(file.current.inode);
    }
    position_ = page.position;
    after_ = page.after;
  }

  MetadataStore& store_;
  const NodeId node_;
  const RecordLimits limits_;
  LogPosition position_;
  std::optional<ReplicaId> after_;
};

class RecordPagesTest : public PutFixture {
 protected:
  std::vector<std::string> names(const Follower& follower) {
    std::vector<std::string> names;
    for (const auto& [id, directory] : follower.directories) names.push_back(directory.name);
    return names;
  }
  Status chmod(const std::string& path, uint32_t mode, std::optional<uint32_t> uid = std::nullopt) {
    AttributeChange change;
    change.mode = mode;
    change.uid = uid;
    return write([&](WriteTransaction& transaction) {
      return set_attributes(transaction, at(path), change).status();
    });
  }
};

TEST_F(RecordPagesTest, AFileIsToldWithAllDirectoriesAboveIt) {
  mkdir("/a/b");
  mkdir("/other");
  Inode f = put("/a/b/f", "content");
  Follower node(*store_, a_);
  node.catch_up();
  EXPECT_THAT(names(node), UnorderedElementsAre("", "a", "b"));
  ASSERT_THAT(node.told, ElementsAre(f.id));
  EXPECT_EQ(node.path_of(f.id), "/a/b/f");
  const FileRecord& record = node.files.at(f.id);
  EXPECT_EQ(record.current, (ReplicaId{f.id, f.version}));
  EXPECT_EQ(record.origin.metadata_counter, f.metadata_counter);
  EXPECT_EQ(record.origin.mode, f.mode);
  EXPECT_EQ(record.origin.modified, f.modified);
  EXPECT_FALSE(record.origin.deleted);
  node.catch_up();
  EXPECT_THAT(node.told, IsEmpty());
}

TEST_F(RecordPagesTest, ChangesFollow) {
  mkdir("/a/b");
  mkdir("/c");
  Inode f = put("/a/b/f", "content");
  Inode g = put("/a/b/g", "content");
  Follower node(*store_, a_);
  node.catch_up();
  ASSERT_TRUE(move("/a/b/f", "/c/ff").ok());
  node.catch_up();
  EXPECT_THAT(node.told, ElementsAre(f.id));
  EXPECT_EQ(node.path_of(f.id), "/c/ff");
  EXPECT_THAT(names(node), UnorderedElementsAre("", "a", "b", "c"));
  ASSERT_TRUE(move("/a", "/c/aa").ok());
  node.catch_up();
  EXPECT_THAT(node.told, IsEmpty()) << "the directory alone tells it";
  EXPECT_EQ(node.path_of(g.id), "/c/aa/b/g");
  ASSERT_TRUE(chmod("/c/ff", 0600, 7).ok());
  ASSERT_TRUE(write([&](WriteTransaction& t) { return set_target(t, at("/c/ff"), 4.5).status(); }).ok());
  ASSERT_TRUE(chmod("/c", 0700).ok());
  node.catch_up();
  EXPECT_EQ(node.files.at(f.id).origin.mode, 0600U);
  EXPECT_EQ(node.files.at(f.id).origin.uid, 7U);
  EXPECT_EQ(node.files.at(f.id).origin.target, 4.5);
  EXPECT_EQ(node.directories.at(node.files.at(f.id).origin.parent).inode.mode, 0700U);
}

TEST_F(RecordPagesTest, ANewVersionIsToldToTheHoldersOfAnOldOneToo) {
  Inode before = put("/f", "old");
  Follower node(*store_, a_);
  node.catch_up();
  Inode after = put("/f", "new");
  ASSERT_EQ(after.id, before.id);
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return t.remove_replica({after.id, after.version}, a_);
              }).ok());
  node.catch_up();
  EXPECT_EQ(node.files.at(after.id).current.version, after.version) << "node a holds the old one only";
}

TEST_F(RecordPagesTest, TheTrashIsToldAndWhatComesBackFromIt) {
  mkdir("/d");
  Inode f = put("/d/f", "content");
  Follower node(*store_, a_);
  node.catch_up();
  clock_.advance(std::chrono::seconds(9));
  ASSERT_TRUE(drop("/d/f").ok());
  node.catch_up();
  const ReplicaOrigin& gone = node.files.at(f.id).origin;
  EXPECT_EQ(gone.deleted, file_time(clock_.wall()));
  EXPECT_EQ(gone.parent.value, 0U);
  EXPECT_EQ(gone.name, "/d/f");
  ASSERT_TRUE(drop("/d").ok());
  node.catch_up();
  EXPECT_THAT(names(node), ElementsAre(""));
  ASSERT_TRUE(restore(f.id, "/back/g").ok());
  node.catch_up();
  EXPECT_FALSE(node.files.at(f.id).origin.deleted);
  EXPECT_EQ(node.path_of(f.id), "/back/g");
}

TEST_F(RecordPagesTest, ANodeHearsOfItsOwnFilesAlone) {
  NodeId other = add_node(3).id;
  mkdir("/a");
  Inode f = put("/a/f", "content");
  Follower node(*store_, other);
  node.catch_up();
  EXPECT_THAT(node.told, IsEmpty());
  ASSERT_TRUE(move("/a/f", "/a/g").ok());
  node.catch_up();
  EXPECT_THAT(node.told, IsEmpty());
  // From the copy's arrival on, as the file is by then.
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return t.put_replica({{f.id, f.version}, other, ReplicaState::kWhole, 7, t.now()});
              }).ok());
  node.catch_up();
  ASSERT_THAT(node.told, ElementsAre(f.id));
  EXPECT_EQ(node.path_of(f.id), "/a/g");
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return t.put_replica({{f.id, f.version}, other, ReplicaState::kDeleting, 7, t.now()});
              }).ok());
  ASSERT_TRUE(move("/a/g", "/a/h").ok());
  node.catch_up();
  EXPECT_THAT(node.told, IsEmpty());
}

TEST_F(RecordPagesTest, NothingIsLostBetweenTheListingAndTheLog) {
  mkdir("/d");
  std::vector<Inode> files;
  for (int i = 0; i < 7; ++i) files.push_back(put("/d/" + std::to_string(i), "content"));
  Follower node(*store_, a_, {.entries = 2, .files = 2});
  RecordPage first = node.ask();
  ASSERT_TRUE(node.listing());
  EXPECT_TRUE(first.more);
  // Behind the listing, and before it.
  ASSERT_TRUE(move("/d/0", "/zero").ok());
  ASSERT_TRUE(move("/d/6", "/six").ok());
  Inode late = put("/d/late", "content");
  node.catch_up();
  EXPECT_FALSE(node.listing());
  EXPECT_EQ(node.path_of(files[0].id), "/zero");
  EXPECT_EQ(node.path_of(files[6].id), "/six");
  EXPECT_EQ(node.path_of(late.id), "/d/late");
  for (int i = 1; i < 6; ++i)
    EXPECT_EQ(node.path_of(files[static_cast<size_t>(i)].id), "/d/" + std::to_string(i));
}

TEST_F(RecordPagesTest, ALogThatHasForgottenThePositionStartsOver) {
  Inode f = put("/f", "content");
  Follower node(*store_, a_);
  node.catch_up();
  store_.reset();
  open({.log_entries_kept = 3, .prune_interval = Duration::zero()});
  ASSERT_TRUE(move("/f", "/g").ok());
  for (int i = 0; i < 10; ++i) mkdir("/d" + std::to_string(i));
  Follower again(*store_, a_);
  again.set_position(node.position());
  again.catch_up();
  EXPECT_THAT(again.told, ElementsAre(f.id));
  EXPECT_EQ(again.path_of(f.id), "/g");
}

TEST_F(RecordPagesTest, ALogThatWasSetBackStartsOver) {
  Inode f = put("/f", "content");
  Follower node(*store_, a_);
  node.catch_up();
  // A position of a log that went on otherwise, and one that lies ahead.
  LogPosition known = node.position();
  for (const LogPosition& strange : {LogPosition{known.sequence, Epoch{known.epoch.value + 1}},
                                     LogPosition{known.sequence + 9, known.epoch}}) {
    node.set_position(strange);
    node.catch_up();
    EXPECT_THAT(node.told, ElementsAre(f.id));
    EXPECT_EQ(node.position(), known);
  }
}

TEST_F(RecordPagesTest, WhateverHappensANodeThatCatchesUpKnowsEverything) {
  uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto any = [&](uint64_t below) { return random() % below; };
  std::vector<std::string> paths;
  for (int d = 0; d < 4; ++d) mkdir("/d" + std::to_string(d) + "/e");
  auto some_directory = [&] {
    std::string path = "/d" + std::to_string(any(4));
    return any(2) == 0 ? path : path + "/e";
  };
  Follower node(*store_, b_, {.entries = 5, .files = 3});
  for (int step = 0; step < 300; ++step) {
    std::string name = some_directory() + "/" + std::to_string(any(6));
    std::string other = some_directory() + "/" + std::to_string(any(6));
    switch (any(6)) {
      case 0:
      case 1:
        (void)try_put(name, "content " + std::to_string(step));
        break;
      case 2:
        (void)move(name, other);
        break;
      case 3:
        (void)move(some_directory(), some_directory() + "/e");
        break;
      case 4:
        (void)drop(name, any(2) == 0 ? LastName::kTrash : LastName::kEnds);
        break;
      default:
        (void)node.ask();
    }
  }
  node.catch_up();
  auto page = view()->files(InodeId{}, 10'000);
  ASSERT_TRUE(page.ok());
  size_t named = 0;
  for (const Inode& file : page->files) {
    ASSERT_TRUE(node.files.contains(file.id));
    EXPECT_EQ(node.files.at(file.id).origin.metadata_counter, file.metadata_counter);
    EXPECT_EQ(node.files.at(file.id).current.version, file.version);
    EXPECT_EQ(node.files.at(file.id).origin.deleted.has_value(), file.in_trash());
    if (file.in_trash()) continue;
    ++named;
    auto found = look(node.path_of(file.id));
    ASSERT_TRUE(found.ok()) << found.status().to_string();
    EXPECT_EQ(found->id, file.id);
  }
  EXPECT_GT(named, 0U);
}

}  // namespace
}  // namespace fsdfs::master
