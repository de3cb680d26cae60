// FakeSwarm: a swarm in memory, for the tests of the mount. Thread-safe; every change is made as another
// client would make it, so the mount only learns of it by asking.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "fuse/swarm.h"

namespace fsdfs::fuse {

class FakeSwarm final : public Swarm {
 public:
  FakeSwarm() {
    client::Attributes root;
    root.inode = kRootInode;
    root.type = client::FileType::kDirectory;
    root.mode = 0755;
    root.links = 2;
    root.parent = kRootInode;
    nodes_[kRootInode].attributes = root;
  }

  // --- what other clients do ---
  InodeId add_file(InodeId parent, const std::string& name, std::string content) {
    std::lock_guard lock(mutex_);
    InodeId inode = add(parent, name, client::FileType::kRegular, 0644);
    write(inode, std::move(content));
    return inode;
  }
  InodeId add_directory(InodeId parent, const std::string& name) {
    std::lock_guard lock(mutex_);
    return add(parent, name, client::FileType::kDirectory, 0755);
  }
  InodeId add_symlink(InodeId parent, const std::string& name, const std::string& target) {
    std::lock_guard lock(mutex_);
    InodeId inode = add(parent, name, client::FileType::kSymlink, 0777);
    nodes_[inode].attributes.link_target = target;
    return inode;
  }
  // A put of new content.
  void replace(InodeId inode, std::string content) {
    std::lock_guard lock(mutex_);
    write(inode, std::move(content));
  }
  void remove(InodeId parent, const std::string& name) {
    std::lock_guard lock(mutex_);
    auto& directory = nodes_[parent];
    uint64_t cookie = directory.cookies.at(name);
    nodes_.erase(directory.entries.at(cookie).second);
    directory.entries.erase(cookie);
    directory.cookies.erase(name);
  }
  void rename_over(InodeId parent, const std::string& from, const std::string& to) {
    std::lock_guard lock(mutex_);
    auto& directory = nodes_[parent];
    uint64_t from_cookie = directory.cookies.at(from);
    uint64_t to_cookie = directory.cookies.at(to);
    nodes_.erase(directory.entries.at(to_cookie).second);
    directory.entries.at(to_cookie).second = directory.entries.at(from_cookie).second;
    directory.entries.erase(from_cookie);
    directory.cookies.erase(from);
  }
  void change_mode(InodeId inode, uint32_t mode) {
    std::lock_guard lock(mutex_);
    nodes_[inode].attributes.mode = mode;
    ++nodes_[inode].attributes.metadata_counter;
  }
  // No node has this version any more.
  void lose(InodeId inode, const Version& version) {
    std::lock_guard lock(mutex_);
    lost_.insert({inode, version});
  }
  Version version_of(InodeId inode) {
    std::lock_guard lock(mutex_);
    return nodes_.at(inode).attributes.version;
  }
  // Every call fails like this until it is set to ok.
  void fail_with(Status status) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(status);
  }
  void set_page_limit(uint32_t entries) {
    std::lock_guard lock(mutex_);
    page_limit_ = entries;
  }

  // --- what the tests look at ---
  int calls(const std::string& name) {
    std::lock_guard lock(mutex_);
    return calls_[name];
  }

