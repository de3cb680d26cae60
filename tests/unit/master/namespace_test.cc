#include <limits>

#include "master/namespace/targets.h"
#include "store_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NamespaceTest : public StoreFixture {
 protected:
  // A file with content, as a commit would leave it.
  Inode touch(const std::string& path, uint32_t links = 1) {
    auto made = make<Inode>([&](WriteTransaction& transaction) -> Result<Inode> {
      FSDFS_ASSIGN(auto slot, resolve_slot(transaction, at(path)));
      Inode inode = newborn(transaction, slot.parent, FileType::kRegular, {0644, 1, 2});
      inode.version = transaction.new_version();
      inode.links = links;
      FSDFS_TRY(transaction.add_inode(inode));
      FSDFS_TRY(transaction.add_entry({slot.parent.id, slot.name, transaction.new_cookie(), inode.id}));
      return inode;
    });
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? *made : Inode{};
  }
  static PathAt at(const std::string& path) { return {InodeId{}, path}; }
  Result<Inode> look(const std::string& path) {
    auto located = lookup(*view(), at(path));
    if (!located.ok()) return located.status();
    return located->inode;
  }
  Result<Inode> move(const std::string& from, const std::string& to, RenameFlags flags = {}) {
    return make<Inode>(
        [&](WriteTransaction& transaction) { return rename(transaction, at(from), at(to), flags); });
  }
  Result<Inode> drop(const std::string& path, RemoveKind kind = RemoveKind::kAny) {
    return make<Inode>([&](WriteTransaction& transaction) { return remove(transaction, at(path), kind); });
  }
  Result<Inode> mkdir_plain(const std::string& path) {
    return make<Inode>([&](WriteTransaction& transaction) {
      return make_directory(transaction, at(path), {0755, 0, 0}, false);
    });
  }
  std::vector<std::string> names(const std::string& path) {
    std::vector<std::string> out;
    auto page = read_directory(*view(), at(path), 0, 0);
    EXPECT_TRUE(page.ok()) << page.status().to_string();
    for (const Child& child : page->children) out.push_back(child.entry.name);
    return out;
  }
};

TEST_F(NamespaceTest, PathsThatMeanNothingAreRefused) {
  mkdir("/d");
  touch("/d/f");
  struct Case {
    std::string path;
    Code code;
    Reason reason;
    std::string message;
  };
  const Case cases[] = {
      {"/d/../f", Code::kInvalidArgument, Reason::kNone, "'..'"},
      {"/d/./f", Code::kInvalidArgument, Reason::kNone, "'.'"},
      {"/" + std::string(256, 'x'), Code::kInvalidArgument, Reason::kNameTooLong, "255"},
      {"/" + std::string(5000, 'x'), Code::kInvalidArgument, Reason::kNameTooLong, "4095"},
      {std::string("/a\0b", 4), Code::kInvalidArgument, Reason::kNone, "NUL"},
      {"/d/none", Code::kNotFound, Reason::kNone, "/d/none"},
      {"/none/x/y", Code::kNotFound, Reason::kNone, "(/none is missing)"},
      {"/d/f/x", Code::kFailedPrecondition, Reason::kNotDirectory, "/d/f"},
  };
  for (const Case& c : cases) {
    Status status = look(c.path).status();
    EXPECT_EQ(status.code(), c.code) << status.to_string();
    EXPECT_EQ(status.reason(), c.reason) << status.to_string();
    EXPECT_THAT(status.message(), HasSubstr(c.message));
  }
}

TEST_F(NamespaceTest, LongAndStrangeNamesAreKeptByteForByte) {
  std::string longest(255, 'n');
  std::string strange = "\xff\xfe\n\x80 x";
  touch("/" + longest);
  touch("/" + strange);
  EXPECT_THAT(names("/"), ElementsAre(longest, strange));
  EXPECT_TRUE(look("/" + strange).ok());
  std::string deep;
  while (deep.size() < 3900) deep += "/" + std::string(99, 'd');
  mkdir(deep);
  EXPECT_TRUE(look(deep).ok());
}

