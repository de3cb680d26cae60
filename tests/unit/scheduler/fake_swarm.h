// FakeSwarm: a Scheduler with nodes that obey at once, for tests that look at what comes out in the end.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "master/scheduler/scheduler.h"

namespace fsdfs::master {

inline NodeId node_id(int number) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(number >> 8);
  id.bytes[1] = static_cast<uint8_t>(number & 0xFF);
  id.bytes[15] = 1;
  return id;
}
inline InodeId inode(uint64_t number) {
  return InodeId{(uint64_t{1} << 40) | number};
}
inline Version version(uint64_t counter) {
  return Version{Epoch{1}, counter};
}

// Only targets and quotas count: no write reserve.
struct Bare {
  int min_copies = 1;
  bool fill = false;
};
inline SchedulerSettings bare(Bare chosen = {}) {
  SchedulerSettings settings;
  settings.write_reserve = 0;
  settings.min_copies = chosen.min_copies;
  settings.fill = chosen.fill;
  return settings;
}

// Spare room stays empty.
inline SchedulerSettings no_fill() {
  SchedulerSettings settings;
  settings.fill = false;
  return settings;
}

class FakeSwarm {
 public:
  explicit FakeSwarm(const SchedulerSettings& settings = {}) : scheduler(settings) {}

  void add_node(int number, uint64_t quota, const std::string& zone = "", const std::string& host = "");
  void change_node(int number, const std::function<void(NodeInfo&)>& change);
  // A file of which some nodes already hold a copy.
  void add_file(uint64_t number, uint64_t size, double target, const std::set<int>& on);
  // What a put does: a session, the content on the chain, the commit. False: refused.
  bool put(uint64_t number, uint64_t size, double target);
  // New content that a chain wrote: its members hold it instead of what they had.
  void new_version(uint64_t number, uint64_t size, const std::set<int>& chain);
  void change_file(uint64_t number, const std::function<void(FileInfo&)>& change);
  void remove_file(uint64_t number);
  // A turn, its orders kept in `orders`, and carried out unless `obeys` says no.
  void turn();
  // Turns until nothing is ordered any more; false when that takes more than `most` turns.
  bool settle(int most = 1'000);

  std::set<int> holders(uint64_t number) const;
  int copies(uint64_t number) const { return static_cast<int>(holders(number).size()); }
  double surplus(uint64_t number) const { return copies(number) - files.at(number).target; }
  std::vector<CopyOrder> copies_ordered() const;
  std::vector<DeleteOrder> deletes_ordered() const;

  Scheduler scheduler;
  MonotonicTime now{std::chrono::hours(1)};
  std::map<int, NodeInfo> nodes;
  std::map<uint64_t, FileInfo> files;
  std::map<int, std::map<ReplicaId, uint64_t>> disks;  // node -> replica -> size
  std::vector<Order> orders;                           // of the last turn
  std::set<int> disobedient;                           // nodes that carry nothing out
  Admission last_admission;

 private:
  void obey(const Order& order);
  int number_of(NodeId id) const { return id.bytes[0] << 8 | id.bytes[1]; }

  uint64_t next_session_ = 1;
  uint64_t next_version_ = 1;
};

}  // namespace fsdfs::master
