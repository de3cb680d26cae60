#include "tests/unit/scheduler/fake_swarm.h"

#include <gtest/gtest.h>

namespace fsdfs::master {

void FakeSwarm::add_node(int number, uint64_t quota, const std::string& zone, const std::string& host) {
  NodeInfo info;
  info.id = node_id(number);
  info.zone = zone;
  info.host = host;
  info.quota = quota;
  nodes[number] = info;
  EXPECT_TRUE(scheduler.node_changed(info).ok());
  scheduler.node_reported(info.id);
}

void FakeSwarm::change_node(int number, const std::function<void(NodeInfo&)>& change) {
  change(nodes.at(number));
  EXPECT_TRUE(scheduler.node_changed(nodes.at(number)).ok());
}

void FakeSwarm::add_file(uint64_t number, uint64_t size, double target, const std::set<int>& on) {
  FileInfo info;
  info.inode = inode(number);
  info.version = version(next_version_++);
  info.size = size;
  info.target = target;
  files[number] = info;
  Status added = scheduler.file_changed(info);
  EXPECT_TRUE(added.ok()) << added.to_string();
  for (int node : on) {
    disks[node][{info.inode, info.version}] = size;
    EXPECT_TRUE(scheduler.replica_added(info.inode, info.version, size, node_id(node)).ok());
  }
}

bool FakeSwarm::put(uint64_t number, uint64_t size, double target) {
  AdmitRequest request;
  request.session = SessionId{next_session_++};
  request.size = size;
  request.target = target;
  for (int tries = 0; tries < 100; ++tries) {
    last_admission = scheduler.admit(request, now);
    turn();
    if (last_admission.outcome != Admission::Outcome::kWait) break;
  }
  if (last_admission.outcome != Admission::Outcome::kGranted) return false;
  scheduler.release(request.session);
  std::set<int> on;
  for (NodeId member : last_admission.chain) on.insert(number_of(member));
  add_file(number, size, target, on);
  return true;
}

void FakeSwarm::new_version(uint64_t number, uint64_t size, const std::set<int>& chain) {
  FileInfo& info = files.at(number);
  Version old = info.version;
  info.version = version(next_version_++);
  info.size = size;
  EXPECT_TRUE(scheduler.file_changed(info).ok());
  for (int node : chain) {
    if (disks[node].erase({info.inode, old}) != 0) scheduler.replica_removed(info.inode, old, node_id(node));
    disks[node][{info.inode, info.version}] = size;
    EXPECT_TRUE(scheduler.replica_added(info.inode, info.version, size, node_id(node)).ok());
  }
}

void FakeSwarm::change_file(uint64_t number, const std::function<void(FileInfo&)>& change) {
  change(files.at(number));
  EXPECT_TRUE(scheduler.file_changed(files.at(number)).ok());
}

void FakeSwarm::remove_file(uint64_t number) {
  scheduler.file_removed(inode(number));
  files.erase(number);
}

void FakeSwarm::turn() {
  now += std::chrono::milliseconds(100);
  orders = scheduler.tick(now).orders;
  for (const Order& order : orders) obey(order);
}

void FakeSwarm::obey(const Order& order) {
  if (const auto* copy = std::get_if<CopyOrder>(&order)) {
    int target = number_of(copy->target);
    if (disobedient.contains(target)) return;
    EXPECT_TRUE(disks[number_of(copy->sources.at(0))].contains(copy->replica)) << describe(order);
    disks[target][copy->replica] = copy->size;
    uint64_t used = nodes.at(target).other_bytes;
    for (const auto& [id, size] : disks[target]) used += size;
    EXPECT_LE(used, nodes.at(target).quota) << describe(order);
    (void)scheduler.replica_added(copy->replica.inode, copy->replica.version, copy->size, copy->target);
    scheduler.copy_finished(copy->id);
  } else if (const auto* removal = std::get_if<DeleteOrder>(&order)) {
    int node = number_of(removal->node);
    if (disobedient.contains(node)) return;
    disks[node].erase(removal->replica);
    scheduler.replica_removed(removal->replica.inode, removal->replica.version, removal->node);
  } else if (const auto* cancel = std::get_if<CancelOrder>(&order)) {
    scheduler.copy_failed(cancel->id, CopyFailure::kCancelled, now);
  }
}

bool FakeSwarm::settle(int most) {
  int quiet = 0;
  for (int i = 0; i < most; ++i) {
    turn();
    quiet = orders.empty() ? quiet + 1 : 0;
    if (quiet == 3) return true;
  }
  return false;
}

std::set<int> FakeSwarm::holders(uint64_t number) const {
  std::set<int> on;
  const FileInfo& info = files.at(number);
  for (const auto& [node, disk] : disks) {
    if (disk.contains({info.inode, info.version})) on.insert(node);
  }
  return on;
}

std::vector<CopyOrder> FakeSwarm::copies_ordered() const {
  std::vector<CopyOrder> found;
  for (const Order& order : orders) {
    if (const auto* copy = std::get_if<CopyOrder>(&order)) found.push_back(*copy);
  }
  return found;
}

std::vector<DeleteOrder> FakeSwarm::deletes_ordered() const {
  std::vector<DeleteOrder> found;
  for (const Order& order : orders) {
    if (const auto* removal = std::get_if<DeleteOrder>(&order)) found.push_back(*removal);
  }
  return found;
}

}  // namespace fsdfs::master