TEST_F(NamespaceTest, PlacesStartAtADirectoryOrAreTheInodeItself) {
  Inode d = mkdir("/d");
  Inode f = touch("/d/f");
  EXPECT_EQ(lookup(*view(), {d.id, "f"})->inode.id, f.id);
  EXPECT_EQ(lookup(*view(), {d.id, "/f"})->inode.id, f.id);
  EXPECT_EQ(lookup(*view(), {f.id, ""})->inode.id, f.id);
  EXPECT_EQ(lookup(*view(), {InodeId{}, ""})->inode.id, kRootInode);
  EXPECT_EQ(lookup(*view(), {InodeId{12345}, ""}).status().code(), Code::kNotFound);
  EXPECT_EQ(lookup(*view(), {f.id, "x"}).status().reason(), Reason::kNotDirectory);
}

TEST_F(NamespaceTest, MakeDirectoryCountsLinksAndTimes) {
  Inode root = *look("/");
  clock_.advance(std::chrono::seconds(5));
  Inode a = *mkdir_plain("/a");
  EXPECT_EQ(a.links, 2u);
  EXPECT_EQ(a.parent, kRootInode);
  Inode after = *look("/");
  EXPECT_EQ(after.links, root.links + 1);
  EXPECT_GT(after.modified, root.modified);
  EXPECT_EQ(after.modified, after.changed);
  EXPECT_GT(after.metadata_counter, root.metadata_counter);
  EXPECT_EQ(mkdir_plain("/a").status().code(), Code::kAlreadyExists);
  EXPECT_EQ(mkdir_plain("/x/y").status().code(), Code::kNotFound);
  EXPECT_EQ(mkdir_plain("/").status().code(), Code::kInvalidArgument);
}

TEST_F(NamespaceTest, MakeDirectoryWithParentsIsContentWithWhatIsThere) {
  Inode c = mkdir("/a/b/c");
  EXPECT_EQ(mkdir("/a/b/c").id, c.id);
  EXPECT_EQ(look("/a")->links, 3u);
  touch("/a/f");
  auto through_file = make<Inode>(
      [&](WriteTransaction& transaction) { return make_directory(transaction, at("/a/f/g"), {}, true); });
  EXPECT_EQ(through_file.status().reason(), Reason::kNotDirectory);
}

TEST_F(NamespaceTest, SetGroupIdDirectoriesPassOnTheirGroup) {
  mkdir("/g");
  ASSERT_TRUE(make<Located>([&](WriteTransaction& transaction) {
                AttributeChange change;
                change.mode = 02775;
                change.gid = 77;
                return set_attributes(transaction, at("/g"), change);
              }).ok());
  Inode inner = mkdir("/g/inner");
  EXPECT_EQ(inner.gid, 77u);
  EXPECT_EQ(inner.mode & 02000u, 02000u);
}

TEST_F(NamespaceTest, RemoveFollowsUnlinkAndRmdir) {
  mkdir("/d/e");
  touch("/d/f");
  EXPECT_EQ(drop("/d/e", RemoveKind::kFile).status().reason(), Reason::kIsDirectory);
  EXPECT_EQ(drop("/d/f", RemoveKind::kDirectory).status().reason(), Reason::kNotDirectory);
  EXPECT_EQ(drop("/d").status().reason(), Reason::kNotEmpty);
  EXPECT_EQ(drop("/").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(drop("/d/none").status().code(), Code::kNotFound);
  EXPECT_TRUE(drop("/d/f", RemoveKind::kFile).ok());
  EXPECT_TRUE(drop("/d/e", RemoveKind::kDirectory).ok());
  EXPECT_EQ(look("/d")->links, 2u);
  EXPECT_TRUE(drop("/d").ok());
  EXPECT_THAT(names("/"), IsEmpty());
  EXPECT_EQ(look("/")->links, 2u);
}

TEST_F(NamespaceTest, RemovingTheLastNameTurnsReplicasIntoDeletions) {
  NodeRecord node = add_node(1);
  Inode f = touch("/f");
  ReplicaId replica{f.id, f.version};
  ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                return transaction.put_replica({replica, node.id, ReplicaState::kWhole, 3, {}});
              }).ok());
  ASSERT_TRUE(drop("/f").ok());
  EXPECT_FALSE((*view()->inode(f.id)).has_value());
  auto rows = view()->replicas(f.id);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().state, ReplicaState::kDeleting);
  EXPECT_EQ(rows->front().size, 3u);
  EXPECT_TRUE(*view()->is_tombstone(replica));
  EXPECT_EQ(view()->totals()->files, 0u);
}

