#include "fuse/inode_table.h"

#include <gtest/gtest.h>

namespace fsdfs::fuse {
namespace {

constexpr InodeId kFile{compose_with_epoch(Epoch{1}, 7)};
constexpr NodeNumber kFileNode{kFile.value};

client::Attributes file_at(uint64_t counter, uint64_t size = 10) {
  client::Attributes attributes;
  attributes.inode = kFile;
  attributes.type = client::FileType::kRegular;
  attributes.version = {Epoch{1}, counter};
  attributes.size = size;
  attributes.metadata_counter = counter;
  return attributes;
}

TEST(InodeTable, KnowsTheRootFromTheStartAndForEver) {
  InodeTable table;
  EXPECT_EQ(table.inode_of(kRootNode).value(), kRootInode);
  table.forget(kRootNode, 1'000);
  EXPECT_EQ(table.inode_of(kRootNode).value(), kRootInode);
}

TEST(InodeTable, GivesTheInodeNumberAsNodeNumber) {
  InodeTable table;
  EXPECT_EQ(table.remember(file_at(1)).node, kFileNode);
  EXPECT_EQ(table.inode_of(kFileNode).value(), kFile);
}

TEST(InodeTable, ForgetsWhenTheKernelHasForgottenEveryAnswer) {
  InodeTable table;
  for (int i = 0; i < 3; ++i) (void)table.remember(file_at(1));
  table.forget(kFileNode, 2);
  EXPECT_TRUE(table.inode_of(kFileNode).ok());
  table.forget(kFileNode, 1);
  EXPECT_EQ(table.inode_of(kFileNode).status().reason(), Reason::kStaleVersion);
  EXPECT_EQ(table.size(), 1U);
}

TEST(InodeTable, ForgettingTooMuchOrTheUnknownDoesNoHarm) {
  InodeTable table;
  table.forget(NodeNumber{99}, 1);
  (void)table.remember(file_at(1));
  table.forget(kFileNode, 5);
  EXPECT_EQ(table.size(), 1U);
}

TEST(InodeTable, AnOpenFileOutlivesItsLookups) {
  InodeTable table;
  (void)table.remember(file_at(1));
  ASSERT_TRUE(table.open(kFileNode, file_at(1)).ok());
  table.forget(kFileNode, 1);
  EXPECT_TRUE(table.inode_of(kFileNode).ok());
  table.release(kFileNode);
  EXPECT_FALSE(table.inode_of(kFileNode).ok());
}

// --- which pages the kernel may keep ---

TEST(InodeTable, TheFirstOpenKeepsNoPages) {
  InodeTable table;
  (void)table.remember(file_at(1));
  EXPECT_FALSE(table.open(kFileNode, file_at(1)).value());
}

TEST(InodeTable, PagesAreKeptWhenTheVersionIsTheSame) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1));
  table.confirm(kFileNode, {Epoch{1}, 1});
  table.release(kFileNode);
  EXPECT_TRUE(table.open(kFileNode, file_at(1)).value());
}

TEST(InodeTable, PagesAreNotKeptWhenTheVersionIsAnother) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1));
  table.confirm(kFileNode, {Epoch{1}, 1});
  table.release(kFileNode);
  EXPECT_FALSE(table.open(kFileNode, file_at(2)).value());
  table.confirm(kFileNode, {Epoch{1}, 2});
  table.release(kFileNode);
  EXPECT_FALSE(table.open(kFileNode, file_at(1)).value());  // nor when it is one from before
}

// Of two opens answered with "drop" and "keep", the kernel may act on "keep" first, while it has old pages.
TEST(InodeTable, PagesAreNotKeptBeforeTheKernelActedOnTheOpenThatDropsTheOldOnes) {
  InodeTable table;
  (void)table.remember(file_at(1));
  EXPECT_FALSE(table.open(kFileNode, file_at(1)).value());
  EXPECT_FALSE(table.open(kFileNode, file_at(1)).value());
  table.confirm(kFileNode, {Epoch{1}, 1});
  EXPECT_TRUE(table.open(kFileNode, file_at(1)).value());
}

TEST(InodeTable, PagesOfAForgottenFileAreNotKept) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1));
  table.confirm(kFileNode, {Epoch{1}, 1});
  table.release(kFileNode);
  table.forget(kFileNode, 1);
  (void)table.remember(file_at(1));
  EXPECT_FALSE(table.open(kFileNode, file_at(1)).value());
}

// --- two versions at once ---

TEST(InodeTable, AnotherVersionIsNotOpenedUnderTheNumberOfAnOpenOne) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1));
  auto second = table.open(kFileNode, file_at(2));
  EXPECT_EQ(second.status().reason(), Reason::kStaleVersion);
  EXPECT_EQ(errno_from_status(second.status()), ESTALE);
}

TEST(InodeTable, ALookupWhileAnOlderVersionIsOpenLeadsToANumberOfItsOwn) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1));

  Entry entry = table.remember(file_at(2, 20));
  EXPECT_NE(entry.node, kFileNode);
  EXPECT_EQ(entry.attributes.size, 20U);
  EXPECT_EQ(entry.attributes.inode, kFile);
  EXPECT_EQ(table.inode_of(entry.node).value(), kFile);
  EXPECT_FALSE(table.open(entry.node, file_at(2)).value());

  EXPECT_EQ(table.remember(file_at(2)).node, entry.node);  // and so does the next one
  EXPECT_EQ(table.open_attributes(kFileNode)->version.counter, 1U);
  EXPECT_EQ(table.open_attributes(entry.node)->version.counter, 2U);
}

TEST(InodeTable, EveryVersionThatIsOpenHasItsOwnNumber) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1));
  NodeNumber second = table.remember(file_at(2)).node;
  (void)table.open(second, file_at(2));
  NodeNumber third = table.remember(file_at(3)).node;
  EXPECT_NE(third, second);
  EXPECT_NE(third, kFileNode);
}

TEST(InodeTable, TheFilesOwnNumberIsUsedAgainWhenTheAliasIsForgotten) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1));
  NodeNumber alias = table.remember(file_at(2)).node;
  table.release(kFileNode);
  table.forget(kFileNode, 1);
  table.forget(alias, 1);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.remember(file_at(2)).node, kFileNode);
}

TEST(InodeTable, ALateAnswerOfAnOlderVersionDoesNotHideWhatIsOpen) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(2, 20));
  Entry entry = table.remember(file_at(1, 10));
  EXPECT_EQ(entry.node, kFileNode);
  EXPECT_EQ(entry.attributes.version.counter, 2U);
  EXPECT_EQ(entry.attributes.size, 20U);
}

TEST(InodeTable, AttributesOfAnOpenFileAreFreshButItsContentIsWhatIsOpen) {
  InodeTable table;
  (void)table.remember(file_at(1));
  (void)table.open(kFileNode, file_at(1, 10));
  auto fresh = file_at(2, 20);
  fresh.mode = 0600;
  auto told = table.refresh(kFileNode, fresh);
  EXPECT_EQ(told.mode, 0600U);
  EXPECT_EQ(told.size, 10U);
  EXPECT_EQ(told.version.counter, 1U);
  table.release(kFileNode);
  EXPECT_EQ(table.refresh(kFileNode, fresh).size, 20U);
}

}  // namespace
}  // namespace fsdfs::fuse
