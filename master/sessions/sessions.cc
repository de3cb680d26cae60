#include "master/sessions/sessions.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"
#include "common/units.h"
#include "master/namespace/links.h"
#include "master/namespace/origin.h"
#include "master/namespace/quota.h"
#include "master/policy/facts.h"
#include "master/policy/limits.h"

namespace fsdfs::master {
namespace {

Status check_size(uint64_t size) {
  if (size <= kContentBytesMax) return {};
  return invalid_argument(fmt::format("a file of {} is too large: {} are the most", format_size(size),
                                      format_size(kContentBytesMax)));
}

Status check_open(const OpenRequest& request) {
  if (request.target) FSDFS_TRY(check_target(*request.target));
  return check_size(request.size);
}

// Members that were removed from the swarm since the open leave the chain: nothing can be recorded of them.
// If one comes back, its inventory tells what it holds.
Status forget_removed_members(ReadView& view, SessionRecord& session) {
  std::vector<NodeId> present;
  for (const NodeId& id : session.chain) {
    FSDFS_ASSIGN(auto node, view.node(id));
    if (node) present.push_back(id);
  }
  session.chain = std::move(present);
  return {};
}

// What the chain staged and no file will use.
Status discard_chain(WriteTransaction& transaction, const SessionRecord& session, uint64_t size) {
  for (const NodeId& node : session.chain)
    FSDFS_TRY(condemn_replica(transaction, session.replica, node, size));
  return transaction.add_tombstone(session.replica);
}

// The rows of the new version: members with a receipt hold it, the others are told to delete what they may
// have.
Status record_copies(WriteTransaction& transaction, const SessionRecord& session, uint64_t size,
                     std::span<const NodeId> holders) {
  for (const NodeId& node : session.chain) {
    bool holds = std::find(holders.begin(), holders.end(), node) != holders.end();
    ReplicaState state = holds ? ReplicaState::kWhole : ReplicaState::kDeleting;
    FSDFS_TRY(transaction.put_replica({session.replica, node, state, size, transaction.now()}));
  }
  return {};
}

Status make_old_copies_stale(WriteTransaction& transaction, const Inode& inode) {
  FSDFS_ASSIGN(auto replicas, transaction.replicas(inode.id));
  for (ReplicaRecord& replica : replicas) {
    if (replica.state != ReplicaState::kWhole || replica.replica.version >= inode.version) continue;
    replica.state = ReplicaState::kStale;
    FSDFS_TRY(transaction.put_replica(replica));
  }
  return {};
}

Inode with_content(const WriteTransaction& transaction, Inode inode, const SessionRecord& session,
                   const CommitRequest& request) {
  inode.version = session.replica.version;
  inode.content = request.content;
  inode.modified = request.modified.value_or(transaction.now());
  inode.changed = transaction.now();
  if (session.target) {
    inode.own_target = inode.target = *session.target;
    inode.target_source = TargetSource::kOwn;
  }
  ++inode.metadata_counter;
  return inode;
}

// The name's place in the session's directory, as it is now.
Result<NameSlot> slot_of(ReadView& view, const SessionRecord& session) {
  FSDFS_ASSIGN(auto parent, view.inode(session.parent));
  if (!parent) {
    return not_found(fmt::format("the directory for '{}' was removed while the file was being written",
                                 display(session.name)));
  }
  FSDFS_ASSIGN(auto entry, view.entry(session.parent, session.name));
  return NameSlot{std::move(*parent), session.name, std::move(entry), display(session.name)};
}

Result<Decision> decide_new(ReadView& view, const Policy& policy, const Inode& parent,
                            const std::string& name, uint64_t size, FileTime modified, FileTime now) {
  FactReader reader(view, now, needs_of(policy));
  FSDFS_ASSIGN(auto facts, reader.of_new(parent, name, size, modified));
  return decide(policy, facts);
}

Result<Inode> new_file(WriteTransaction& transaction, const Inode& parent, const SessionRecord& session,
                       const CommitRequest& request, const Policy& policy) {
  Inode inode = newborn(transaction, parent, FileType::kRegular, {session.mode, session.uid, session.gid});
  inode.id = session.replica.inode;
  inode.metadata_counter = 0;
  if (!session.target) {
    FileTime modified = request.modified.value_or(transaction.now());
    FSDFS_ASSIGN(auto decision, decide_new(transaction, policy, parent, session.name, request.content.size,
                                           modified, transaction.now()));
    inode.target = decision.target;
    inode.target_source = decision.source;
  }
  return with_content(transaction, std::move(inode), session, request);
}

struct Switched {
  Inode inode;
  bool superseded = false;
};

// The name was free at the open.
Result<Switched> commit_new_file(WriteTransaction& transaction, const SessionRecord& session,
                                 const CommitRequest& request, const Policy& policy) {
  FSDFS_ASSIGN(auto slot, slot_of(transaction, session));
  FSDFS_ASSIGN(Inode made, new_file(transaction, slot.parent, session, request, policy));
  std::vector<UsageChange> changes = {brought_to(slot.parent.id, made)};
  if (slot.entry) {
    FSDFS_ASSIGN(auto there, inode_of(transaction, *slot.entry));
    if (there.type == FileType::kDirectory) return is_a_directory(slot.shown);
    if (session.no_replace) return already_exists("already exists: " + slot.shown);
    if (there.version > made.version) return Switched{std::move(made), true};
    changes.push_back(taken_from(slot.parent.id, there));
    FSDFS_TRY(remove_name(transaction, slot.parent, *slot.entry, there));
    FSDFS_TRY(drop_link(transaction, *slot.entry, there, LastName::kEnds));
  }
  FSDFS_TRY(charge(transaction, changes));
  FSDFS_TRY(transaction.add_inode(made));
  FSDFS_TRY(add_name(transaction, slot.parent, slot.name, made));
  return Switched{std::move(made)};
}

// What a new size of a file means for the directory that it is in.
UsageChange growth_in(InodeId parent, const Inode& inode, uint64_t size) {
  return {parent, static_cast<int64_t>(size) - static_cast<int64_t>(inode.content.size), 0};
}

Result<UsageChange> growth_of(ReadView& view, const Inode& inode, uint64_t size) {
  FSDFS_ASSIGN(auto entry, view.name_of(inode.id));
  if (!entry)
    return data_loss(fmt::format("inode {} has no name: run fsdfs fsck", inode.id.value), Reason::kNone);
  return growth_in(entry->parent, inode, size);
}

// The session was opened on a file, and follows it wherever it was moved.
Result<Switched> commit_new_version(WriteTransaction& transaction, const SessionRecord& session,
                                    const CommitRequest& request) {
  FSDFS_ASSIGN(auto before, transaction.inode(session.replica.inode));
  if (!before || before->in_trash()) {
    Inode gone;
    gone.id = session.replica.inode;
    gone.mode = session.mode;
    gone.uid = session.uid;
    gone.gid = session.gid;
    return Switched{with_content(transaction, std::move(gone), session, request), true};
  }
  Inode after = with_content(transaction, *before, session, request);
  if (before->version > after.version) return Switched{std::move(after), true};
  FSDFS_ASSIGN(auto growth, growth_of(transaction, *before, request.content.size));
  FSDFS_TRY(charge(transaction, growth));
  FSDFS_TRY(transaction.update_inode(*before, after));
  FSDFS_TRY(make_old_copies_stale(transaction, after));
  return Switched{std::move(after)};
}

// The name that new content is for.
struct ContentSlot {
  Inode parent;
  std::string name;
  std::optional<Inode> replaces;
};

Result<ContentSlot> find_slot(ReadView& view, const OpenRequest& request) {
  FSDFS_TRY(check_open(request));
  FSDFS_ASSIGN(auto slot, resolve_slot(view, request.path));
  ContentSlot found{std::move(slot.parent), std::move(slot.name), std::nullopt};
  if (!slot.entry) {
    FSDFS_TRY(check_quota(view, {found.parent.id, static_cast<int64_t>(request.size), 1}));
    return found;
  }
  FSDFS_ASSIGN(found.replaces, inode_of(view, *slot.entry));
  if (found.replaces->type == FileType::kDirectory) return is_a_directory(slot.shown);
  if (request.no_replace) return already_exists("already exists: " + slot.shown);
  if (found.replaces->type != FileType::kRegular) {
    return failed_precondition("not a regular file, so it has no content to replace: " + slot.shown);
  }
  FSDFS_TRY(check_quota(view, growth_in(found.parent.id, *found.replaces, request.size)));
  return found;
}

}  // namespace

Result<SessionPlan> plan_session(ReadView& view, const OpenRequest& request, const Policy& policy) {
  FSDFS_ASSIGN(auto slot, find_slot(view, request));
  SessionPlan plan{slot.parent.id, slot.name, std::move(slot.replaces), 0};
  if (request.target) {
    plan.target = *request.target;
  } else if (plan.replaces) {
    plan.target = plan.replaces->target;
  } else {
    FSDFS_ASSIGN(auto decision,
                 decide_new(view, policy, slot.parent, slot.name, request.size, FileTime{}, FileTime{}));
    plan.target = decision.target;
  }
  return plan;
}

Result<SessionRecord> open_session(WriteTransaction& transaction, const OpenRequest& request, SessionId id,
                                   std::vector<NodeId> chain, uint32_t wanted_members) {
  FSDFS_ASSIGN(auto slot, find_slot(transaction, request));
  SessionRecord session;
  session.id = id;
  session.creates = !slot.replaces;
  session.replica = {session.creates ? transaction.new_inode_id() : slot.replaces->id,
                     transaction.new_version()};
  session.parent = slot.parent.id;
  session.name = std::move(slot.name);
  session.no_replace = request.no_replace;
  session.size = request.size;
  session.mode = request.attributes.mode & kModeMask;
  session.uid = request.attributes.uid;
  session.gid = request.attributes.gid;
  session.target = request.target;
  session.wanted_members = wanted_members;
  session.chain = std::move(chain);
  FSDFS_TRY(transaction.add_session(session));
  return session;
}

Result<ReplicaOrigin> expected_origin(ReadView& view, const SessionRecord& session, const Policy& policy) {
  ReplicaOrigin origin;
  if (session.creates) {
    FSDFS_ASSIGN(auto slot, slot_of(view, session));
    bool inherits = (slot.parent.mode & kSetGroupId) != 0;
    origin.mode = session.mode;
    origin.uid = session.uid;
    origin.gid = inherits ? slot.parent.gid : session.gid;
    FSDFS_ASSIGN(auto decision,
                 decide_new(view, policy, slot.parent, session.name, session.size, FileTime{}, FileTime{}));
    origin.target = decision.target;
  } else {
    FSDFS_ASSIGN(auto inode, view.inode(session.replica.inode));
    if (inode) {
      FSDFS_ASSIGN(origin, origin_of(view, *inode));
      origin.metadata_counter = 0;
      origin.modified = {};
    }
  }
  origin.parent = session.parent;
  origin.name = session.name;
  origin.target = session.target.value_or(origin.target);
  return origin;
}

Result<SessionRecord> find_session(ReadView& view, SessionId id) {
  FSDFS_ASSIGN(auto session, view.session(id));
  if (!session) {
    return aborted(
        fmt::format("session {} is no longer open: its lease ran out, or it was ended; start the write over",
                    id.value),
        Reason::kSessionLost);
  }
  return std::move(*session);
}

Status check_session_size(ReadView& view, const SessionRecord& session, uint64_t size) {
  FSDFS_TRY(check_size(size));
  if (session.creates) return check_quota(view, {session.parent, static_cast<int64_t>(size), 1});
  FSDFS_ASSIGN(auto inode, view.inode(session.replica.inode));
  if (!inode || inode->in_trash()) return {};
  FSDFS_ASSIGN(auto growth, growth_of(view, *inode, size));
  return check_quota(view, growth);
}

Result<SessionRecord> extend_session(WriteTransaction& transaction, SessionId id, uint64_t size) {
  FSDFS_ASSIGN(auto session, find_session(transaction, id));
  if (size <= session.size) return session;
  FSDFS_TRY(check_session_size(transaction, session, size));
  session.size = size;
  FSDFS_TRY(transaction.update_session(session));
  return session;
}

Result<std::vector<NodeId>> judge_receipts(const SessionRecord& session, const Content& content,
                                           std::span<const Receipt> receipts) {
  for (const Receipt& receipt : receipts) {
    if (std::find(session.chain.begin(), session.chain.end(), receipt.node) == session.chain.end()) {
      return invalid_argument(fmt::format("a receipt is of node {}, which is not in the chain of session {}",
                                          to_string(receipt.node), session.id.value));
    }
    if (receipt.replica != session.replica || receipt.size_bytes != content.size ||
        receipt.content_digest != content.digest.bytes) {
      return invalid_argument(fmt::format(
          "the receipt of node {} is for {} of {} bytes, and the commit for {} of {} bytes with another "
          "digest or size: write the file again",
          to_string(receipt.node), receipt.replica.to_string(), receipt.size_bytes,
          session.replica.to_string(), content.size));
    }
  }
  std::vector<NodeId> holders;
  for (const NodeId& node : session.chain) {
    bool holds = std::any_of(receipts.begin(), receipts.end(),
                             [&](const Receipt& receipt) { return receipt.node == node && receipt.fsynced; });
    if (holds) holders.push_back(node);
  }
  return holders;
}

Result<CommitOutcome> commit_session(WriteTransaction& transaction, const CommitRequest& request,
                                     const Policy& policy) {
  FSDFS_TRY(check_size(request.content.size));
  FSDFS_ASSIGN(auto session, find_session(transaction, request.session));
  FSDFS_ASSIGN(auto proven, judge_receipts(session, request.content, request.receipts));
  FSDFS_TRY(forget_removed_members(transaction, session));
  std::vector<NodeId> holders;
  std::copy_if(proven.begin(), proven.end(), std::back_inserter(holders), [&](const NodeId& node) {
    return std::find(session.chain.begin(), session.chain.end(), node) != session.chain.end();
  });
  size_t needed = std::max<size_t>(1, request.sync_copies_min);
  if (holders.size() < needed) {
    return unavailable(
        fmt::format("{} of {} nodes hold the new content synced and {} must: write the file again",
                    holders.size(), session.chain.size(), needed));
  }
  auto switched = session.creates ? commit_new_file(transaction, session, request, policy)
                                  : commit_new_version(transaction, session, request);
  if (!switched.ok()) return switched.status();
  if (switched->superseded) {
    FSDFS_TRY(discard_chain(transaction, session, request.content.size));
  } else {
    FSDFS_TRY(record_copies(transaction, session, request.content.size, holders));
  }
  FSDFS_TRY(transaction.remove_session(session.id, true));
  return CommitOutcome{std::move(switched->inode), session.parent, static_cast<uint32_t>(holders.size()),
                       session.wanted_members, switched->superseded};
}

Status abort_session(WriteTransaction& transaction, SessionId id) {
  FSDFS_ASSIGN(auto session, transaction.session(id));
  if (!session) return {};
  FSDFS_TRY(forget_removed_members(transaction, *session));
  FSDFS_TRY(discard_chain(transaction, *session, session->size));
  return transaction.remove_session(id, false);
}

}  // namespace fsdfs::master
