// DATA/tree: whatever is told, removed, found bad or left over, the files that are current here are at their
// paths, and nothing else is.
#include "node/store/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

using Shown = std::map<std::string, std::string>;  // path in the tree, content

// The master's side: directories and files, and pages about what has changed.
class Names {
 public:
  Names() { directories_[kRootInode] = {kRootInode, kRootInode, "", 1, std::nullopt, 0755, 0, 0, {}}; }

  InodeId make_directory(InodeId parent, const std::string& name) {
    InodeId id{next_++};
    directories_[id] = {id, parent, name, 1, std::nullopt, 0755, 0, 0, {}};
    changed_.insert(id);
    return id;
  }
  void move_directory(InodeId id, InodeId parent, const std::string& name) {
    directories_[id].parent = parent;
    directories_[id].name = name;
    ++directories_[id].metadata_counter;
    changed_.insert(id);
  }
  void remove_directory(InodeId id) {
    directories_.erase(id);
    changed_.erase(id);
    gone_.push_back(id);
  }
  InodeId make_file(InodeId parent, const std::string& name) {
    InodeId id{next_++};
    files_[id].current = {id, {}};
    place(id, parent, name);
    return id;
  }
  // The id of what is to be put.
  ReplicaId new_version(InodeId file) {
    files_[file].current.version = {Epoch{1}, next_++};
    touch(file);
    return files_[file].current;
  }
  void place(InodeId file, InodeId parent, const std::string& name) {
    files_[file].origin.parent = parent;
    files_[file].origin.name = name;
    files_[file].origin.deleted.reset();
    touch(file);
  }
  void trash(InodeId file) {
    place(file, InodeId{}, path_of(files_[file].origin.parent) + "/" + files_[file].origin.name);
    files_[file].origin.deleted = FileTime{1, 2};
  }
  void end_file(InodeId file) {
    files_.erase(file);
    changed_.erase(file);
    gone_.push_back(file);
  }

  // All that changed since the last one.
  RecordPage page() {
    RecordPage page;
    page.position = {++sequence_, Epoch{1}};
    std::set<InodeId> told;
    for (InodeId id : changed_) {
      InodeId directory = id;
      if (auto file = files_.find(id); file != files_.end()) {
        page.files.push_back(file->second);
        directory = file->second.origin.parent;
      }
      for (; directories_.contains(directory) && told.insert(directory).second;
           directory = directories_[directory].parent) {
        page.directories.push_back(directories_[directory]);
      }
    }
    page.gone = std::exchange(gone_, {});
    changed_.clear();
    return page;
  }

  std::string path_of(InodeId directory) {
    if (directory == kRootInode) return "";
    return path_of(directories_[directory].parent) + "/" + directories_[directory].name;
  }
  bool is_below(InodeId directory, InodeId above) {
    while (directory != kRootInode && directory != above) directory = directories_[directory].parent;
    return directory == above;
  }
  bool is_taken(InodeId parent, const std::string& name) {
    auto here = [&](const auto& record) { return record.parent == parent && record.name == name; };
    return std::any_of(directories_.begin(), directories_.end(), [&](auto& d) { return here(d.second); }) ||
           std::any_of(files_.begin(), files_.end(), [&](auto& f) { return here(f.second.origin); });
  }
  bool is_empty(InodeId directory) {
    return std::none_of(directories_.begin(), directories_.end(),
                        [&](auto& d) { return d.second.parent == directory; }) &&
           std::none_of(files_.begin(), files_.end(),
                        [&](auto& f) { return f.second.origin.parent == directory; });
  }
  const std::map<InodeId, FileRecord>& files() const { return files_; }
  const std::map<InodeId, DirectoryRecord>& directories() const { return directories_; }

 private:
  void touch(InodeId file) {
    ++files_[file].origin.metadata_counter;
    changed_.insert(file);
  }

  uint64_t next_ = 1000;
  uint64_t sequence_ = 0;
  std::map<InodeId, DirectoryRecord> directories_;
  std::map<InodeId, FileRecord> files_;
  std::set<InodeId> changed_;
  std::vector<InodeId> gone_;
};

class TreeTest : public StoreTest {
 protected:
  TreeTest() { settings_.tree = true; }
  void SetUp() override { ASSERT_TRUE(ok(open_on(posix_))); }

