// Tree: DATA/tree, in which each current replica of one data disk has its file's real path, as a hard link to
// its data file; so a web server, `cp` or `sha256sum -c` can use the disk without the swarm. For reading: who
// writes to a link writes to the replica.
//
// Where a file is comes from the index and the directory records, so the tree has no state of its own: every
// change comes down to settle(), which makes one place right, whatever was there. A directory that moves is
// renamed as a whole. What cannot be told from one place (the state at the start, a move that something
// stands in the way of, a full disk) is found by a reconciliation, which step() does in portions: what should
// not be there goes, then what is missing comes. Nothing is synced: a crash leaves any state, and the next
// start reconciles it. All below DATA/tree is the tree's own, but for what is no directory of this
// filesystem: a link that somebody made is never followed, and nothing is touched behind it. Where the tree
// is off, step() takes it away.
//
// Names that the filesystem refuses are not shown, with one warning. Internal to node/store. Thread-safe: one
// mutex, held for one place, one portion or the listing of one directory (whose names are in memory while it
// is looked through), and taken before the index's and the directory records'; a claim comes before it.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/io/disk.h"
#include "common/status.h"
#include "node/store/index.h"

namespace fsdfs::node {

struct StoreCore;

class Tree {
 public:
  static constexpr size_t kPortion = 1024;  // places in a step
  static constexpr Duration kRetry = std::chrono::minutes(10);

  Tree(StoreCore& core, bool on) : core_(core), on_(on) {}

  bool on() const { return on_; }
  // What the index says of this place may have changed, or where it is.
  void settle(InodeId parent, const std::string& name);
  // The directory's path was `from` and is `to`.
  void moved(const std::string& from, const std::string& to);
  // The directory that was there is no more; another one may be by now.
  void removed(const std::string& path);
  void reconcile();
  // A portion of what is to be reconciled. False: there is nothing to do for now.
  bool step();

  // The path from the tree's root without the leading '/', where the replica is shown.
  std::optional<std::string> shown(const IndexRow& row);

 private:
  struct Name {
    std::string name;
    FileType type;
  };
  // A directory of the tree on its way through what should not be there.
  struct Pruned {
    std::string path;          // of the swarm
    std::vector<InodeId> ids;  // directories that are there, as the records say
    std::optional<std::vector<Name>> names;
    size_t next = 0;
  };

  // With mutex_ held, all of them.
  Status settle_place(InodeId parent, const std::string& name);
  Status show(const IndexRow& row, const std::string& link);
  Status hide(const std::string& link);
  // Whether real directories lead to `path`, the root or one below it. With `make` they are made, and what
  // stands in their way goes. An error: the root itself is none, or another filesystem is mounted on the way.
  Result<bool> reach(const std::string& path, bool make);
  void remove_empty_above(const std::string& path);
  Result<std::optional<IndexRow>> newest_at(InodeId parent, const std::string& name);
  Result<bool> is_same(const IndexRow& row, const std::string& link);
  Status prune_some();
  Status prune_file(const Pruned& directory, const std::string& name);
  Result<std::vector<InodeId>> below(const std::vector<InodeId>& ids, const std::string& name);
  Status add_some();
  std::string host_path(const std::string& path) const;
  void judge(const Status& status);

  StoreCore& core_;
  const bool on_;
  std::mutex mutex_;             // guards all below
  std::vector<Pruned> pruning_;  // the last one first
  bool adding_ = false;
  std::optional<ReplicaId> added_;  // up to here
  bool again_ = true;               // a reconciliation is to begin
  bool blocked_ = false;            // a directory stands where a file is to be shown
  std::optional<MonotonicTime> retry_at_;
  bool warned_ = false;
  uint64_t temporary_ = 0;
};

}  // namespace fsdfs::node
