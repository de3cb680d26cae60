// The whole mount but the swarm: real kernel, real libfuse, a swarm in memory.
#include "fuse/mount_session.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <future>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "common/io/files.h"
#include "fuse/mount_point.h"
#include "tests/unit/fuse/fake_swarm.h"

namespace fsdfs::fuse {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

// A swarm in memory, mounted until the end of the scope.
class Mounted {
 public:
  explicit Mounted(const std::string& directory, MountSettings settings = {}) {
    SessionOptions options;
    options.mount_point = directory;
    options.swarm_name = "unit, \\test";  // a name that mount options must escape
    options.settings = settings;
    auto session = MountSession::mount(options, files);
    if (!session.ok()) {
      ADD_FAILURE() << session.status().to_string();
      return;
    }
    session_ = std::move(*session);
    std::promise<void> ready;
    auto is_ready = ready.get_future();
    ended_ = std::async(std::launch::async, [this, ready = std::move(ready)]() mutable {
      bool told = false;
      Status result = session_->run([&] {
        told = true;
        ready.set_value();
      });
      EXPECT_TRUE(told) << result.to_string();
      if (!told) ready.set_value();
      return result;
    });
    EXPECT_EQ(is_ready.wait_for(kPatience), std::future_status::ready);
  }
  ~Mounted() {
    if (session_ != nullptr) session_->stop();
  }

  void stop() { session_->stop(); }
  bool ends() { return ended_.wait_for(kPatience) == std::future_status::ready && ended_.get().ok(); }

  FakeSwarm swarm;
  SystemClock clock;
  NullLogger log;
  FileSystem files{swarm, clock, log};

 private:
  std::unique_ptr<MountSession> session_;
  std::future<Status> ended_;  // destroyed first: waits for the loop
};

std::string read_all(int fd) {
  std::string text;
  std::array<char, 65536> piece{};
  while (true) {
    ssize_t bytes = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (bytes < 0) return "error: " + std::generic_category().message(errno);
    if (bytes == 0) return text;
    text.append(piece.data(), static_cast<size_t>(bytes));
  }
}

std::string read_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return "error: " + std::generic_category().message(errno);
  return read_all(fd.get());
}

int error_of(int result) {
  return result < 0 ? errno : 0;
}

class MountSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Status status = check_fuse_device(); !status.ok()) GTEST_SKIP() << status.message();
    std::string pattern = (std::filesystem::temp_directory_path() / "fsdfs-mount-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = std::filesystem::canonical(pattern).string();
  }
  void TearDown() override {
    if (!directory_.empty()) ::rmdir(directory_.c_str());
  }
  std::string at(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
};

TEST_F(MountSessionTest, ShowsFilesDirectoriesAndLinks) {
  Mounted mounted(directory_);
  std::string content(3'000'000, 'x');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 + i / 4096);
  InodeId sub = mounted.swarm.add_directory(kRootInode, "sub");
  InodeId file = mounted.swarm.add_file(sub, "big", content);
  mounted.swarm.add_file(kRootInode, "empty", "");
  mounted.swarm.add_symlink(kRootInode, "link", "sub/big");

  EXPECT_EQ(read_file(at("sub/big")), content);
  EXPECT_EQ(read_file(at("link")), content);
  EXPECT_EQ(read_file(at("empty")), "");
  EXPECT_EQ(std::filesystem::read_symlink(at("link")), "sub/big");

  struct stat found {};
  ASSERT_EQ(::stat(at("sub/big").c_str(), &found), 0);
  EXPECT_EQ(found.st_ino, file.value);
  EXPECT_EQ(static_cast<size_t>(found.st_size), content.size());
  EXPECT_EQ(found.st_mtim.tv_nsec, 123'456'789);
  EXPECT_EQ(error_of(::stat(at("missing").c_str(), &found)), ENOENT);
  EXPECT_EQ(error_of(::stat(at("empty/x").c_str(), &found)), ENOTDIR);
  EXPECT_EQ(error_of(::stat(at(std::string(256, 'x')).c_str(), &found)), ENAMETOOLONG);

  auto mount = mount_at(current_mounts(), directory_);
  ASSERT_TRUE(mount.has_value());
  EXPECT_EQ(mount->type, kMountType);
  EXPECT_EQ(mount->source, "fsdfs:unit, \\test");
}

TEST_F(MountSessionTest, NamesAreBytes) {
  Mounted mounted(directory_);
  for (const std::string& name : {std::string("\xff\xfe\x01"), std::string(255, 'n'), std::string("a b\n")}) {
    mounted.swarm.add_file(kRootInode, name, "content");
    EXPECT_EQ(read_file(at(name)), "content");
  }
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory_))
    names.insert(entry.path().filename());
  EXPECT_EQ(names.size(), 3U);
}

