// VictimIndex: which copies a node could give up, the best to lose first.
//
// Order: spare copies of deleted files, oldest deletion first; copies of live files by surplus, most first,
// down to a surplus of 1; last copies of deleted files, oldest deletion first; then live files below that.
// Ties: least wanted first, lowest inode. A Front a node, built by a sweep when somebody asks for it and kept
// up with changes from then on. Not thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "master/scheduler/front.h"
#include "master/scheduler/model.h"

namespace fsdfs::master {

// A victim's rank: twice its surplus, so that there is a place between a surplus of 1 and what is below.
inline constexpr int32_t kRankSpareTrash = INT32_MAX - 1;
inline constexpr int32_t kRankLastTrash = 2 * kCopy - 1;
inline constexpr int32_t rank_of_surplus(Units surplus) {
  return 2 * surplus;
}

class VictimIndex {
 public:
  explicit VictimIndex(const Model& model) : model_(model) {}

  // What room is needed for, and what may be taken for it.
  struct Wish {
    NodeIndex node = kNoNode;
    uint64_t bytes = 0;          // to be freed
    Units surplus_min = 0;       // of a live victim
    bool last_of_trash = false;  // last copies of deleted files may go, too
    uint64_t except_inode = 0;
    bool partial = false;  // take what there is, even if it is less than `bytes`
    size_t victims_max = 10'000;
  };
  struct Harvest {
    enum class Outcome : uint8_t { kEnough, kTooLittle, kUnknown };  // kUnknown: ask again after a sweep
    Outcome outcome = Outcome::kTooLittle;
    std::vector<Slot> victims;  // none twice
    int32_t worst_rank = 0;     // of what is taken
  };
  // Chooses; changes nothing but its own order of search.
  Harvest gather(const Wish& wish);
  // Of the node's best victim; none when it has none. INT32_MAX when it is not known before a sweep.
  std::optional<int32_t> best_rank(NodeIndex node);

  // The bucket of the SpareBoard for it.
  SpareBoard::Bucket bucket(const FileRecord& record, const Counts& counts) const;
  // The rank of the file's copies; none when none of them may be taken.
  std::optional<int32_t> rank(const FileRecord& record, const Counts& counts) const;

  void offer(Slot slot, const FileRecord& record, const Counts& counts);
  // Copies may have become better to lose without being offered (a node came back): forget everything.
  void forget_all();
  void forget(NodeIndex node);

  bool needs_sweep() const { return wanted_any_; }
  void begin_sweep();
  void sweep_offer(Slot slot, const FileRecord& record, const Counts& counts);
  void end_sweep();
  size_t resident_bytes() const;

 private:
  struct PerNode {
    Front front;
    bool wanted = false;  // somebody asked for what lies beyond the floor
    size_t keep = 0;      // entries, when the usual number was not enough
  };
  size_t usual_keep(NodeIndex node) const;
  PerNode& of(NodeIndex node);
  Front::Entry entry(Slot slot, const FileRecord& record, int32_t rank) const;
  // Pops until the best entry is one of now.
  std::optional<Front::Entry> pop_valid(NodeIndex node);

  const Model& model_;
  std::vector<PerNode> nodes_;
  bool wanted_any_ = false;
  bool built_any_ = false;
};

}  // namespace fsdfs::master