  Status open_on(Disk& disk) {
    FSDFS_ASSIGN(disks_, NodeDisks::open(disk, paths_, logger_));
    FSDFS_ASSIGN(store_, ReplicaStore::open(settings_, *disks_, clock_, logger_));
    return {};
  }
  void restart() {
    crash();
    ASSERT_TRUE(ok(open_on(posix_)));
  }
  void finish_trees() {
    int steps = 0;
    while (store_->step_trees()) ASSERT_LT(++steps, 100'000);
  }
  // Tells the node, as its follower would.
  void tell() {
    ASSERT_TRUE(ok(store_->apply(names_.page())));
    finish_trees();
  }
  // Tells it, too.
  ReplicaId put_file(InodeId parent, const std::string& name, const std::string& bytes) {
    ReplicaId id = names_.new_version(names_.make_file(parent, name));
    put(id, bytes);
    tell();
    return id;
  }
  std::string root() { return Layout(data_path_).tree(); }
  Shown shown() {
    Shown found;
    if (!std::filesystem::exists(root())) return found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root())) {
      std::string path = entry.path().string().substr(root().size() + 1);
      if (entry.is_regular_file()) found[path] = slurp(entry.path());
      EXPECT_FALSE(entry.is_directory() && std::filesystem::is_empty(entry.path())) << path;
    }
    return found;
  }
  uint64_t file_number(const std::string& path) { return posix_.stat(path).value().inode; }

  Names names_;
};

TEST_F(TreeTest, AFileIsAtItsPathOnceTheMasterHasSaidSo) {
  InodeId music = names_.make_directory(kRootInode, "music");
  ReplicaId song = names_.new_version(names_.make_file(music, "a song\n.mp3"));
  put(song, "la la");
  finish_trees();
  EXPECT_EQ(shown(), Shown());
  tell();
  EXPECT_EQ(shown(), (Shown{{"music/a song\n.mp3", "la la"}}));
  auto link = posix_.stat(root() + "/music/a song\n.mp3").value();
  EXPECT_EQ(link.inode, file_number(layout().data(song)));
  EXPECT_EQ(link.mode, 0640U);
  EXPECT_EQ(link.links, 2U);
}

TEST_F(TreeTest, ItFollowsRenames) {
  InodeId a = names_.make_directory(kRootInode, "a");
  InodeId b = names_.make_directory(a, "b");
  ReplicaId f = put_file(b, "f", "F");
  put_file(b, "g", "G");
  uint64_t b_before = file_number(root() + "/a/b");
  names_.move_directory(b, kRootInode, "bb");
  tell();
  EXPECT_EQ(shown(), (Shown{{"bb/f", "F"}, {"bb/g", "G"}}));
  EXPECT_EQ(file_number(root() + "/bb"), b_before) << "a directory moves as a whole";
  names_.place(f.inode, a, "ff");
  tell();
  EXPECT_EQ(shown(), (Shown{{"a/ff", "F"}, {"bb/g", "G"}}));
  // Two directories and what is in them, all at once.
  names_.move_directory(a, b, "inner");
  names_.move_directory(b, kRootInode, "outer");
  names_.place(f.inode, b, "f");
  InodeId h = put_file(a, "h", "H").inode;
  EXPECT_EQ(shown(), (Shown{{"outer/f", "F"}, {"outer/g", "G"}, {"outer/inner/h", "H"}}));
  names_.place(h, b, "g2");
  names_.remove_directory(a);
  tell();
  EXPECT_EQ(shown(), (Shown{{"outer/f", "F"}, {"outer/g", "G"}, {"outer/g2", "H"}}));
}

TEST_F(TreeTest, TwoDirectoriesChangePlaces) {
  InodeId a = names_.make_directory(kRootInode, "a");
  InodeId b = names_.make_directory(kRootInode, "b");
  put_file(a, "f", "in a");
  put_file(b, "f", "in b");
  names_.move_directory(a, kRootInode, "b");
  names_.move_directory(b, kRootInode, "a");
  tell();
  EXPECT_EQ(shown(), (Shown{{"a/f", "in b"}, {"b/f", "in a"}}));
}