TEST_F(MountSessionTest, RefusesEveryChange) {
  Mounted mounted(directory_);
  mounted.swarm.add_file(kRootInode, "f", "x");
  mounted.swarm.add_directory(kRootInode, "d");
  EXPECT_EQ(error_of(::open(at("f").c_str(), O_WRONLY)), EROFS);
  EXPECT_EQ(error_of(::open(at("f").c_str(), O_RDONLY | O_TRUNC)), EROFS);
  EXPECT_EQ(error_of(::open(at("new").c_str(), O_RDWR | O_CREAT, 0644)), EROFS);
  EXPECT_EQ(error_of(::mkdir(at("new").c_str(), 0755)), EROFS);
  EXPECT_EQ(error_of(::unlink(at("f").c_str())), EROFS);
  EXPECT_EQ(error_of(::rmdir(at("d").c_str())), EROFS);
  EXPECT_EQ(error_of(::rename(at("f").c_str(), at("g").c_str())), EROFS);
  EXPECT_EQ(error_of(::link(at("f").c_str(), at("g").c_str())), EROFS);
  EXPECT_EQ(error_of(::symlink("f", at("g").c_str())), EROFS);
  EXPECT_EQ(error_of(::chmod(at("f").c_str(), 0600)), EROFS);
  EXPECT_EQ(error_of(::truncate(at("f").c_str(), 0)), EROFS);
  EXPECT_EQ(error_of(::setxattr(at("f").c_str(), "user.a", "b", 1, 0)), EROFS);
  EXPECT_EQ(read_file(at("f")), "x");
}

TEST_F(MountSessionTest, SeesWhatOthersDidAtTheNextOpen) {
  Mounted mounted(directory_);
  InodeId inode = mounted.swarm.add_file(kRootInode, "f", "first");
  EXPECT_EQ(read_file(at("f")), "first");
  mounted.swarm.replace(inode, "other");  // of the same length
  EXPECT_EQ(read_file(at("f")), "other");
  mounted.swarm.replace(inode, "longer than before");
  EXPECT_EQ(read_file(at("f")), "longer than before");
  mounted.swarm.replace(inode, "");
  EXPECT_EQ(read_file(at("f")), "");
  mounted.swarm.remove(kRootInode, "f");
  EXPECT_EQ(read_file(at("f")), "error: No such file or directory");
  mounted.swarm.add_file(kRootInode, "f", "again");
  EXPECT_EQ(read_file(at("f")), "again");
}

