// A store with two nodes and whole puts, as a chain of both would leave them.
#pragma once

#include "master/namespace/quota.h"
#include "master/namespace/trash.h"
#include "master/sessions/sessions.h"
#include "store_fixture.h"

namespace fsdfs::master {

class PutFixture : public StoreFixture {
 protected:
  PutFixture() : a_(add_node(1).id), b_(add_node(2).id) {}

  static PathAt at(const std::string& path) { return {InodeId{}, path}; }

  Result<SessionRecord> open_put(const std::string& path, uint64_t size = 0) {
    OpenRequest request;
    request.path = at(path);
    request.size = size;
    return make<SessionRecord>([&](WriteTransaction& transaction) {
      return open_session(transaction, request, transaction.new_session_id(), {a_, b_}, 2);
    });
  }
  Result<CommitOutcome> commit(const SessionRecord& session, const std::string& bytes) {
    CommitRequest request;
    request.session = session.id;
    request.content = content_of(bytes);
    for (const NodeId& node : {a_, b_}) {
      Receipt receipt;
      receipt.replica = session.replica;
      receipt.size_bytes = bytes.size();
      receipt.content_digest = request.content.digest.bytes;
      receipt.node = node;
      receipt.fsynced = true;
      request.receipts.push_back(receipt);
    }
    return make<CommitOutcome>(
        [&](WriteTransaction& transaction) { return commit_session(transaction, request, Policy{}); });
  }
  Result<Inode> try_put(const std::string& path, const std::string& bytes) {
    FSDFS_ASSIGN(auto session, open_put(path));
    FSDFS_ASSIGN(auto outcome, commit(session, bytes));
    return std::move(outcome.inode);
  }
  Inode put(const std::string& path, const std::string& bytes) {
    auto made = try_put(path, bytes);
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? *made : Inode{};
  }
  Status drop(const std::string& path, LastName last = LastName::kTrash) {
    return write([&](WriteTransaction& transaction) {
      return remove(transaction, at(path), RemoveKind::kAny, last).status();
    });
  }
  Status move(const std::string& from, const std::string& to, RenameFlags flags = {}) {
    return write([&](WriteTransaction& transaction) {
      return rename(transaction, at(from), at(to), flags, LastName::kTrash).status();
    });
  }
  Result<Restored> restore(const TrashChoice& choice, std::optional<std::string> to = std::nullopt) {
    return make<Restored>([&](WriteTransaction& transaction) {
      return restore_trash(transaction, choice, to, NewInode{0755, 1, 2});
    });
  }
  Result<Inode> look(const std::string& path) {
    auto located = lookup(*view(), at(path));
    if (!located.ok()) return located.status();
    return located->inode;
  }

  const NodeId a_, b_;
};

}  // namespace fsdfs::master