TEST_F(TreeTest, AFileAndADirectoryChangePlaces) {
  InodeId x = names_.make_directory(kRootInode, "x");
  ReplicaId below = put_file(x, "f", "below");
  ReplicaId y = put_file(kRootInode, "y", "above");
  names_.place(below.inode, kRootInode, "z");
  names_.remove_directory(x);
  names_.place(y.inode, kRootInode, "x");
  InodeId directory = names_.make_directory(kRootInode, "y");
  names_.place(below.inode, directory, "f");
  tell();
  EXPECT_EQ(shown(), (Shown{{"x", "above"}, {"y/f", "below"}}));
}

TEST_F(TreeTest, AnotherDirectoryOfTheSameName) {
  InodeId first = names_.make_directory(kRootInode, "d");
  ReplicaId f = put_file(first, "f", "F");
  names_.trash(f.inode);
  names_.remove_directory(first);
  put_file(names_.make_directory(kRootInode, "d"), "g", "G");
  EXPECT_EQ(shown(), (Shown{{"d/g", "G"}}));
}

TEST_F(TreeTest, ANewVersionTakesThePlaceOfTheOldOne) {
  ReplicaId first = put_file(kRootInode, "f", "old");
  ReplicaId second = names_.new_version(first.inode);
  put(second, "new");
  finish_trees();
  EXPECT_EQ(shown(), (Shown{{"f", "old"}})) << "it may never be committed";
  tell();
  EXPECT_EQ(shown(), (Shown{{"f", "new"}}));
  ASSERT_TRUE(ok(store_->remove({first}).front()));
  EXPECT_EQ(shown(), (Shown{{"f", "new"}}));
  // One that others have: what is here is not the file any more.
  (void)names_.new_version(first.inode);
  tell();
  EXPECT_EQ(shown(), Shown());
}

TEST_F(TreeTest, WhatIsDeletedGoes) {
  InodeId d = names_.make_directory(kRootInode, "d");
  ReplicaId trashed = put_file(d, "trashed", "T");
  ReplicaId ended = put_file(d, "ended", "E");
  ReplicaId evicted = put_file(d, "evicted", "V");
  ReplicaId kept = put_file(d, "kept", "K");
  names_.trash(trashed.inode);
  names_.end_file(ended.inode);
  ASSERT_TRUE(ok(store_->apply(names_.page())));
  EXPECT_EQ(shown(), (Shown{{"d/evicted", "V"}, {"d/kept", "K"}}));
  ASSERT_TRUE(ok(store_->remove({evicted}).front()));
  EXPECT_EQ(shown(), (Shown{{"d/kept", "K"}}));
  EXPECT_EQ(posix_.stat(layout().data(kept)).value().links, 2U);
  // And comes back from the trash.
  names_.place(trashed.inode, kRootInode, "back");
  tell();
  EXPECT_EQ(shown(), (Shown{{"back", "T"}, {"d/kept", "K"}}));
}

TEST_F(TreeTest, ABadReplicaIsNotShown) {
  ReplicaId bad = put_file(kRootInode, "bad", content_of(3 * kBlockSize));
  ReplicaId missing = put_file(kRootInode, "missing", "M");
  put_file(kRootInode, "good", "G");
  flip_bit(layout().data(bad), kBlockSize);
  EXPECT_FALSE(read(bad).ok());
  EXPECT_EQ(shown(), (Shown{{"good", "G"}, {"missing", "M"}}));
  std::filesystem::remove(layout().data(missing));
  EXPECT_FALSE(store_->open_replica(missing).ok());
  EXPECT_EQ(shown(), (Shown{{"good", "G"}}));
  // A right copy takes the bad one's place, and is shown once it is told.
  put(bad, content_of(3 * kBlockSize));
  names_.place(bad.inode, kRootInode, "bad");
  tell();
  EXPECT_EQ(shown(), (Shown{{"bad", content_of(3 * kBlockSize)}, {"good", "G"}}));
}

