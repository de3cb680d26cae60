// DATA/tree of every node, on real processes: what somebody finds there who knows nothing of fsdfs.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Tree = std::map<std::string, std::string>;  // path in the swarm, content

// Of one node's disk; names may go while they are read.
Tree tree_of(const Server& server) {
  Tree found;
  std::error_code ignored;
  const fs::path root = fs::path(server.data) / "tree";
  for (auto it = fs::recursive_directory_iterator(root, ignored); it != fs::recursive_directory_iterator();
       it.increment(ignored)) {
    if (!it->is_regular_file(ignored)) continue;
    std::ifstream file(it->path(), std::ios::binary);
    found["/" + it->path().lexically_relative(root).string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return found;
}

class TreeOnNodes : public ::testing::Test {
 protected:
  void put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(swarm_.put(path, bytes, {"-p"})) << path;
    files_[path] = bytes;
  }
  void run(const std::vector<std::string>& arguments) {
    auto result = swarm_.fsdfs(arguments);
    ASSERT_EQ(result.code, 0) << result.err;
  }
  // What the node holds by the master's records, as the test knows it.
  Tree expected(const Server& server) {
    Tree tree;
    for (const auto& [path, bytes] : files_) {
      auto located = swarm_.client().locate({{kRootInode, path}});
      if (!located.ok() || located->empty() || !located->front().status.ok()) continue;
      for (const client::Holder& holder : located->front().holders) {
        if (holder.node.address == server.address) tree[path] = bytes;
      }
    }
    return tree;
  }
  void expect_trees_right(const std::string& when) {
    for (int index = 1; index <= swarm_.nodes(); ++index) {
      const Server& node = swarm_.node(index);
      EXPECT_TRUE(eventually(60s, [&] { return tree_of(node) == expected(node); }))
          << when << ", " << node.name << " shows " << tree_of(node).size() << " files and holds "
          << expected(node).size() << "\n"
          << swarm_.log_tail(node);
    }
  }

  ProcessSwarm swarm_{
      {.nodes = 3,
       .quota = "100M",
       .settings = {"target.default=2", "trash.retention=1d", "copies.spare=false", "node.tree=true"}}};
  Tree files_;
};

TEST_F(TreeOnNodes, AreTheSwarmsForWhatEachHolds) {
  ASSERT_TRUE(swarm_.start().ok());
  for (int i = 0; i < 20; ++i) {
    std::string number = std::to_string(i);
    put("/music/" + std::string(i % 2 == 0 ? "even" : "odd") + "/song " + number + ".mp3",
        std::string(static_cast<size_t>(1000 + i), static_cast<char>('a' + i)));
  }
  put("/readme", "read me");
  ASSERT_TRUE(swarm_.wait_min_surplus(0, 60s));
  expect_trees_right("after the puts");
  size_t shown = 0;
  for (int index = 1; index <= 3; ++index) shown += tree_of(swarm_.node(index)).size();
  EXPECT_GE(shown, 2 * files_.size());

  run({"mv", "/music/even", "/music/straight"});
  Tree moved;
  for (auto& [path, bytes] : files_) {
    size_t at = path.find("/even/");
    moved[at == std::string::npos ? path : path.substr(0, at) + "/straight/" + path.substr(at + 6)] = bytes;
  }
  files_ = moved;
  run({"mv", "/music/odd/song 1.mp3", "/one.mp3"});
  files_["/one.mp3"] = files_["/music/odd/song 1.mp3"];
  files_.erase("/music/odd/song 1.mp3");
  put("/readme", "read me again");
  run({"rm", "/music/odd/song 3.mp3"});
  files_.erase("/music/odd/song 3.mp3");
  expect_trees_right("after renames, a new version and a deletion");

  // A node that was away when names changed.
  swarm_.node(1).process->kill();
  run({"mv", "/music", "/records"});
  moved.clear();
  for (auto& [path, bytes] : files_) {
    moved[path.starts_with("/music/") ? "/records" + path.substr(6) : path] = bytes;
  }
  files_ = moved;
  ASSERT_TRUE(swarm_.launch(swarm_.node(1)).ok());
  ASSERT_TRUE(swarm_.wait_nodes_up(3, 60s));
  expect_trees_right("after a node was away");

  run({"scrub", "--wait"});
  for (int index = 1; index <= 3; ++index) {
    if (tree_of(swarm_.node(index)).empty()) continue;  // all of its share went to the others
    std::string check = "cd '" + swarm_.node(index).data +
                        "/tree' && sha256sum -c --strict --quiet --ignore-missing ../SHA256SUMS >&2";
    EXPECT_EQ(std::system(check.c_str()), 0) << check;
  }
  run({"rm", "-r", "/records", "/one.mp3", "/readme"});
  files_.clear();
  expect_trees_right("after all is gone");
}

}  // namespace
}  // namespace fsdfs::testing
