#include "master/policy/work_list.h"

#include "master/namespace/links.h"
#include "master/namespace/operations.h"
#include "store_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

class WorkListTest : public StoreFixture {
 protected:
  InodeId touch(const std::string& path) {
    auto made = make<Inode>([&](WriteTransaction& t) -> Result<Inode> {
      FSDFS_ASSIGN(auto slot, resolve_slot(t, {InodeId{}, path}));
      Inode inode = newborn(t, slot.parent, FileType::kRegular, {});
      FSDFS_TRY(t.add_inode(inode));
      FSDFS_TRY(add_name(t, slot.parent, slot.name, inode));
      return inode;
    });
    return made.ok() ? made->id : InodeId{};
  }
  // Takes until nothing is left.
  std::vector<InodeId> drain(size_t limit) {
    std::vector<InodeId> ids;
    for (int i = 0; i < 10'000 && !list_.empty(); ++i) {
      auto batch = list_.take(*view(), limit);
      EXPECT_TRUE(batch.ok());
      EXPECT_LE(batch->files.size(), limit);
      for (const auto& work : batch->files) ids.push_back(work.file.id);
    }
    EXPECT_TRUE(list_.empty());
    return ids;
  }
  WorkList list_;
};

TEST_F(WorkListTest, ATreeIsWalkedOnceWhateverTheBatch) {
  std::vector<InodeId> inside;
  for (const std::string directory : {"/t", "/t/a", "/t/a/b", "/t/c"}) {
    mkdir(directory);
    for (int i = 0; i < 7; ++i) inside.push_back(touch(directory + "/" + std::to_string(i)));
  }
  touch("/outside");
  InodeId root = lookup(*view(), {InodeId{}, "/t"})->inode.id;
  for (size_t limit : {1, 2, 7, 8, 100}) {
    list_.add_tree(root);
    EXPECT_THAT(drain(limit), UnorderedElementsAreArray(inside)) << limit;
  }
  // A directory among single ones is a tree.
  list_.add(root, false);
  EXPECT_THAT(drain(4), UnorderedElementsAreArray(inside));
}

TEST_F(WorkListTest, EverythingIsLookedAtInOrderAndCounted) {
  std::vector<InodeId> all;
  for (int i = 0; i < 23; ++i) all.push_back(touch("/" + std::to_string(i)));
  for (size_t limit : {1, 5, 23, 24, 100}) {
    list_.add_all(23);
    EXPECT_EQ(drain(limit), all) << limit;
    EXPECT_EQ(list_.done(), 23u);
  }
}

TEST_F(WorkListTest, SingleFilesComeInBetween) {
  for (int i = 0; i < 20; ++i) touch("/" + std::to_string(i));
  InodeId one = touch("/one");
  list_.add_all(21);
  list_.add(one, true);
  auto batch = list_.take(*view(), 4);
  ASSERT_FALSE(batch->files.empty());
  EXPECT_EQ(batch->files[0].file.id, one);
  EXPECT_TRUE(batch->files[0].automatic);
  EXPECT_GT(batch->files.size(), 1u);
  // Who asks for it outweighs what happened by itself.
  list_.add(one, true);
  list_.add(one, false);
  list_.add(one, true);
  EXPECT_FALSE(list_.take(*view(), 4)->files[0].automatic);
}

TEST_F(WorkListTest, WhatIsGoneIsNoWork) {
  list_.add(InodeId{4711}, false);
  list_.add_tree(InodeId{4712});
  EXPECT_THAT(drain(4), IsEmpty());
}

TEST_F(WorkListTest, TooManySingleFilesBecomeALookAtEverything) {
  InodeId file = touch("/f");
  for (uint64_t i = 0; i <= WorkList::kSinglesMax; ++i) list_.add(InodeId{1'000'000 + i}, false);
  EXPECT_TRUE(list_.all());
  EXPECT_THAT(drain(100), ElementsAre(file));
}

}  // namespace
}  // namespace fsdfs::master
