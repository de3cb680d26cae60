// WorkList: the files that one stage of the policy engine has yet to look at: single ones that changed, whole
// trees, and everything. Bounded: where too many single ones come together, everything is looked at instead.
// Used by the engine's thread alone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "master/store/store.h"

namespace fsdfs::master {

class WorkList {
 public:
  static constexpr size_t kSinglesMax = 100'000;
  static constexpr size_t kTreesMax = 10'000;

  // `automatic`: only automatic vars have changed.
  void add(InodeId inode, bool automatic);
  void add_tree(InodeId directory);
  // From the start, also if it is under way. `files`: about how many there are.
  void add_all(uint64_t files);
  void clear() { *this = WorkList(); }

  bool empty() const { return singles_.empty() && trees_.empty() && !all_; }

  struct Work {
    Inode file;  // regular, as it is in the view
    bool automatic = false;
  };
  struct Batch {
    std::vector<Work> files;
    // All inodes of (after, last] were looked at, so that what belongs to them may be read in one go.
    InodeId after;
    InodeId last;
  };
  // About `limit` files; fewer, or none, does not mean that nothing is left. After an error nothing is lost.
  Result<Batch> take(ReadView& view, size_t limit);

  bool all() const { return all_; }
  uint64_t done() const { return done_; }  // files of add_all
  uint64_t files() const { return files_; }

 private:
  struct Place {
    InodeId directory;
    uint64_t after = 0;  // cookie
  };
  Status take_singles(ReadView& view, size_t limit, Batch& batch);
  Status take_tree(ReadView& view, size_t limit, Batch& batch);
  Status take_all(ReadView& view, size_t limit, Batch& batch);

  std::map<InodeId, bool> singles_;  // automatic?
  std::deque<Place> trees_;          // the last one is under way
  bool all_ = false;
  InodeId cursor_;
  uint64_t done_ = 0;
  uint64_t files_ = 0;
};

}  // namespace fsdfs::master