TEST_F(NamespaceTest, AnInodeWithAnotherNameStays) {
  Inode f = touch("/f", 2);
  ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                return transaction.add_entry({kRootInode, "g", transaction.new_cookie(), f.id});
              }).ok());
  ASSERT_TRUE(drop("/f").ok());
  EXPECT_EQ(look("/g")->links, 1u);
  EXPECT_EQ(look("/g")->id, f.id);
}

TEST_F(NamespaceTest, RenameMovesAndReplaces) {
  Inode a = mkdir("/a"), b = mkdir("/b");
  Inode f = touch("/a/f");
  clock_.advance(std::chrono::seconds(1));
  Inode moved = *move("/a/f", "/b/g");
  EXPECT_EQ(moved.id, f.id);
  EXPECT_GT(moved.changed, f.changed);
  EXPECT_EQ(moved.modified, f.modified);
  EXPECT_GT(moved.metadata_counter, f.metadata_counter);
  EXPECT_GT(look("/a")->modified, a.modified);
  EXPECT_GT(look("/b")->modified, b.modified);
  EXPECT_THAT(names("/a"), IsEmpty());
  EXPECT_THAT(names("/b"), ElementsAre("g"));

  Inode other = touch("/b/h");
  ASSERT_TRUE(move("/b/g", "/b/h").ok());
  EXPECT_THAT(names("/b"), ElementsAre("h"));
  EXPECT_EQ(look("/b/h")->id, f.id);
  EXPECT_FALSE((*view()->inode(other.id)).has_value());
}

TEST_F(NamespaceTest, RenameOfDirectoriesKeepsLinksAndParents) {
  mkdir("/a/d/deep");
  mkdir("/b");
  ASSERT_TRUE(move("/a/d", "/b/e").ok());
  EXPECT_EQ(look("/a")->links, 2u);
  EXPECT_EQ(look("/b")->links, 3u);
  EXPECT_EQ(look("/b/e")->parent, look("/b")->id);
  EXPECT_TRUE(look("/b/e/deep").ok());
  mkdir("/empty");
  ASSERT_TRUE(move("/b/e", "/empty").ok());
  EXPECT_EQ(look("/b")->links, 2u);
  EXPECT_EQ(look("/")->links, 5u);
  EXPECT_TRUE(look("/empty/deep").ok());
}

TEST_F(NamespaceTest, RenameRefusals) {
  mkdir("/d/e");
  mkdir("/full/x");
  touch("/f");
  touch("/g");
  struct Case {
    std::string from, to;
    RenameFlags flags;
    Code code;
    Reason reason;
  };
  const Case cases[] = {
      {"/d", "/d/e/x", {}, Code::kInvalidArgument, Reason::kLoop},
      {"/d", "/d/x", {}, Code::kInvalidArgument, Reason::kLoop},
      {"/d", "/f", {}, Code::kFailedPrecondition, Reason::kNotDirectory},
      {"/f", "/d", {}, Code::kFailedPrecondition, Reason::kIsDirectory},
      {"/d", "/full", {}, Code::kFailedPrecondition, Reason::kNotEmpty},
      {"/none", "/x", {}, Code::kNotFound, Reason::kNone},
      {"/f", "/none/x", {}, Code::kNotFound, Reason::kNone},
      {"/f", "/g", {true, false}, Code::kAlreadyExists, Reason::kNone},
      {"/f", "/x", {false, true}, Code::kNotFound, Reason::kNone},
      {"/d", "/d/e", {false, true}, Code::kInvalidArgument, Reason::kLoop},
      {"/d/e", "/d", {false, true}, Code::kInvalidArgument, Reason::kLoop},
      {"/f", "/g", {true, true}, Code::kInvalidArgument, Reason::kNone},
      {"/", "/x", {}, Code::kInvalidArgument, Reason::kNone},
  };
  for (const Case& c : cases) {
    Status status = move(c.from, c.to, c.flags).status();
    EXPECT_EQ(status.code(), c.code) << c.from << " " << c.to << ": " << status.to_string();
    EXPECT_EQ(status.reason(), c.reason) << c.from << " " << c.to << ": " << status.to_string();
  }
  EXPECT_THAT(names("/"), ElementsAre("d", "full", "f", "g"));
}

