#include "master/control/settle_unknown.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"
#include "master/control/replica_changes.h"
#include "master/namespace/quota.h"
#include "master/policy/facts.h"

namespace fsdfs::master {
namespace {

constexpr uint32_t kNumbersMax = 10'000;  // tried for one name

Status not_unknown(const ReplicaId& replica) {
  return not_found(fmt::format("no node holds {} as unknown (any more)", replica.to_string()));
}

Result<bool> is_registered(ReadView& view, const NodeId& node) {
  FSDFS_ASSIGN(auto record, view.node(node));
  return record && record->admin_state != AdminState::kRemoving;
}

Status check_free(ReadView& view, const ReplicaId& replica) {
  FSDFS_ASSIGN(bool deleted, view.is_tombstone(replica));
  if (deleted) return failed_precondition(replica.to_string() + " was deleted: it is about to go");
  FSDFS_ASSIGN(auto session, view.session_of(replica));
  if (session) return failed_precondition(replica.to_string() + " is of a put that is still under way");
  FSDFS_ASSIGN(auto inode, view.inode(replica.inode));
  if (!inode) return {};
  FSDFS_ASSIGN(auto name, view.name_of(replica.inode));
  std::string path = "a file in the trash";
  if (name) {
    FSDFS_ASSIGN(path, path_of(view, name->parent, name->name));
  }
  return failed_precondition(
      fmt::format("inode {} is taken: it is {}, at version {}; to have the content of {} as well, take its "
                  "file from the disk of a node that holds it, and put that",
                  replica.inode.value, display(path), inode->version.to_string(), replica.to_string()));
}

// What the good copies agree on.
Result<Content> agreed_content(const UnknownAdoption& request) {
  const Content* content = nullptr;
  bool any = false;
  for (const auto& [node, held] : request.copies) {
    if (held.replica != request.replica) continue;
    any = true;
    if (held.state != ReplicaState::kWhole) continue;
    if (content != nullptr && *content != held.content) {
      return failed_precondition(fmt::format(
          "the copies of {} have different contents: purge it, or look at them on the nodes' disks",
          request.replica.to_string()));
    }
    content = &held.content;
  }
  if (!any) return not_unknown(request.replica);
  if (content == nullptr) {
    return data_loss(
        fmt::format("every copy of {} is bad: its bytes fail their sums", request.replica.to_string()));
  }
  return *content;
}

// `name`, or the first of "name.1", "name.2", ... that is free.
Result<std::string> free_name(ReadView& view, InodeId parent, const std::string& name) {
  for (uint32_t number = 0; number < kNumbersMax; ++number) {
    std::string suffix = number == 0 ? "" : fmt::format(".{}", number);
    std::string candidate = name.substr(0, kNameBytesMax - suffix.size()) + suffix;
    FSDFS_ASSIGN(auto entry, view.entry(parent, candidate));
    if (!entry) return candidate;
  }
  return already_exists(
      fmt::format("already exists, {} times: {} (use --to DIR)", kNumbersMax, display(name)));
}

Result<Inode> make_inode(WriteTransaction& transaction, const UnknownAdoption& request, const Inode& parent,
                         const std::string& name, const Content& content, const Policy& policy) {
  const ReplicaOrigin& origin = request.origin;
  Inode inode =
      newborn(transaction, parent, FileType::kRegular, {origin.mode & kModeMask, origin.uid, origin.gid});
  inode.id = request.replica.inode;
  inode.gid = origin.gid;
  inode.version = request.replica.version;
  inode.content = content;
  inode.modified = origin.modified;
  inode.metadata_counter = origin.metadata_counter + 1;
  FactReader reader(transaction, transaction.now(), needs_of(policy));
  FSDFS_ASSIGN(auto facts, reader.of_new(parent, name, content.size, inode.modified));
  Decision decision = decide(policy, facts);
  inode.target = decision.target;
  inode.target_source = decision.source;
  return inode;
}

// Every copy as its node reported it: whole, bad, or of an older version.
Result<uint32_t> record_unknown_copies(WriteTransaction& transaction, const UnknownAdoption& request) {
  uint32_t whole = 0;
  for (const auto& [node, held] : request.copies) {
    if (held.replica.version > request.replica.version) continue;
    FSDFS_ASSIGN(bool registered, is_registered(transaction, node));
    if (!registered) continue;
    FSDFS_TRY(apply_held(transaction, node, held, RetireRule{}).status());
    if (held.replica == request.replica && held.state == ReplicaState::kWhole) ++whole;
  }
  return whole;
}

}  // namespace

Result<AdoptedFile> adopt_unknown(WriteTransaction& transaction, const UnknownAdoption& request,
                                  const Policy& policy) {
  FSDFS_ASSIGN(Content content, agreed_content(request));
  FSDFS_TRY(check_free(transaction, request.replica));
  std::string directory = request.directory.empty() ? std::string(kLostAndFound) : request.directory;
  FSDFS_ASSIGN(directory, normalize_path(directory));
  Inode parent;
  if (directory == "/") {
    FSDFS_ASSIGN(auto root, lookup(transaction, {kRootInode, ""}));
    parent = std::move(root.inode);
  } else {
    FSDFS_ASSIGN(parent,
                 make_directory(transaction, {kRootInode, directory.substr(1)}, request.directories, true));
  }
  std::string name = request.origin.name;
  if (name.starts_with('/')) name.erase(0, name.rfind('/') + 1);  // of what was in the trash: a path
  if (!check_name(name).ok()) name = fmt::format("inode-{}", request.replica.inode.value);
  FSDFS_ASSIGN(name, free_name(transaction, parent.id, name));
  FSDFS_ASSIGN(Inode inode, make_inode(transaction, request, parent, name, content, policy));
  FSDFS_TRY(charge(transaction, brought_to(parent.id, inode)));
  FSDFS_TRY(transaction.add_inode(inode));
  FSDFS_TRY(add_name(transaction, parent, name, inode));
  FSDFS_ASSIGN(uint32_t holders, record_unknown_copies(transaction, request));
  if (holders == 0) return not_unknown(request.replica);
  return AdoptedFile{std::move(inode), parent.id, join_path(directory, name), holders};
}

Result<PurgedUnknown> purge_unknown(WriteTransaction& transaction, const ReplicaId& replica,
                                    std::span<const UnknownCopy> copies) {
  FSDFS_ASSIGN(auto session, transaction.session_of(replica));
  FSDFS_ASSIGN(auto inode, transaction.inode(replica.inode));
  if (session || (inode && replica.version <= inode->version)) return not_unknown(replica);
  PurgedUnknown purged;
  for (const auto& [node, held] : copies) {
    if (held.replica != replica) continue;
    FSDFS_ASSIGN(bool registered, is_registered(transaction, node));
    if (!registered) continue;
    FSDFS_TRY(condemn_replica(transaction, replica, node, held.content.size));
    ++purged.holders;
    purged.bytes += held.content.size;
  }
  if (purged.holders == 0) return not_unknown(replica);
  FSDFS_TRY(transaction.add_tombstone(replica));
  return purged;
}

}  // namespace fsdfs::master
