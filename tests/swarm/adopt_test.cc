// Directories that servers had before the swarm, and replicas that its master has forgotten, on real
// processes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr size_t kMebibyte = 1 << 20;

std::string noise(size_t size, uint64_t seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(seed >> 56);
  }
  return bytes;
}

std::string slurp_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void spit_file(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Regular files below a directory, by relative path.
std::map<std::string, std::string> tree_of(const fs::path& root) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.symlink_status().type() == fs::file_type::regular) {
      tree[entry.path().lexically_relative(root).string()] = slurp_file(entry.path());
    }
  }
  return tree;
}

std::set<ino_t> inodes_below(const fs::path& root) {
  std::set<ino_t> inodes;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct stat info {};
    if (::lstat(entry.path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) inodes.insert(info.st_ino);
  }
  return inodes;
}

class AdoptSwarmTest : public ::testing::Test {
 protected:
  ProcessOptions import_options(std::vector<std::string> arguments, int node = 1) {
    std::vector<std::string> all = {program("fsdfsd"), "import"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    for (const std::string& more : {std::string("--node"), swarm_->node(node).address,
                                    std::string("--swarm-password-file"), swarm_->password_file()}) {
      all.push_back(more);
    }
    return {.arguments = std::move(all)};
  }
  CommandResult import_dir(std::vector<std::string> arguments, int node = 1) {
    return run_command(import_options(std::move(arguments), node), 2min);
  }
  // A run that ends with 0, and its account.
  Json account_of(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    auto result = import_dir(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out, nullptr, false);
  }
  Json json_of(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    auto result = swarm_->fsdfs(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out, nullptr, false);
  }
  void start(ProcessSwarmOptions options) {
    swarm_.emplace(std::move(options));
    Status started = swarm_->start();
    ASSERT_TRUE(started.ok()) << started.to_string();
    original_ = swarm_->directory() / "original";
    fs::create_directory(original_);
  }
  // What `fsdfs get` brings out of the swarm's directory.
  std::map<std::string, std::string> gotten(const std::string& path) {
    fs::path to = swarm_->directory() / ("got" + std::to_string(++gets_));
    auto result = swarm_->fsdfs({"get", path, to.string()});
    EXPECT_EQ(result.code, 0) << result.err;
    return tree_of(to);
  }

  std::optional<ProcessSwarm> swarm_;
  fs::path original_;
  int gets_ = 0;
};

TEST_F(AdoptSwarmTest, ADirectoryIsTakenInWithoutItsBytesBeingCopied) {
  start({.nodes = 3, .quota = "500M", .settings = {"target.default=3"}});
  for (int i = 0; i < 1000; ++i) {
    spit_file(original_ / "small" / std::to_string(i % 10) / ("f" + std::to_string(i)),
              noise(static_cast<size_t>(i) + 1, static_cast<uint64_t>(i)));
  }
  spit_file(original_ / "big", noise(20 * kMebibyte + 3, 7));
  spit_file(original_ / "empty", "");
  spit_file(original_ / "odd" / "\xff\xfe no UTF-8", "odd bytes");
  spit_file(original_ / "odd" / "two\nlines \\ and a \t tab", "odd signs");
  fs::path deep = original_;
  for (int i = 0; i < 40; ++i) deep /= "a directory of a deep path";
  spit_file(deep / "f", "deep");
  fs::create_directories(original_ / "nothing in it");
  fs::create_symlink("big", original_ / "link");
  ASSERT_EQ(::mkfifo((original_ / "pipe").c_str(), 0600), 0);
  fs::permissions(original_ / "big", fs::perms(0604));
  const timespec times[2] = {{1000000000, 1}, {1234567890, 123456789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (original_ / "big").c_str(), times, 0), 0);
  const auto before = tree_of(original_);
  const size_t files = before.size();

  auto dry = import_dir({original_, "--as", "/a/music", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_NE(dry.out.find("would import " + std::to_string(files) + " files"), std::string::npos) << dry.out;
  EXPECT_EQ(swarm_->fsdfs({"stat", "/a"}).code, 5) << "a dry run makes nothing";

  auto run = import_dir({original_, "--as", "/a/music", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  Json account = Json::parse(run.out, nullptr, false);
  EXPECT_EQ(account["files"], files) << run.out;
  EXPECT_EQ(account["linked"].get<size_t>() + account["reflinked"].get<size_t>(), files) << run.out;
  EXPECT_EQ(account["copied"], 0) << run.out;
  EXPECT_EQ(account["skipped"], 2) << run.out;
  EXPECT_NE(run.err.find("a symbolic link"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("a pipe"), std::string::npos) << run.err;
  if (account["linked"] == files) {
    auto kept = inodes_below(fs::path(swarm_->node(1).data) / "replicas");
    for (ino_t inode : inodes_below(original_)) EXPECT_TRUE(kept.contains(inode));
    struct stat info {};
    ASSERT_EQ(::stat((original_ / "big").c_str(), &info), 0);
    EXPECT_EQ(info.st_nlink, 2U);
    EXPECT_EQ(info.st_mode & 07777U, 0604U) << "the original's mode is its owner's";
  }

  Json big = json_of({"stat", "/a/music/big"});
  EXPECT_EQ(big["size"], 20 * kMebibyte + 3);
  auto attributes = swarm_->client().lookup({kRootInode, "a/music/big"});
  ASSERT_TRUE(attributes.ok());
  EXPECT_EQ(attributes->mode, 0604U);
  EXPECT_EQ(attributes->uid, ::getuid());
  EXPECT_EQ(attributes->modified, (client::FileTime{1234567890, 123456789}));
  EXPECT_TRUE(swarm_->client().lookup({kRootInode, "a/music/nothing in it"}).ok());

  ASSERT_TRUE(swarm_->wait_min_surplus(0, 120s)) << "every file gets its three copies";
  EXPECT_EQ(swarm_->copies("/a/music/big"), 3);
  EXPECT_EQ(gotten("/a/music"), before);
  // From the other nodes' copies, as well.
  swarm_->node(1).process->kill();
  EXPECT_EQ(gotten("/a/music"), before);
  EXPECT_EQ(tree_of(original_), before);
}

TEST_F(AdoptSwarmTest, RepeatedItIsAllKnownAndChangesAreFound) {
  start({.nodes = 2, .quota = "100M", .settings = {"target.default=2"}});
  for (int i = 0; i < 20; ++i)
    spit_file(original_ / "d" / std::to_string(i), noise(5000, static_cast<uint64_t>(i)));
  EXPECT_EQ(account_of({original_, "--as", "/in"})["files"], 20);
  Json again = account_of({original_, "--as", "/in"});
  EXPECT_EQ(again["files"], 0);
  EXPECT_EQ(again["known"], 20);

  // A new file in the old one's place, as editors write it; and one that only grew.
  spit_file(original_ / "new", noise(5000, 99));
  fs::rename(original_ / "new", original_ / "d" / "3");
  fs::remove(original_ / "d" / "4");
  spit_file(original_ / "d" / "4", noise(6000, 98));
  auto refused = import_dir({original_, "--as", "/in"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("/d/3: already there"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("/d/4: already there"), std::string::npos) << refused.err;
  EXPECT_NE(refused.out.find("18 known"), std::string::npos) << refused.out;
  EXPECT_EQ(swarm_->get("/in/d/3"), noise(5000, 3));
  Json replaced = account_of({original_, "--as", "/in", "--replace"});
  EXPECT_EQ(replaced["files"], 2);
  EXPECT_EQ(replaced["known"], 18);
  EXPECT_EQ(gotten("/in"), tree_of(original_));

  // Changed in place the file spoils its own replica, which is found and replaced from the other copy.
  ASSERT_TRUE(swarm_->wait_min_surplus(0, 60s));
  std::string bytes = slurp_file(original_ / "d" / "5");
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  { std::fstream(original_ / "d" / "5", std::ios::in | std::ios::out | std::ios::binary) << bytes; }
  EXPECT_EQ(swarm_->get("/in/d/5"), noise(5000, 5)) << "never what fails its sums";
  EXPECT_EQ(account_of({original_, "--as", "/in", "--replace"})["files"], 1);
  EXPECT_EQ(swarm_->get("/in/d/5"), bytes);
}

TEST_F(AdoptSwarmTest, MovedFilesLeaveTheirPlace) {
  start({.nodes = 2, .quota = "100M", .settings = {"target.default=2"}});
  for (int i = 0; i < 10; ++i)
    spit_file(original_ / "d" / std::to_string(i), noise(70000, static_cast<uint64_t>(i)));
  const auto before = tree_of(original_);
  const auto inodes = inodes_below(original_);
  Json account = account_of({original_, "--as", "/in", "--move"});
  EXPECT_EQ(account["moved"], 10);
  EXPECT_TRUE(tree_of(original_).empty());
  auto kept = inodes_below(fs::path(swarm_->node(1).data) / "replicas");
  for (ino_t inode : inodes) EXPECT_TRUE(kept.contains(inode));
  EXPECT_EQ(gotten("/in"), before);
  EXPECT_TRUE(swarm_->wait_min_surplus(0, 60s));
}

TEST_F(AdoptSwarmTest, KilledInBetweenItIsSimplyRepeated) {
  start({.nodes = 2, .quota = "100M", .settings = {"target.default=1"}});
  for (int i = 0; i < 400; ++i)
    spit_file(original_ / std::to_string(i), noise(3000, static_cast<uint64_t>(i)));
  const auto before = tree_of(original_);
  auto process = Process::start(import_options({original_, "--as", "/in", "--move", "--jobs", "2"}));
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE(eventually(60s, [&] { return swarm_->replica_files(swarm_->node(1)) >= 20; }));
  process->kill();
  Json again = account_of({original_, "--as", "/in", "--move"});
  EXPECT_LT(again["files"], 400) << "some of it had been done";
  EXPECT_TRUE(tree_of(original_).empty());
  EXPECT_EQ(gotten("/in"), before);
}

TEST_F(AdoptSwarmTest, AFullOrWrongNodeRefuses) {
  start({.nodes = 2,
         .quotas = {"10M", "100M"},
         .settings = {"target.default=1", "copies.spare=false", "write_reserve=0%"}});
  for (int i = 0; i < 3; ++i)
    spit_file(original_ / std::to_string(i), noise(4 * kMebibyte, static_cast<uint64_t>(i)));
  auto full = import_dir({original_, "--as", "/in", "--jobs", "1"});
  EXPECT_EQ(full.code, 1);
  EXPECT_NE(full.err.find("no space"), std::string::npos) << full.err;
  EXPECT_EQ(swarm_->replica_files(swarm_->node(1)), 2) << "nothing half";
  EXPECT_EQ(swarm_->get("/in/0"), noise(4 * kMebibyte, 0));
  EXPECT_EQ(tree_of(original_).size(), 3U);

  ASSERT_EQ(swarm_->fsdfs({"node", "readonly", swarm_->node(2).address}).code, 0);
  auto readonly = import_dir({original_, "--as", "/in2"}, 2);
  EXPECT_EQ(readonly.code, 1);
  EXPECT_NE(readonly.err.find("not active"), std::string::npos) << readonly.err;

  EXPECT_EQ(import_dir({original_}).code, 2) << "--as is missing";
  EXPECT_EQ(import_dir({original_, "--as", "in"}).code, 2) << "not a path of the swarm";
  EXPECT_EQ(import_dir({swarm_->node(1).data, "--as", "/in3"}).code, 2) << "its own replicas";
  auto own = import_dir({swarm_->directory(), "--as", "/all", "--dry-run"});
  EXPECT_NE(own.err.find("the node keeps its replicas there"), std::string::npos) << own.err;
  swarm_->node(2).process->kill();
  EXPECT_EQ(import_dir({original_, "--as", "/in"}, 2).code, 3) << "no node answers";
}

TEST_F(AdoptSwarmTest, ReplicasThatTheMasterForgotAreListedAdoptedAndPurged) {
  start({.nodes = 2, .quota = "100M", .settings = {"target.default=2"}});
  ASSERT_TRUE(swarm_->put("/kept", "kept"));
  ASSERT_TRUE(swarm_->wait_min_surplus(0, 60s));
  ASSERT_TRUE(swarm_->terminate(swarm_->master()));
  const fs::path database = fs::path(swarm_->master().data) / "master";
  const fs::path older = swarm_->directory() / "older";
  fs::copy(database, older, fs::copy_options::recursive);
  ASSERT_TRUE(swarm_->launch(swarm_->master()).ok());
  ASSERT_TRUE(swarm_->wait_nodes_up(2, 60s));
  const std::string song = noise(kMebibyte + 5, 1);
  ASSERT_TRUE(swarm_->put("/song.mp3", song));
  ASSERT_TRUE(swarm_->put("/second", "second"));
  ASSERT_TRUE(swarm_->put("/third", "third"));
  ASSERT_TRUE(swarm_->wait_min_surplus(0, 60s));
  ASSERT_TRUE(swarm_->terminate(swarm_->master()));
  fs::remove_all(database);
  fs::copy(older, database, fs::copy_options::recursive);
  ASSERT_TRUE(swarm_->launch(swarm_->master()).ok());
  ASSERT_TRUE(swarm_->wait_nodes_up(2, 60s));
  EXPECT_EQ(swarm_->fsdfs({"stat", "/song.mp3"}).code, 5);

  Json list;
  ASSERT_TRUE(eventually(60s, [&] {
    list = json_of({"unknown", "ls"});
    return list.size() == 3 && list[0]["nodes"].size() == 2 && list[1]["nodes"].size() == 2 &&
           list[2]["nodes"].size() == 2;
  })) << list;
  std::map<std::string, std::string> ids;
  for (const Json& entry : list) ids[entry["name"]] = entry["id"];
  ASSERT_TRUE(ids.contains("song.mp3")) << list;
  auto shown = swarm_->fsdfs({"unknown", "ls"});
  EXPECT_NE(shown.out.find("song.mp3"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find(swarm_->node(1).address), std::string::npos) << shown.out;
  EXPECT_EQ(swarm_->replica_files(swarm_->node(1)), 4) << "nothing is deleted by itself";

  auto adopted = swarm_->fsdfs({"unknown", "adopt", ids["song.mp3"]});
  EXPECT_EQ(adopted.code, 0) << adopted.err;
  EXPECT_NE(adopted.out.find("/lost+found/song.mp3 (2 copies)"), std::string::npos) << adopted.out;
  EXPECT_EQ(swarm_->get("/lost+found/song.mp3"), song);
  EXPECT_EQ(swarm_->copies("/lost+found/song.mp3"), 2);

  auto purged = swarm_->fsdfs({"unknown", "purge", ids["second"]});
  EXPECT_EQ(purged.code, 0) << purged.err;
  EXPECT_TRUE(eventually(60s, [&] {
    return swarm_->replica_files(swarm_->node(1)) == 3 && swarm_->replica_files(swarm_->node(2)) == 3;
  }));
  EXPECT_EQ(swarm_->fsdfs({"unknown", "purge", ids["second"]}).code, 5);
  EXPECT_EQ(swarm_->fsdfs({"unknown", "adopt", "nonsense"}).code, 1);
  EXPECT_EQ(swarm_->fsdfs({"unknown", "adopt"}).code, 2) << "nothing chosen";

  EXPECT_EQ(swarm_->fsdfs({"unknown", "adopt", "--all", "--to", "/found"}).code, 0);
  EXPECT_EQ(swarm_->get("/found/third"), "third");
  EXPECT_TRUE(eventually(60s, [&] { return json_of({"unknown", "ls"}).empty(); }));
  EXPECT_EQ(swarm_->get("/kept"), "kept");
  EXPECT_TRUE(swarm_->wait_min_surplus(0, 60s));
}

}  // namespace
}  // namespace fsdfs::testing