TEST_F(NamespaceTest, RenameOntoItselfAndOntoAnotherNameOfItChangesNothing) {
  Inode f = touch("/f", 2);
  ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                return transaction.add_entry({kRootInode, "g", transaction.new_cookie(), f.id});
              }).ok());
  EXPECT_TRUE(move("/f", "/f").ok());
  EXPECT_TRUE(move("/f", "/g").ok());
  EXPECT_THAT(names("/"), ElementsAre("f", "g"));
  EXPECT_EQ(look("/f")->links, 2u);
}

TEST_F(NamespaceTest, ExchangeSwapsNamesOfAnyKind) {
  mkdir("/a/d");
  Inode f = touch("/f");
  Inode d = *look("/a/d");
  ASSERT_TRUE(move("/f", "/a/d", {false, true}).ok());
  EXPECT_EQ(look("/a/d")->id, f.id);
  EXPECT_EQ(look("/f")->id, d.id);
  EXPECT_EQ(look("/f")->parent, kRootInode);
  EXPECT_EQ(look("/a")->links, 2u);
  EXPECT_EQ(look("/")->links, 4u);
}

TEST_F(NamespaceTest, AttributesChangeOnlyWhereAsked) {
  Inode f = touch("/f");
  clock_.advance(std::chrono::seconds(1));
  AttributeChange change;
  change.mode = 0600;
  change.modified = FileTime{-1, 5};
  auto located = make<Located>([&](WriteTransaction& t) { return set_attributes(t, at("/f"), change); });
  ASSERT_TRUE(located.ok());
  EXPECT_EQ(located->inode.mode, 0600u);
  EXPECT_EQ(located->inode.uid, f.uid);
  EXPECT_EQ(located->inode.accessed, f.accessed);
  EXPECT_EQ(located->inode.modified, (FileTime{-1, 5}));
  EXPECT_GT(located->inode.changed, f.changed);
  change.mode = 010000;
  EXPECT_EQ(write([&](WriteTransaction& t) { return set_attributes(t, at("/f"), change).status(); }).code(),
            Code::kInvalidArgument);
  change.mode.reset();
  change.accessed = FileTime{0, 1'000'000'000};
  EXPECT_EQ(write([&](WriteTransaction& t) { return set_attributes(t, at("/f"), change).status(); }).code(),
            Code::kInvalidArgument);
}

TEST_F(NamespaceTest, TargetsAreNumbersOfCopies) {
  touch("/f");
  mkdir("/d");
  auto set = [&](const std::string& path, double target) {
    return write([&](WriteTransaction& t) { return set_target(t, at(path), target).status(); });
  };
  EXPECT_TRUE(set("/f", 2.5).ok());
  EXPECT_EQ(look("/f")->target, 2.5);
  EXPECT_TRUE(set("/f", 0).ok());
  EXPECT_TRUE(set("/f", 1e6).ok());
  for (double bad :
       {-1.0, 1e9, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(set("/f", bad).code(), Code::kInvalidArgument) << bad;
  }
  EXPECT_EQ(look("/f")->target, 1e6);
  EXPECT_EQ(set("/none", 2).code(), Code::kNotFound);
}

TEST_F(NamespaceTest, ATargetIsTakenBackForWhatElseSpeaks) {
  mkdir("/d");
  touch("/d/f");
  auto set = [&](const std::string& path, double target) {
    return write([&](WriteTransaction& t) { return set_target(t, at(path), target).status(); });
  };
  auto unset = [&](const std::string& path) {
    return write(
        [&](WriteTransaction& t) { return unset_target(t, at(path), Policy{.default_target = 2}).status(); });
  };
  EXPECT_TRUE(set("/d/f", 7).ok());
  EXPECT_EQ(look("/d/f")->target_source, TargetSource::kOwn);
  EXPECT_TRUE(set("/", 5).ok());
  EXPECT_TRUE(set("/d", 4).ok());
  EXPECT_EQ(look("/d")->own_target, 4);
  EXPECT_EQ(look("/d")->target, 0);
  EXPECT_TRUE(unset("/d/f").ok());
  EXPECT_EQ(look("/d/f")->target, 4);
  EXPECT_EQ(look("/d/f")->target_source, TargetSource::kDirectory);
  EXPECT_EQ(look("/d/f")->own_target, std::nullopt);
  for (const char* path : {"/d", "/", "/d/f"}) EXPECT_TRUE(unset(path).ok());
  EXPECT_TRUE(set("/d/f", 7).ok());
  EXPECT_TRUE(unset("/d/f").ok());
  EXPECT_EQ(look("/d/f")->target, 2);
  EXPECT_EQ(unset("/none").code(), Code::kNotFound);
}

TEST_F(NamespaceTest, VarsAreNumbersOfAFile) {
  Inode file = touch("/f");
  mkdir("/d");
  auto set = [&](const std::string& path, const VarsChange& change) {
    return make<Vars>([&](WriteTransaction& t) { return set_vars(t, at(path), change); });
  };
  EXPECT_EQ(*set("/f", {{{"a", 1}, {"b", 2}}, {}}), (Vars{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(*set("/f", {{{"a", 3}}, {"b"}}), (Vars{{"a", 3}}));
  EXPECT_EQ(set("/f", {{{"c", 3}, {"B", 1}}, {}}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(*view()->vars(file.id), (Vars{{"a", 3}}));
  EXPECT_EQ(set("/d", {{{"a", 1}}, {}}).status().reason(), Reason::kIsDirectory);
  EXPECT_EQ(set("/none", {{{"a", 1}}, {}}).status().code(), Code::kNotFound);
  reopen();
  EXPECT_EQ(*view()->vars(file.id), (Vars{{"a", 3}}));
  EXPECT_TRUE(drop("/f").ok());
  EXPECT_EQ(*view()->vars(file.id), Vars{});
}

TEST_F(NamespaceTest, WhoDecidedIsExplained) {
  mkdir("/d/e");
  touch("/d/e/f");
  auto policy = *make_policy({"rules: [{path: /d/*.x, target: 9}]", "", 1}, "p", 2);
  auto origin = [&](const std::string& path) {
    auto told = explain_target(*view(), policy, *look(path), FileTime{});
    return std::to_string(static_cast<int>(told->target)) + " " + told->text;
  };
  EXPECT_EQ(origin("/d/e"), "2 target.default");
  EXPECT_TRUE(write([&](WriteTransaction& t) { return set_target(t, at("/d"), 4).status(); }).ok());
  EXPECT_EQ(origin("/d"), "4 its own");
  EXPECT_EQ(origin("/d/e"), "4 directory /d");
  // Nobody has brought the file to it yet.
  EXPECT_EQ(origin("/d/e/f"), "0 directory /d, soon");
  EXPECT_TRUE(write([&](WriteTransaction& t) { return set_target(t, at("/d/e/f"), 1).status(); }).ok());
  EXPECT_EQ(origin("/d/e/f"), "1 its own");
}

TEST_F(NamespaceTest, DirectoryPagesEndWhereTheyShould) {
  for (int i = 0; i < 5; ++i) touch("/f" + std::to_string(i));
  auto page = read_directory(*view(), at("/"), 0, 5);
  EXPECT_TRUE(page->end);
  EXPECT_EQ(page->children.size(), 5u);
  page = read_directory(*view(), at("/"), 0, 2);
  EXPECT_FALSE(page->end);
  page = read_directory(*view(), at("/"), page->children.back().entry.cookie, 3);
  EXPECT_TRUE(page->end);
  EXPECT_EQ(page->children.front().entry.name, "f2");
  EXPECT_EQ(read_directory(*view(), at("/f1"), 0, 0).status().reason(), Reason::kNotDirectory);
}

}  // namespace
}  // namespace fsdfs::master