TEST_F(MountSessionTest, PagesStayInTheKernelWhileTheVersionIsTheSame) {
  Mounted mounted(directory_);
  InodeId inode = mounted.swarm.add_file(kRootInode, "f", std::string(100'000, 'a'));
  EXPECT_EQ(read_file(at("f")), std::string(100'000, 'a'));
  int reads = mounted.swarm.calls("read");
  int asked = mounted.swarm.calls("open");
  EXPECT_EQ(read_file(at("f")), std::string(100'000, 'a'));
  EXPECT_EQ(mounted.swarm.calls("read"), reads);
  EXPECT_EQ(mounted.swarm.calls("open"), asked + 1);
  mounted.swarm.replace(inode, std::string(100'000, 'b'));
  EXPECT_EQ(read_file(at("f")), std::string(100'000, 'b'));
  EXPECT_GT(mounted.swarm.calls("read"), reads);
}

TEST_F(MountSessionTest, AnOpenFileAndAMappingKeepTheirVersion) {
  Mounted mounted(directory_);
  std::string old_content(200'000, 'o');
  std::string new_content(50'000, 'n');
  InodeId inode = mounted.swarm.add_file(kRootInode, "f", old_content);
  UniqueFd old_file(::open(at("f").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(old_file.valid());
  void* mapped = ::mmap(nullptr, old_content.size(), PROT_READ, MAP_SHARED, old_file.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);

  mounted.swarm.replace(inode, new_content);
  UniqueFd new_file(::open(at("f").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(new_file.valid()) << errno;
  EXPECT_EQ(read_all(new_file.get()), new_content);
  EXPECT_EQ(read_all(old_file.get()), old_content);
  EXPECT_EQ(std::string(static_cast<char*>(mapped), old_content.size()), old_content);
  EXPECT_EQ(read_file(at("f")), new_content);

  struct stat old_stat {};
  struct stat new_stat {};
  ASSERT_EQ(::fstat(old_file.get(), &old_stat), 0);
  ASSERT_EQ(::stat(at("f").c_str(), &new_stat), 0);
  EXPECT_EQ(old_stat.st_size, 200'000);
  EXPECT_EQ(new_stat.st_size, 50'000);
  EXPECT_EQ(old_stat.st_ino, new_stat.st_ino);
  ::munmap(mapped, old_content.size());
}

TEST_F(MountSessionTest, AVersionThatIsGoneEverywhereIsAnErrorAndTheNextOpenIsFine) {
  Mounted mounted(directory_);
  InodeId inode = mounted.swarm.add_file(kRootInode, "f", std::string(10'000, 'o'));
  UniqueFd old_file(::open(at("f").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(old_file.valid());
  Version old = mounted.swarm.version_of(inode);
  mounted.swarm.replace(inode, "new");
  mounted.swarm.lose(inode, old);
  std::array<char, 16> piece{};
  EXPECT_LT(::pread(old_file.get(), piece.data(), piece.size(), 0), 0);
  EXPECT_EQ(read_file(at("f")), "new");
}

// Readers never see a mixture, nor anything older than what was there before they opened (invariant 5,
// close-to-open), while the content is replaced all the time.
TEST_F(MountSessionTest, ReadersNeverSeeAMixtureWhileTheContentChanges) {
  uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Mounted mounted(directory_);
  auto content_of = [](uint64_t generation) {
    return std::string(1 + generation * 7919 % 300'000, static_cast<char>('a' + generation % 26));
  };
  InodeId inode = mounted.swarm.add_file(kRootInode, "f", content_of(0));
  std::atomic<uint64_t> generation{0};
  std::atomic<bool> done{false};
  std::atomic<int> whole{0};

  auto reader = [&](uint64_t own_seed) {
    std::mt19937_64 random(own_seed);
    while (!done) {
      uint64_t before = generation.load();
      UniqueFd fd(::open(at("f").c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd.valid()) {
        ASSERT_EQ(errno, ESTALE);  // replaced twice in the middle of one open
        continue;
      }
      if (random() % 2 == 0) std::this_thread::yield();
      std::string text = read_all(fd.get());
      uint64_t after = generation.load();
      bool found = false;
      // The change is made before its number is published, so one more may have been seen.
      for (uint64_t g = before; g <= after + 1 && !found; ++g) found = text == content_of(g);
      ASSERT_TRUE(found) << text.size() << " bytes from '" << text.front() << "' to '" << text.back()
                         << "', between generations " << before << " and " << after;
      ++whole;
    }
  };
  std::vector<std::thread> readers;
  for (uint64_t i = 0; i < 4; ++i) readers.emplace_back(reader, seed + i);
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::mt19937_64 random(seed);
  while (whole < 300 && std::chrono::steady_clock::now() < deadline && !HasFatalFailure()) {
    mounted.swarm.replace(inode, content_of(generation + 1));
    ++generation;
    int seen = whole;
    for (uint64_t i = random() % 200; i > 0 && whole == seen; --i) std::this_thread::yield();
  }
  done = true;
  for (auto& thread : readers) thread.join();
  EXPECT_GE(whole, 300);
}

TEST_F(MountSessionTest, ADirectoryOfAHundredThousandEntriesWhileItChanges) {
  Mounted mounted(directory_);
  constexpr int kEntries = 100'000;
  for (int i = 0; i < kEntries; ++i) mounted.swarm.add_file(kRootInode, "f" + std::to_string(i), "");
  std::set<std::string> seen;
  int removed = kEntries - 1;
  int times = 0;
  DIR* directory = ::opendir(directory_.c_str());
  ASSERT_NE(directory, nullptr);
  while (const dirent* entry = ::readdir(directory)) {
    EXPECT_TRUE(seen.insert(entry->d_name).second) << entry->d_name;
    if (++times % 100 == 0 && removed > kEntries * 9 / 10) {
      mounted.swarm.remove(kRootInode, "f" + std::to_string(removed--));
      mounted.swarm.add_file(kRootInode, "added" + std::to_string(times), "");
    }
  }
  ::closedir(directory);
  for (int i = 0; i < kEntries * 9 / 10; ++i) ASSERT_TRUE(seen.contains("f" + std::to_string(i))) << i;
}

TEST_F(MountSessionTest, ASwarmThatFailsIsAnErrorAndNotTheEndOfTheMount) {
  Mounted mounted(directory_);
  mounted.swarm.add_file(kRootInode, "f", "content");
  mounted.swarm.fail_with(unavailable("no master"));
  EXPECT_EQ(read_file(at("f")), "error: Input/output error");
  std::error_code error;
  std::filesystem::directory_iterator(directory_, error);
  EXPECT_EQ(error.value(), EIO);
  mounted.swarm.fail_with({});
  EXPECT_EQ(read_file(at("f")), "content");
}

TEST_F(MountSessionTest, TellsSpaceAndWhatTheSwarmKnowsOfAFile) {
  Mounted mounted(directory_);
  mounted.swarm.add_file(kRootInode, "f", "content");
  struct statvfs space {};
  ASSERT_EQ(::statvfs(directory_.c_str(), &space), 0);
  EXPECT_EQ(space.f_blocks * space.f_frsize, 1ULL << 30);
  EXPECT_EQ(space.f_bavail * space.f_frsize, 768ULL << 20);

  std::array<char, 256> value{};
  ssize_t bytes = ::getxattr(at("f").c_str(), "user.fsdfs.replicas", value.data(), value.size());
  ASSERT_GT(bytes, 0);
  EXPECT_EQ(std::string(value.data(), static_cast<size_t>(bytes)), "127.0.0.1:4242");
  EXPECT_EQ(::getxattr(at("f").c_str(), "user.fsdfs.replicas", nullptr, 0), bytes);
  EXPECT_EQ(error_of(static_cast<int>(::getxattr(at("f").c_str(), "user.fsdfs.replicas", value.data(), 3))),
            ERANGE);
  EXPECT_EQ(error_of(static_cast<int>(::getxattr(at("f").c_str(), "user.other", value.data(), value.size()))),
            ENODATA);
  bytes = ::listxattr(at("f").c_str(), value.data(), value.size());
  ASSERT_GT(bytes, 0);
  EXPECT_NE(std::string(value.data(), static_cast<size_t>(bytes)).find("user.fsdfs.version"),
            std::string::npos);
}

TEST_F(MountSessionTest, RelaxedNamesAreNotAskedForAgainButContentIs) {
  MountSettings settings;
  settings.cache = "relaxed";
  settings.cache_time = std::chrono::minutes(10);
  Mounted mounted(directory_, settings);
  InodeId inode = mounted.swarm.add_file(kRootInode, "f", "first");
  EXPECT_EQ(read_file(at("f")), "first");
  int lookups = mounted.swarm.calls("lookup");
  mounted.swarm.replace(inode, "other");
  EXPECT_EQ(read_file(at("f")), "other");
  mounted.swarm.replace(inode, "longer than before");
  EXPECT_EQ(read_file(at("f")), "longer than before");
  EXPECT_EQ(mounted.swarm.calls("lookup"), lookups);
}

TEST_F(MountSessionTest, StopsWhileAFileIsOpen) {
  Mounted mounted(directory_);
  mounted.swarm.add_file(kRootInode, "f", "content");
  UniqueFd fd(::open(at("f").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(fd.valid());
  mounted.stop();
  EXPECT_TRUE(mounted.ends());
  EXPECT_FALSE(mount_at(current_mounts(), directory_).has_value());
}

TEST_F(MountSessionTest, EndsWhenItIsUnmountedFromOutside) {
  Mounted mounted(directory_);
  mounted.swarm.add_file(kRootInode, "f", "content");
  EXPECT_EQ(read_file(at("f")), "content");
  ASSERT_TRUE(detach_mount(directory_).ok());
  EXPECT_TRUE(mounted.ends());
}

TEST_F(MountSessionTest, TheSamePlaceCanBeMountedAgain) {
  for (int i = 0; i < 3; ++i) {
    auto point = prepare_mount_point(directory_);
    ASSERT_TRUE(point.ok()) << point.status().to_string();
    EXPECT_TRUE(point->warnings.empty());
    Mounted mounted(directory_);
    auto again = prepare_mount_point(directory_);
    EXPECT_EQ(again.status().code(), Code::kAlreadyExists);
    EXPECT_NE(again.status().message().find("umount"), std::string::npos);
  }
}

TEST_F(MountSessionTest, ADeadMountIsTakenAwayByTheNextOne) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Mounted mounted(directory_);
    char byte = 'r';
    if (::write(ends[1], &byte, 1) != 1) std::_Exit(1);
    ::pause();
    std::_Exit(1);
  }
  ::close(ends[1]);
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  ::close(ends[0]);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  struct statvfs space {};
  ASSERT_EQ(error_of(::statvfs(directory_.c_str(), &space)), ENOTCONN);

  auto point = prepare_mount_point(directory_);
  ASSERT_TRUE(point.ok()) << point.status().to_string();
  EXPECT_EQ(point->path, directory_);
  ASSERT_EQ(point->warnings.size(), 1U);
  Mounted mounted(directory_);
  mounted.swarm.add_file(kRootInode, "f", "content");
  EXPECT_EQ(read_file(at("f")), "content");
}

}  // namespace
}  // namespace fsdfs::fuse
