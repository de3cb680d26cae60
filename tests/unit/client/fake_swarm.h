// FakeSwarmTest: a FakeMaster, three FakeNodes and a client that is quick to give up on them, for each test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/swarm_client.h"
#include "common/checksum.h"
#include "common/log.h"
#include "tests/unit/client/fake_master.h"
#include "tests/unit/client/fake_node.h"
#include "tests/unit/client/test_credentials.h"

namespace fsdfs::client {

inline constexpr size_t kMi = 1 << 20;

// Bytes of which no two blocks are the same.
inline std::string test_content(size_t size, uint64_t seed = 1) {
  std::string content(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    content[i] = static_cast<char>(seed >> 56);
  }
  return content;
}

class FakeSwarmTest : public ::testing::Test {
 protected:
  FakeSwarmTest() : master_(std::make_unique<FakeMaster>(test_credentials())) {
    for (uint8_t number = 1; number <= 3; ++number) {
      nodes_.push_back(std::make_unique<FakeNode>(number, test_credentials()));
    }
    master_->set_nodes(addresses());
  }

  std::vector<NodeAddress> addresses() const {
    std::vector<NodeAddress> list;
    for (const auto& node : nodes_) list.push_back(node->address());
    return list;
  }

  ClientOptions options() const {
    ClientOptions options;
    options.addresses = {master_->address()};
    options.credentials = test_credentials();
    options.deadline = std::chrono::seconds(20);
    options.first_contact = std::chrono::seconds(5);
    options.attempt = std::chrono::milliseconds(300);
    return options;
  }
  SwarmClient& client() {
    if (!client_) client_ = make_client(options());
    return *client_;
  }
  std::unique_ptr<SwarmClient> make_client(ClientOptions options) {
    auto made = SwarmClient::create(std::move(options), clock_, logger_);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(*made);
  }

  // A file whose content every node has.
  ReplicaId add_file(const std::string& path, const std::string& content) {
    ReplicaId replica = master_->add_file(path, content.size(), encode_digest(content_digest_of(content)));
    for (const auto& node : nodes_) node->keep(replica, content);
    return replica;
  }
  Place place(const std::string& path) const { return {kRootInode, path.substr(1)}; }

  const SystemClock clock_;
  NullLogger logger_;
  std::unique_ptr<FakeMaster> master_;
  std::vector<std::unique_ptr<FakeNode>> nodes_;
  std::unique_ptr<SwarmClient> client_;
};

}  // namespace fsdfs::client
