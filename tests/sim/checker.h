// Checker: holds the scheduler to its word. Told every fact that the scheduler is told and every order it
// gives, it keeps its own, plain books and verifies each order against invariants 2, 3, 4 and 7 of the
// design.
//
// Shares no code with the scheduler, only the values of its interface. The first broken rule is kept with all
// that is needed to see why; see failure().
#pragma once

#include <map>
#include <string>
#include <vector>

#include "master/scheduler/types.h"

namespace fsdfs::sim {

class Checker {
 public:
  struct Copy {
    size_t node = 0;
    Version version;
    uint64_t size = 0;
    bool doomed = false;
  };
  struct Arrival {
    uint64_t order = 0;
    size_t node = 0;
    size_t source = 0;  // the one charged with it
    Version version;
    uint64_t size = 0;
    bool cancelled = false;
  };
  struct File {
    bool known = false, removed = false;
    master::FileInfo info;
    std::vector<Copy> copies;
    std::vector<Arrival> arrivals;
  };
  struct Node {
    bool present = false;
    bool reported = false;
    master::NodeInfo info;
    uint64_t used = 0, doomed = 0, arriving = 0;
  };

  explicit Checker(const master::SchedulerSettings& settings) : settings_(settings) {}

  // ---- facts ----
  void master_started(bool recovering);  // everything is told anew after it
  void node_told(const master::NodeInfo& info);
  void node_restarted(size_t node);
  void node_reported(size_t node);
  void node_removed(size_t node);
  void file_told(const master::FileInfo& info);
  void file_removed(size_t file);
  void replica_added(size_t file, Version version, uint64_t size, size_t node);
  void replica_removed(size_t file, Version version, size_t node);
  void replica_deleting(size_t file, Version version, uint64_t size, size_t node);
  void replica_undoomed(size_t file, Version version, size_t node);  // a deletion that will not be
  void copy_ended(uint64_t order);
  void session_reserved(const std::vector<NodeId>& chain, uint64_t bytes);
  void session_released(const std::vector<NodeId>& chain, uint64_t bytes);

  // ---- orders, in the order in which they were given ----
  void check(const std::vector<master::Order>& orders);

  const std::string& failure() const { return failure_; }
  void fail(const std::string& what);

  const std::vector<File>& files() const { return files_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const master::SchedulerSettings& settings() const { return settings_; }

  // K by its definitions in invariant 2.
  int copies_of_victim(const File& file) const;  // on up, non-draining nodes, less deletions ordered
  int copies_in_need(const File& file) const;    // on nodes neither dead nor draining, and in flight
  bool holds_current(const File& file, size_t node) const;
  int64_t free_when_done(const Node& node) const;  // once all deletions ordered are carried out
  uint64_t reserve_of(const Node& node) const;
  // Copies that must be left on up nodes after one is deleted; 1 for those that may not lose their last copy.
  int floor_of(const File& file) const;
  bool every_holder_settled(const File& file) const;  // invariant 4

 private:
  File& file_at(size_t file);
  Node& node_at(size_t node);
  void review_recovery();
  void lose_arrivals(size_t node);  // what was on its way to the node
  void check_copy(const master::CopyOrder& order);
  void check_limits(const master::CopyOrder& order, const File& file);
  void check_delete(const master::DeleteOrder& order);
  void check_cancel(const master::CancelOrder& order);
  void check_eviction(const master::DeleteOrder& order, const File& victim);
  void check_old(const master::DeleteOrder& order, const File& file);
  void check_room_made();
  void expect(bool holds, const master::Order& order, const std::string& rule);
  std::string describe(const File& file) const;

  master::SchedulerSettings settings_;
  bool recovering_ = false;
  std::vector<File> files_;
  std::vector<Node> nodes_;
  std::map<uint64_t, size_t> file_of_order_;
  std::map<std::pair<size_t, uint64_t>, size_t> evicted_for_;  // (node, inode) of this batch -> orders
  std::string failure_;
};

}  // namespace fsdfs::sim
