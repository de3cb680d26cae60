#include "fuse/client_swarm.h"

#include <string>
#include <utility>

#include "client/reader.h"

namespace fsdfs::fuse {

namespace {

class ReaderContent final : public OpenContent {
 public:
  ReaderContent(client::SwarmClient& client, client::OpenFile file) : reader_(client, std::move(file)) {}

  const client::Attributes& attributes() const override { return reader_.attributes(); }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    return reader_.read(offset, out);
  }

 private:
  client::FileReader reader_;
};

}  // namespace

Result<client::Attributes> ClientSwarm::lookup(InodeId parent, std::string_view name) {
  return client_.lookup(client::place_in(parent, std::string(name)));
}

Result<client::Attributes> ClientSwarm::attributes(InodeId inode) {
  return client_.lookup(client::place_of(inode));
}

Result<client::DirectoryPage> ClientSwarm::read_directory(InodeId directory, uint64_t after, uint32_t limit) {
  return client_.read_directory(client::place_of(directory), after, limit);
}

Result<client::FileStat> ClientSwarm::stat(InodeId inode) {
  return client_.stat(client::place_of(inode));
}

Result<std::unique_ptr<OpenContent>> ClientSwarm::open(InodeId inode) {
  FSDFS_ASSIGN(auto file, client_.open_for_read(client::place_of(inode)));
  return std::unique_ptr<OpenContent>(std::make_unique<ReaderContent>(client_, std::move(file)));
}

Result<client::SwarmStatus> ClientSwarm::status() {
  return client_.status();
}

}  // namespace fsdfs::fuse
