// Deletions: carries out what is already decided: copies of removed files, old versions, unconfirmed orders.
//
// Keeps invariant 4 for them (evictions keep it through VictimIndex), and the limit of deletes under way a
// node. Not thread-safe.
#pragma once

#include <deque>

#include "master/scheduler/actions.h"

namespace fsdfs::master {

class Deletions {
 public:
  explicit Deletions(Actions& actions) : actions_(actions) {}

  // The file's copies are to go. Called again whenever that may have become possible.
  void file_removed(Slot slot);
  // Leftovers of the inode that are to go may exist.
  void look_at(uint64_t inode) { condemned_.push_back(inode); }
  // Old versions are condemned once the current one is whole elsewhere.
  void review_old(FileRecord& record, const Counts& counts);
  // The node reported: what is doomed there is ordered anew.
  void node_reported(NodeIndex node);
  // A node reported or died: what waited for that under invariant 4 is looked at again.
  void node_settled();

  // At most `most` files a call. True when there is more to do now.
  bool work(size_t most, MonotonicTime now);

 private:
  bool work_file(Slot slot, MonotonicTime now);
  bool work_leftovers(uint64_t inode, MonotonicTime now);
  void repeat(MonotonicTime now);
  // The current version is whole elsewhere, or there is none.
  bool old_may_go(const FileRecord& record, const Counts& counts) const;
  bool may_order(NodeIndex node) const;
  bool may_delete(uint64_t inode) const;  // invariant 4

  Actions& actions_;
  std::deque<Slot> removals_;
  std::deque<uint64_t> condemned_;
  std::deque<Actions::SentDelete> sent_;
};

}  // namespace fsdfs::master
