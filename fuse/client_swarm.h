// ClientSwarm: the mount's Swarm, over the client library. Forwarders only.
#pragma once

#include <memory>
#include <string_view>

#include "client/swarm_client.h"
#include "fuse/swarm.h"

namespace fsdfs::fuse {

class ClientSwarm final : public Swarm {
 public:
  // `client` outlives this and everything it opened.
  explicit ClientSwarm(client::SwarmClient& client) : client_(client) {}

  Result<client::Attributes> lookup(InodeId parent, std::string_view name) override;
  Result<client::Attributes> attributes(InodeId inode) override;
  Result<client::DirectoryPage> read_directory(InodeId directory, uint64_t after, uint32_t limit) override;
  Result<client::FileStat> stat(InodeId inode) override;
  Result<std::unique_ptr<OpenContent>> open(InodeId inode) override;
  Result<client::SwarmStatus> status() override;

 private:
  client::SwarmClient& client_;
};

}  // namespace fsdfs::fuse
