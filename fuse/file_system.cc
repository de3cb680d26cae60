#include "fuse/file_system.h"

#include <algorithm>
#include <utility>

#include "common/path.h"
#include "fuse/swarm_attributes.h"

namespace fsdfs::fuse {

namespace {

// The master does not know the inode: the kernel's name for the file is out of date.
Status stale_if_missing(Status status) {
  if (status.code() != Code::kNotFound) return status;
  return aborted(status.message(), Reason::kStaleVersion);
}

Status bad_handle() {
  return internal_error("the kernel uses a file that is not open");
}

}  // namespace

Space space_of(const client::SwarmStatus& status) {
  double target = std::max(status.default_target, 1.0);
  Space space;
  space.total = static_cast<uint64_t>(static_cast<double>(status.quota_bytes) / target);
  space.free = space.total - std::min(space.total, status.bytes);
  space.files = status.files + status.directories;
  return space;
}

Status FileSystem::noted(std::string_view operation, Status status) {
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kDataLoss:
    case Code::kInternal:
    case Code::kUnknown:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      log_.warning(operation, "{}: {}", operation, status.to_string());
      break;
    default:
      break;
  }
  return status;
}

Result<Entry> FileSystem::lookup(NodeNumber parent, std::string_view name) {
  FSDFS_TRY(check_name(name));
  FSDFS_ASSIGN(InodeId directory, inodes_.inode_of(parent));
  auto attributes = swarm_.lookup(directory, name);
  if (!attributes.ok()) return noted("lookup", attributes.status());
  return inodes_.remember(*attributes);
}

Result<client::Attributes> FileSystem::attributes(NodeNumber node, bool of_open_file) {
  FSDFS_ASSIGN(InodeId inode, inodes_.inode_of(node));
  auto open = inodes_.open_attributes(node);
  if (open && of_open_file) return *open;
  auto fresh = swarm_.attributes(inode);
  if (fresh.ok()) return inodes_.refresh(node, *fresh);
  if (open && fresh.status().code() == Code::kNotFound) {  // unlinked, but open
    open->links = 0;
    return *open;
  }
  return noted("stat", stale_if_missing(fresh.status()));
}

Result<std::string> FileSystem::read_link(NodeNumber node) {
  FSDFS_ASSIGN(auto found, attributes(node, false));
  if (found.type != client::FileType::kSymlink) return invalid_argument("not a symbolic link");
  return std::move(found.link_target);
}

Result<OpenedHandle> FileSystem::open(NodeNumber node) {
  FSDFS_ASSIGN(InodeId inode, inodes_.inode_of(node));
  auto content = swarm_.open(inode);
  if (!content.ok()) return noted("open", stale_if_missing(content.status()));
  FSDFS_ASSIGN(bool keep_cache, inodes_.open(node, (*content)->attributes()));
  auto file = std::make_shared<OpenFile>();
  file->node = node;
  file->content = std::move(*content);
  return OpenedHandle{files_.add(std::move(file)), keep_cache};
}

void FileSystem::confirm(OpenFile& file) {
  if (file.confirmed.exchange(true, std::memory_order_relaxed)) return;
  inodes_.confirm(file.node, file.content->attributes().version);
}

Result<size_t> FileSystem::read(uint64_t handle, uint64_t offset, std::span<std::byte> out) {
  auto file = files_.find(handle);
  if (file == nullptr) return bad_handle();
  confirm(*file);
  auto bytes = file->content->read(offset, out);
  if (!bytes.ok()) return noted("read", stale_if_missing(bytes.status()));
  return bytes;
}

void FileSystem::release(uint64_t handle) {
  auto file = files_.remove(handle);
  if (file == nullptr) return;
  confirm(*file);
  inodes_.release(file->node);
}

Result<uint64_t> FileSystem::open_directory(NodeNumber node) {
  FSDFS_ASSIGN(InodeId inode, inodes_.inode_of(node));
  return directories_.add(std::make_shared<DirectoryReader>(swarm_, inode));
}

Status FileSystem::read_directory(uint64_t handle, uint64_t offset,
                                  const std::function<bool(const DirectoryItem&)>& take) {
  auto directory = directories_.find(handle);
  if (directory == nullptr) return bad_handle();
  return noted("readdir", directory->read(offset, take));
}

Status FileSystem::read_directory_entries(uint64_t handle, uint64_t offset, const TakeEntry& take) {
  return read_directory(handle, offset, [&](const DirectoryItem& item) {
    if (item.attributes == nullptr) return take(item, nullptr);
    Entry entry = inodes_.remember(*item.attributes);
    if (take(item, &entry)) return true;
    inodes_.forget(entry.node, 1);
    return false;
  });
}

Result<Space> FileSystem::space() {
  auto status = swarm_.status();
  if (!status.ok()) return noted("statfs", status.status());
  return space_of(*status);
}

Result<std::string> FileSystem::extended_attribute(NodeNumber node, std::string_view name) {
  FSDFS_ASSIGN(InodeId inode, inodes_.inode_of(node));
  if (!is_swarm_attribute(name)) return swarm_attribute({}, name);  // kNoSuchAttribute
  auto stat = swarm_.stat(inode);
  if (!stat.ok()) return noted("getxattr", stale_if_missing(stat.status()));
  return swarm_attribute(*stat, name);
}

Result<std::vector<std::string>> FileSystem::extended_attribute_names(NodeNumber node) {
  FSDFS_ASSIGN(auto found, attributes(node, false));
  return swarm_attribute_names(found.type);
}

}  // namespace fsdfs::fuse
