#include "fuse/file_system.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/unit/fuse/fake_swarm.h"

namespace fsdfs::fuse {
namespace {

class FileSystemTest : public ::testing::Test {
 protected:
  NodeNumber node_of(const std::string& name) {
    auto entry = files_.lookup(kRootNode, name);
    EXPECT_TRUE(entry.ok()) << entry.status().to_string();
    return entry.ok() ? entry->node : NodeNumber{};
  }
  uint64_t open(NodeNumber node) {
    auto opened = files_.open(node);
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    return opened.ok() ? opened->handle : 0;
  }
  std::string read(uint64_t handle, uint64_t offset = 0, size_t size = 100) {
    std::string text(size, '\0');
    auto bytes = files_.read(handle, offset, std::as_writable_bytes(std::span(text)));
    if (!bytes.ok()) return bytes.status().to_string();
    text.resize(*bytes);
    return text;
  }

  FakeSwarm swarm_;
  ManualClock clock_;
  MemoryLogger log_;
  FileSystem files_{swarm_, clock_, log_};
};

TEST_F(FileSystemTest, LooksUpAndReads) {
  swarm_.add_file(kRootInode, "a", "hello");
  uint64_t handle = open(node_of("a"));
  EXPECT_EQ(read(handle), "hello");
  EXPECT_EQ(read(handle, 3), "lo");
  EXPECT_EQ(read(handle, 5), "");
  files_.release(handle);
  EXPECT_EQ(files_.read(handle, 0, {}).status().code(), Code::kInternal);
}

TEST_F(FileSystemTest, AMissingNameIsAskedForEachTime) {
  EXPECT_EQ(errno_from_status(files_.lookup(kRootNode, "a").status()), ENOENT);
  swarm_.add_file(kRootInode, "a", "hello");
  EXPECT_TRUE(files_.lookup(kRootNode, "a").ok());
}

TEST_F(FileSystemTest, ANameThatIsTooLongNeverReachesTheSwarm) {
  EXPECT_EQ(errno_from_status(files_.lookup(kRootNode, std::string(256, 'x')).status()), ENAMETOOLONG);
  EXPECT_EQ(swarm_.calls("lookup"), 0);
}

TEST_F(FileSystemTest, EveryOpenAsksForTheCurrentVersion) {
  InodeId inode = swarm_.add_file(kRootInode, "a", "old");
  NodeNumber node = node_of("a");
  files_.release(open(node));
  swarm_.replace(inode, "new");
  uint64_t handle = open(node);
  EXPECT_EQ(read(handle), "new");
}

TEST_F(FileSystemTest, PagesAreKeptOnlyWhileTheVersionIsTheSame) {
  InodeId inode = swarm_.add_file(kRootInode, "a", "old");
  NodeNumber node = node_of("a");
  files_.release(open(node));
  auto same = files_.open(node);
  EXPECT_TRUE(same->keep_cache);
  files_.release(same->handle);
  swarm_.replace(inode, "new");
  EXPECT_FALSE(files_.open(node)->keep_cache);
}

TEST_F(FileSystemTest, AnOpenFileKeepsItsVersionAndNewOpensSeeTheNewOne) {
  InodeId inode = swarm_.add_file(kRootInode, "a", "old");
  NodeNumber node = node_of("a");
  uint64_t old_handle = open(node);
  swarm_.replace(inode, "newer");

  // The kernel, which has just looked the name up, opens it; it is sent back to look again.
  EXPECT_EQ(errno_from_status(files_.open(node).status()), ESTALE);
  auto entry = files_.lookup(kRootNode, "a");
  EXPECT_EQ(entry->attributes.size, 5U);
  uint64_t new_handle = open(entry->node);

  EXPECT_EQ(read(old_handle), "old");
  EXPECT_EQ(read(new_handle), "newer");
  EXPECT_EQ(files_.attributes(node, true)->size, 3U);
  EXPECT_EQ(files_.attributes(node, false)->size, 3U);
  EXPECT_EQ(files_.attributes(entry->node, false)->size, 5U);
}

TEST_F(FileSystemTest, AVersionThatIsGoneEverywhereIsStale) {
  InodeId inode = swarm_.add_file(kRootInode, "a", "old");
  uint64_t handle = open(node_of("a"));
  Version old = swarm_.version_of(inode);
  swarm_.replace(inode, "new");
  swarm_.lose(inode, old);
  std::string text(3, '\0');
  auto bytes = files_.read(handle, 0, std::as_writable_bytes(std::span(text)));
  EXPECT_EQ(errno_from_status(bytes.status()), ESTALE);
}

TEST_F(FileSystemTest, AFileReplacedByRenameIsLookedUpAgainAndNotMissing) {
  swarm_.add_file(kRootInode, "a", "old");
  swarm_.add_file(kRootInode, "b", "new");
  NodeNumber node = node_of("a");
  swarm_.rename_over(kRootInode, "b", "a");
  EXPECT_EQ(errno_from_status(files_.open(node).status()), ESTALE);
  EXPECT_EQ(errno_from_status(files_.attributes(node, false).status()), ESTALE);
  EXPECT_EQ(read(open(node_of("a"))), "new");
}

TEST_F(FileSystemTest, AnUnlinkedFileCanStillBeReadAndStatedByWhoHasItOpen) {
  swarm_.add_file(kRootInode, "a", "hello");
  NodeNumber node = node_of("a");
  uint64_t handle = open(node);
  swarm_.remove(kRootInode, "a");
  EXPECT_EQ(read(handle), "hello");
  auto attributes = files_.attributes(node, false);
  ASSERT_TRUE(attributes.ok());
  EXPECT_EQ(attributes->links, 0U);
  EXPECT_EQ(attributes->size, 5U);
}

TEST_F(FileSystemTest, AttributesAreAskedForEachTimeSaveByReaders) {
  InodeId inode = swarm_.add_file(kRootInode, "a", "hello");
  NodeNumber node = node_of("a");
  (void)open(node);
  swarm_.change_mode(inode, 0600);
  EXPECT_EQ(files_.attributes(node, false)->mode, 0600U);
  int asked = swarm_.calls("attributes");
  EXPECT_EQ(files_.attributes(node, true)->mode, 0600U);
  EXPECT_EQ(swarm_.calls("attributes"), asked);
}

TEST_F(FileSystemTest, ASwarmThatCannotBeReachedIsAnInputOutputErrorAndIsLogged) {
  swarm_.add_file(kRootInode, "a", "hello");
  NodeNumber node = node_of("a");
  swarm_.fail_with(unavailable("no master at 127.0.0.1:1"));
  EXPECT_EQ(errno_from_status(files_.lookup(kRootNode, "a").status()), EIO);
  EXPECT_EQ(errno_from_status(files_.attributes(node, false).status()), EIO);
  EXPECT_EQ(errno_from_status(files_.open(node).status()), EIO);
  EXPECT_EQ(errno_from_status(files_.space().status()), EIO);
  EXPECT_TRUE(log_.contains("no master at 127.0.0.1:1"));
}

TEST_F(FileSystemTest, ReadsSymbolicLinks) {
  swarm_.add_symlink(kRootInode, "l", "a/b");
  swarm_.add_file(kRootInode, "f", "x");
  EXPECT_EQ(files_.read_link(node_of("l")).value(), "a/b");
  EXPECT_EQ(errno_from_status(files_.read_link(node_of("f")).status()), EINVAL);
}

TEST_F(FileSystemTest, OnlyEntriesThatWereTakenCountAsLookups) {
  for (int i = 0; i < 4; ++i) swarm_.add_file(kRootInode, "f" + std::to_string(i), "x");
  uint64_t handle = files_.open_directory(kRootNode).value();
  std::vector<NodeNumber> told;
  NodeNumber refused;
  Status status = files_.read_directory_entries(handle, 0, [&](const DirectoryItem&, const Entry* entry) {
    if (entry == nullptr) return true;
    if (told.size() == 2) {
      refused = entry->node;
      return false;
    }
    told.push_back(entry->node);
    return true;
  });
  ASSERT_TRUE(status.ok());
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(files_.attributes(told[0], false).ok());
  EXPECT_EQ(errno_from_status(files_.attributes(refused, false).status()), ESTALE);
  for (NodeNumber node : told) files_.forget(node, 1);
  EXPECT_EQ(errno_from_status(files_.attributes(told[0], false).status()), ESTALE);
}

TEST_F(FileSystemTest, OtherExtendedAttributesAreMissingWithoutAskingTheSwarm) {
  swarm_.add_file(kRootInode, "a", "hello");
  NodeNumber node = node_of("a");
  EXPECT_EQ(errno_from_status(files_.extended_attribute(node, "security.capability").status()), ENODATA);
  EXPECT_EQ(swarm_.calls("attributes"), 0);
  EXPECT_EQ(files_.extended_attribute(node, "user.fsdfs.copies").value(), "2");
  EXPECT_EQ(files_.extended_attribute_names(node)->size(), 5U);
  EXPECT_EQ(files_.extended_attribute_names(kRootNode)->size(), 1U);
}

TEST(SpaceOf, IsTheQuotaSharedByTheDefaultTarget) {
  client::SwarmStatus status;
  status.quota_bytes = 300;
  status.default_target = 3;
  status.bytes = 40;
  status.files = 5;
  status.directories = 2;
  Space space = space_of(status);
  EXPECT_EQ(space.total, 100U);
  EXPECT_EQ(space.free, 60U);
  EXPECT_EQ(space.files, 7U);
  status.bytes = 400;  // files with a lower target may take more than that
  EXPECT_EQ(space_of(status).free, 0U);
}

}  // namespace
}  // namespace fsdfs::fuse