TEST_F(TreeTest, AStartPutsItRightWhateverIsThere) {
  InodeId d = names_.make_directory(kRootInode, "d");
  ReplicaId f = put_file(d, "f", "F");
  ReplicaId g = put_file(d, "g", "G");
  put_file(kRootInode, "h", "H");
  Shown right = shown();
  crash();
  namespace fs = std::filesystem;
  fs::remove(root() + "/d/f");
  fs::create_hard_link(Layout(data_path_).data(f), root() + "/h.new");
  fs::remove(root() + "/h");
  fs::create_directory(root() + "/h");
  spit(root() + "/h/stray", "stray");
  fs::create_directories(root() + "/strange/deep");
  spit(root() + "/strange/deep/file", "stray");
  fs::remove(root() + "/d/g");
  spit(root() + "/d/g", "another file");
  ASSERT_TRUE(ok(open_on(posix_)));
  finish_trees();
  EXPECT_EQ(shown(), right);
  EXPECT_EQ(file_number(root() + "/d/g"), file_number(layout().data(g)));
}

TEST_F(TreeTest, WhereItIsOffNothingOfItStays) {
  put_file(names_.make_directory(kRootInode, "d"), "f", "F");
  settings_.tree = false;
  restart();
  finish_trees();
  EXPECT_FALSE(std::filesystem::exists(root()));
  put_file(kRootInode, "g", "G");
  EXPECT_FALSE(std::filesystem::exists(root()));
  settings_.tree = true;
  restart();
  finish_trees();
  EXPECT_EQ(shown(), (Shown{{"d/f", "F"}, {"g", "G"}}));
}

TEST_F(TreeTest, ANameThatCannotBeShownIsSkippedWithOneWarning) {
  InodeId deep = kRootInode;
  for (int i = 0; i < 16; ++i) deep = names_.make_directory(deep, std::string(250, 'd'));
  put_file(deep, std::string(70, 'f'), "too deep for the host");
  put_file(deep, std::string(71, 'f'), "this as well");
  put_file(kRootInode, "g", "G");
  EXPECT_EQ(slurp(root() + "/g"), "G");
  size_t warnings = 0;
  for (const auto& line : logger_.lines()) warnings += line.find("told once") != std::string::npos ? 1 : 0;
  EXPECT_EQ(warnings, 1U);
}

TEST_F(TreeTest, AFullDiskIsTriedAgain) {
  crash();
  ASSERT_TRUE(ok(open_on(disk_)));
  finish_trees();
  disk_.inject({.op = DiskOp::kLink, .error = ENOSPC});
  put_file(kRootInode, "f", "F");
  EXPECT_EQ(shown(), Shown());
  clock_.advance(Tree::kRetry - std::chrono::minutes(1));
  finish_trees();
  EXPECT_EQ(shown(), Shown());
  clock_.advance(std::chrono::minutes(1));
  finish_trees();
  EXPECT_EQ(shown(), (Shown{{"f", "F"}}));
}

// What a writer says of its replica is in the index until the master has said what is so.
TEST_F(TreeTest, ANameThatLeadsOutOfItsDirectoryHarmsNothing) {
  ReplicaId good = put_file(kRootInode, "good", "G");
  const std::string data = layout().data(good);
  const std::string way_out = "../" + data.substr(data_path_.size() + 1);
  ReplicaId liar = names_.new_version(names_.make_file(kRootInode, "liar"));
  Origin origin;
  origin.parent = kRootInode;
  origin.name = way_out;
  auto arrival = store_->begin_arrival(liar, 4, ArrivalKind::kWrite).value();
  ASSERT_TRUE(ok(arrival->append(0, "liar", sums_of("liar"))));
  ASSERT_TRUE(ok(arrival->finish(content_info("liar"), origin)));
  tell();
  EXPECT_EQ(shown(), (Shown{{"good", "G"}, {"liar", "liar"}}));
  EXPECT_EQ(slurp(data), "G");
  // Nor where the master's records are so.
  names_.place(liar.inode, kRootInode, way_out);
  tell();
  EXPECT_EQ(slurp(data), "G");
  ASSERT_TRUE(ok(store_->remove({liar}).front()));
  EXPECT_EQ(slurp(data), "G");
  EXPECT_EQ(shown(), (Shown{{"good", "G"}}));
}