  // --- Swarm ---
  Result<client::Attributes> lookup(InodeId parent, std::string_view name) override {
    std::lock_guard lock(mutex_);
    FSDFS_TRY(count("lookup"));
    auto directory = nodes_.find(parent);
    if (directory == nodes_.end()) return not_found("no such directory");
    auto cookie = directory->second.cookies.find(std::string(name));
    if (cookie == directory->second.cookies.end()) return not_found("no such file: " + std::string(name));
    return nodes_.at(directory->second.entries.at(cookie->second).second).attributes;
  }
  Result<client::Attributes> attributes(InodeId inode) override {
    std::lock_guard lock(mutex_);
    FSDFS_TRY(count("attributes"));
    auto found = nodes_.find(inode);
    if (found == nodes_.end()) return not_found("no such inode");
    return found->second.attributes;
  }
  Result<client::DirectoryPage> read_directory(InodeId inode, uint64_t after, uint32_t limit) override {
    std::lock_guard lock(mutex_);
    FSDFS_TRY(count("read_directory"));
    auto found = nodes_.find(inode);
    if (found == nodes_.end()) return not_found("no such directory");
    client::DirectoryPage page;
    page.directory = inode;
    page.parent = found->second.attributes.parent;
    const auto& entries = found->second.entries;
    auto entry = entries.upper_bound(after);
    for (; entry != entries.end() && page.entries.size() < std::min(limit, page_limit_); ++entry) {
      page.entries.push_back({entry->second.first, entry->first, nodes_.at(entry->second.second).attributes});
    }
    page.end = entry == entries.end();
    return page;
  }
  Result<client::FileStat> stat(InodeId inode) override {
    FSDFS_ASSIGN(auto attributes, this->attributes(inode));
    client::FileStat stat;
    stat.attributes = attributes;
    client::ReplicaInfo replica;
    replica.node.address = "127.0.0.1:4242";
    replica.version = attributes.version;
    replica.state = client::ReplicaState::kWhole;
    replica.node_state = client::NodeState::kUp;
    stat.replicas.push_back(replica);
    return stat;
  }
  Result<std::unique_ptr<OpenContent>> open(InodeId inode) override {
    std::lock_guard lock(mutex_);
    FSDFS_TRY(count("open"));
    auto found = nodes_.find(inode);
    if (found == nodes_.end()) return not_found("no such inode");
    return std::unique_ptr<OpenContent>(
        std::make_unique<Content>(*this, found->second.attributes, found->second.content));
  }
  Result<client::SwarmStatus> status() override {
    std::lock_guard lock(mutex_);
    FSDFS_TRY(count("status"));
    client::SwarmStatus status;
    status.quota_bytes = 3ULL << 30;
    status.default_target = 3;
    status.bytes = 256ULL << 20;
    status.files = 7;
    return status;
  }

 private:
  struct Node {
    client::Attributes attributes;
    std::shared_ptr<const std::string> content = std::make_shared<std::string>();
    std::map<uint64_t, std::pair<std::string, InodeId>> entries;  // by cookie
    std::map<std::string, uint64_t> cookies;
  };

  class Content final : public OpenContent {
   public:
    Content(FakeSwarm& swarm, client::Attributes attributes, std::shared_ptr<const std::string> bytes)
        : swarm_(swarm), attributes_(std::move(attributes)), bytes_(std::move(bytes)) {}
    const client::Attributes& attributes() const override { return attributes_; }
    Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
      {
        std::lock_guard lock(swarm_.mutex_);
        FSDFS_TRY(swarm_.count("read"));
        if (swarm_.lost_.contains({attributes_.inode, attributes_.version})) {
          return aborted("no node has this version any more", Reason::kStaleVersion);
        }
      }
      if (offset >= bytes_->size()) return size_t{0};
      size_t bytes = std::min<size_t>(out.size(), bytes_->size() - offset);
      std::memcpy(out.data(), bytes_->data() + offset, bytes);
      return bytes;
    }

   private:
    FakeSwarm& swarm_;
    const client::Attributes attributes_;
    const std::shared_ptr<const std::string> bytes_;
  };

  Status count(const std::string& call) {
    ++calls_[call];
    return failure_;
  }
  InodeId add(InodeId parent, const std::string& name, client::FileType type, uint32_t mode) {
    InodeId inode{compose_with_epoch(Epoch{1}, next_inode_++)};
    client::Attributes attributes;
    attributes.inode = inode;
    attributes.type = type;
    attributes.mode = mode;
    attributes.links = type == client::FileType::kDirectory ? 2 : 1;
    attributes.parent = parent;
    attributes.target = 3;
    attributes.copies = 2;
    attributes.modified = {1'700'000'000, 123'456'789};
    nodes_[inode].attributes = attributes;
    uint64_t cookie = next_cookie_++;
    nodes_[parent].entries[cookie] = {name, inode};
    nodes_[parent].cookies[name] = cookie;
    return inode;
  }
  void write(InodeId inode, std::string content) {
    auto& node = nodes_.at(inode);
    node.attributes.size = content.size();
    node.attributes.version = {Epoch{1}, next_version_++};
    ++node.attributes.metadata_counter;
    node.content = std::make_shared<const std::string>(std::move(content));
  }

  std::mutex mutex_;
  // Guarded by mutex_:
  std::map<InodeId, Node> nodes_;
  std::set<std::pair<InodeId, Version>> lost_;
  std::map<std::string, int> calls_;
  Status failure_;
  uint32_t page_limit_ = 4096;
  uint64_t next_inode_ = 1;
  uint64_t next_cookie_ = 1;
  uint64_t next_version_ = 1;
};

}  // namespace fsdfs::fuse