TEST_F(TreeTest, LinksThatSomebodyMadeAreNotFollowed) {
  namespace fs = std::filesystem;
  const std::string outside = temp_ / "outside";
  InodeId d = names_.make_directory(kRootInode, "d");
  ReplicaId f = put_file(d, "f", "F");
  fs::rename(root() + "/d", outside);
  fs::create_symlink(outside, root() + "/d");
  spit(outside + "/other", "O");
  ASSERT_TRUE(ok(store_->remove({f}).front()));
  EXPECT_EQ(slurp(outside + "/f"), "F");
  put_file(d, "g", "G");
  EXPECT_EQ(shown(), (Shown{{"d/g", "G"}}));
  EXPECT_EQ(files_below(outside), (std::set<std::string>{"f", "other"}));
  // The root is one itself.
  crash();
  fs::rename(root(), outside + "/tree");
  fs::create_symlink(outside, root());
  ASSERT_TRUE(ok(open_on(posix_)));
  finish_trees();
  put_file(d, "h", "H");
  EXPECT_EQ(files_below(outside), (std::set<std::string>{"f", "g", "other"}));
  settings_.tree = false;
  restart();
  finish_trees();
  EXPECT_EQ(files_below(outside), (std::set<std::string>{"f", "g", "other"}));
}

TEST_F(TreeTest, ADirectoryOfThatNameThatFsdfsDidNotMakeIsLeftAlone) {
  paths_ = {temp_ / "used"};
  std::filesystem::create_directories(paths_[0] + "/tree");
  spit(paths_[0] + "/tree/mine", "M");
  crash();
  Status refused = open_on(posix_);
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_NE(refused.message().find("/used/tree is there already"), std::string::npos) << refused.message();
  EXPECT_EQ(slurp(paths_[0] + "/tree/mine"), "M");
}

// Where a directory cannot be renamed, too: FaultDisk never does it.
class RandomTreeTest : public TreeTest, public ::testing::WithParamInterface<bool> {
 protected:
  Disk& base() { return GetParam() ? static_cast<Disk&>(disk_) : posix_; }
};

TEST_P(RandomTreeTest, ItIsWhatTheNamesAre) {
  crash();
  ASSERT_TRUE(ok(open_on(base())));
  uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  auto any = [&](uint64_t below) { return static_cast<size_t>(random() % below); };
  std::map<InodeId, std::string> contents;  // of the current versions
  auto some_directory = [&] {
    return std::next(names_.directories().begin(), static_cast<long>(any(names_.directories().size())))
        ->first;
  };
  auto some_file = [&]() -> std::optional<InodeId> {
    if (names_.files().empty()) return std::nullopt;
    return std::next(names_.files().begin(), static_cast<long>(any(names_.files().size())))->first;
  };
  auto put_version = [&](InodeId file) {
    std::string bytes = "version " + std::to_string(random());
    put(names_.new_version(file), bytes);
    contents[file] = bytes;
  };
  for (int step = 0; step < 400; ++step) {
    std::string name(1, static_cast<char>('a' + any(5)));
    InodeId parent = some_directory();
    bool free = !names_.is_taken(parent, name);
    switch (any(9)) {
      case 0:
        if (free && names_.directories().size() < 12) names_.make_directory(parent, name);
        break;
      case 1:
      case 2:
        if (free && names_.files().size() < 20) put_version(names_.make_file(parent, name));
        break;
      case 3:
        if (InodeId moved = some_directory();
            free && moved != kRootInode && !names_.is_below(parent, moved)) {
          names_.move_directory(moved, parent, name);
        }
        break;
      case 4:
        if (auto file = some_file(); file && free) {
          names_.place(*file, parent, name);
        }
        break;
      case 5:
        if (auto file = some_file()) put_version(*file);
        break;
      case 6:
        if (auto file = some_file()) {
          names_.end_file(*file);
          contents.erase(*file);
        }
        break;
      case 7:
        if (parent != kRootInode && names_.is_empty(parent)) names_.remove_directory(parent);
        break;
      default:
        ASSERT_TRUE(ok(store_->apply(names_.page())));
        if (any(3) == 0) {
          crash();
          ASSERT_TRUE(ok(open_on(base())));
        }
        if (any(2) == 0) (void)store_->step_trees();
    }
    if (step % 50 != 49) continue;
    tell();
    Shown expected;
    for (const auto& [id, file] : names_.files()) {
      expected[(names_.path_of(file.origin.parent) + "/" + file.origin.name).substr(1)] = contents[id];
    }
    ASSERT_EQ(shown(), expected) << "after " << step << " steps";
  }
}

INSTANTIATE_TEST_SUITE_P(Disks, RandomTreeTest, ::testing::Bool());

}  // namespace
}  // namespace fsdfs::node
