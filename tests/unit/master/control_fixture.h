// A store, a control loop and nodes that live in this process: what a swarm is to the master, without a wire.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>

#include "master/control/control_loop.h"
#include "master/sessions/sessions.h"
#include "store_fixture.h"

namespace fsdfs::master {

// Rings when anything was said to any node.
class Bell {
 public:
  void ring() {
    {
      std::lock_guard lock(mutex_);
      ++rings_;
    }
    rung_.notify_all();
  }
  void wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    uint64_t before = rings_;
    rung_.wait_for(lock, at_most, [&] { return rings_ != before; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable rung_;
  uint64_t rings_ = 0;
};

// One attendance as a node sees it: a mailbox.
class FakeLink final : public NodeLink {
 public:
  explicit FakeLink(Bell& bell) : bell_(bell) {}

  bool send(Epoch epoch, const MasterMessage& message) override {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return false;
      epoch_ = epoch;
      inbox_.push_back(message);
    }
    bell_.ring();
    return true;
  }
  void close(const Status& why) override {
    {
      std::lock_guard lock(mutex_);
      if (!closed_) closed_ = why;
    }
    bell_.ring();
  }
  std::deque<MasterMessage> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(inbox_, {});
  }
  std::optional<Status> closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  Epoch epoch() const {
    std::lock_guard lock(mutex_);
    return epoch_;
  }

 private:
  Bell& bell_;
  mutable std::mutex mutex_;
  std::deque<MasterMessage> inbox_;
  std::optional<Status> closed_;
  Epoch epoch_;
};

// A node that does what it is told at once, in memory. Turned by the test (work), so that the test sees every
// step.
class FakeNode {
 public:
  FakeNode(Bell& bell, uint8_t number, uint64_t quota) : bell_(bell) {
    hello.node.bytes[0] = number;
    hello.incarnation = Incarnation{1};
    hello.address = "127.0.0.1:" + std::to_string(6000 + number);
    hello.zone = "z" + std::to_string(number);
    hello.host = "h" + std::to_string(number);
    hello.quota = quota;
    hello.key.bytes[0] = number;
  }

  // Attends, with its inventory if `reports`.
  void join(ControlLoop& loop, bool reports = true) {
    loop_ = &loop;
    link = std::make_shared<FakeLink>(bell_);
    attendance_ = loop.join(hello, link);
    reports_ = reports;
    changes_.clear();
    asked.clear();
    sequence_ = 0;
    acknowledged = 0;
    settled = welcomed = false;
  }
  // Two ranges a message.
  void send_inventory() {
    InventoryRanges told;
    RangeDigest digest;
    auto end_range = [&](const ReplicaId& last) {
      uint64_t count = digest.count();
      told.ranges.push_back({last, count, digest.finish()});
      if (told.ranges.size() < 2 && last != kReplicaIdMax) return;
      loop_->inventory(attendance_, hello.node, std::exchange(told, {last, {}}), [] {});
    };
    for (const auto& [id, replica] : held) {
      digest.add(id, replica.content.size, replica.content.digest, static_cast<uint8_t>(replica.state));
      if (digest.count() == range_size) end_range(id);
    }
    end_range(kReplicaIdMax);
  }
  // What it holds in the span, in pages.
  void send_pages(ReplicaSpan span) {
    InventoryPage page{span, {}};
    for (auto at = held.upper_bound(span.after); at != held.end() && at->first <= span.last; ++at) {
      page.held.push_back(at->second);
      if (page.held.size() < page_size || at->first == span.last) continue;
      page.span.last = at->first;
      loop_->inventory(attendance_, hello.node, std::exchange(page, {{at->first, span.last}, {}}), [] {});
    }
    loop_->inventory(attendance_, hello.node, std::move(page), [] {});
  }
  void send_ranges(InventoryRanges told) {
    loop_->inventory(attendance_, hello.node, std::move(told), [] {});
  }
  void leave() {
    if (loop_ != nullptr) loop_->leave(attendance_);
    loop_ = nullptr;
  }
  // The master is gone, and what it said last with it.
  void lose_master() {
    loop_ = nullptr;
    if (link) link->take();
  }
  bool attends() const { return loop_ != nullptr && !link->closed(); }

  // Carries out what came in, and says so.
  void work() {
    if (!attends()) return;
    for (const MasterMessage& message : link->take()) handle(message);
    if (!changes_.empty() && obeys_reports) report();
  }
  void report() {
    NodeReport report;
    report.load = load;
    report.quota = hello.quota;
    report.used = used();
    report.free_on_disk = 1 << 30;
    report.disks = disks;
    report.changes = changes_;
    report.scrub = scrub;
    report.verified = std::exchange(verified, {});
    loop_->report(attendance_, std::move(report), [] {});
  }
  void fail(OrderId order, Status why) { loop_->outcome(attendance_, {order, std::move(why), {}}); }

  void hold(const ReplicaId& id, const Content& content) { held[id] = {id, content, ReplicaState::kWhole}; }
  void add_change(const HeldReplica& replica) {
    held[replica.replica] = replica;
    changes_.push_back({++sequence_, replica});
  }
  void lose(const ReplicaId& id) {
    held.erase(id);
    changes_.push_back({++sequence_, id});
  }
  uint64_t used() const {
    uint64_t sum = 0;
    for (const auto& [id, replica] : held) sum += replica.content.size;
    return sum;
  }

  NodeHello hello;
  LoadReport load;
  std::shared_ptr<FakeLink> link;
  std::map<ReplicaId, HeldReplica> held;
  size_t range_size = 1024, page_size = 4096;  // replicas
  std::vector<ReplicaSpan> asked;              // in this attendance
  std::vector<CopyMessage> copies;             // orders that came
  std::vector<DeleteMessage> deletions;        // likewise
  std::vector<DiskReport> disks;
  std::vector<uint64_t> scrubs;           // requests that came
  ScrubReport scrub;                      // what its reports say
  std::vector<VerifiedReplica> verified;  // what its next report says
  uint64_t acknowledged = 0;
  bool welcomed = false;
  bool settled = false;  // its inventory is reconciled
  bool obeys_copies = true, obeys_deletions = true, obeys_reports = true, names_what_is_asked = true;

 private:
  void handle(const MasterMessage& message) {
    if (std::holds_alternative<WelcomeMessage>(message)) {
      welcomed = true;
      if (reports_) send_inventory();
    } else if (const auto* request = std::get_if<InventoryMessage>(&message)) {
      for (const ReplicaSpan& span : request->spans) {
        asked.push_back(span);
        if (names_what_is_asked) send_pages(span);
      }
    } else if (const auto* done = std::get_if<AcknowledgeMessage>(&message)) {
      acknowledged = std::max(acknowledged, done->sequence);
      settled = settled || done->inventory;
      std::erase_if(changes_, [&](const NodeChange& change) { return change.sequence <= acknowledged; });
    } else if (const auto* copy = std::get_if<CopyMessage>(&message)) {
      copies.push_back(*copy);
      if (obeys_copies) add_change({copy->replica, copy->content, ReplicaState::kWhole});
    } else if (const auto* scrub_order = std::get_if<ScrubMessage>(&message)) {
      scrubs.push_back(scrub_order->request);
    } else if (const auto* deletion = std::get_if<DeleteMessage>(&message)) {
      deletions.push_back(*deletion);
      if (!obeys_deletions) return;
      held.erase(deletion->replica);
      changes_.push_back({++sequence_, deletion->replica});
    }
  }

  Bell& bell_;
  ControlLoop* loop_ = nullptr;
  uint64_t attendance_ = 0;
  bool reports_ = true;
  uint64_t sequence_ = 0;
  std::vector<NodeChange> changes_;
};

class ControlFixture : public StoreFixture {
 protected:
  ControlFixture() {
    settings_.scheduler.write_reserve = 0;
    settings_.tick_interval = std::chrono::milliseconds(5);
    settings_.view_interval = std::chrono::milliseconds(1);
    start_loop();
  }
  ~ControlFixture() override { stop_loop(); }

  void start_loop() {
    loop_ = std::make_unique<ControlLoop>(*store_, clock_, logger_, settings_);
    store_->add_listener(*loop_);
    Status started = loop_->start();
    ASSERT_TRUE(started.ok()) << started.to_string();
  }
  void stop_loop() {
    if (loop_ != nullptr) loop_->stop();
    store_->close();
    for (auto& [number, node] : nodes_) node->lose_master();
    loop_.reset();
  }
  // As a master that was killed and started again: nodes must attend anew.
  void restart() {
    stop_loop();
    reopen();
    start_loop();
  }

  FakeNode& node(uint8_t number, uint64_t quota = 1'000'000) {
    auto& made = nodes_[number];
    if (made == nullptr) made = std::make_unique<FakeNode>(bell_, number, quota);
    return *made;
  }
  void join_all(std::initializer_list<uint8_t> numbers) {
    for (uint8_t number : numbers) node(number).join(*loop_);
    ASSERT_TRUE(eventually([&] {
      for (uint8_t number : numbers) {
        if (!node(number).settled) return false;
      }
      return true;
    }));
  }

  // Lets the nodes work until the condition holds; false when it does not in time.
  bool eventually(const std::function<bool()>& condition) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      for (auto& [number, node] : nodes_) node->work();
      if (condition()) return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      bell_.wait(std::chrono::milliseconds(2));
    }
  }
  // Lets everything happen that will, as far as it shows in `turns` published views.
  void settle(int turns = 20) {
    for (int i = 0; i < turns; ++i) {
      std::promise<void> passed;
      auto future = passed.get_future();
      SessionRecord none;
      loop_->extend(none, 0, [&passed](const Admission&) { passed.set_value(); });
      future.wait();
      for (auto& [number, node] : nodes_) node->work();
      ASSERT_TRUE(write([](WriteTransaction&) { return Status(); }).ok());
    }
  }
  void report_all() {
    for (auto& [number, node] : nodes_) {
      if (node->attends()) node->report();
    }
  }
  // Time passes for the master; nodes that attend report in between.
  void pass(Duration time) {
    for (Duration step = std::chrono::seconds(1); time > Duration::zero(); time -= step) {
      clock_.advance(step);
      report_all();
      settle(2);
    }
  }

  Admission admit(uint64_t size, double target = 3, Duration patience = std::chrono::seconds(0)) {
    AdmitRequest request;
    request.session = store_->new_session_id();
    request.size = size;
    request.target = target;
    admitted_ = request.session;
    std::promise<Admission> answer;
    auto future = answer.get_future();
    loop_->admit(request, clock_.now() + patience,
                 [&answer](Admission a) { answer.set_value(std::move(a)); });
    while (future.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      for (auto& [number, node] : nodes_) node->work();
      clock_.advance(std::chrono::milliseconds(5));
    }
    return future.get();
  }
  Result<SessionRecord> open_put(const std::string& path, const Admission& admission, uint64_t size,
                                 double target) {
    return make<SessionRecord>([&](WriteTransaction& transaction) {
      OpenRequest request;
      request.path = {InodeId{}, path};
      request.size = size;
      request.target = target;
      return open_session(transaction, request, admitted_, admission.chain, 2);
    });
  }
  Result<CommitOutcome> commit_put(const SessionRecord& session, const Content& content) {
    CommitRequest request;
    request.session = session.id;
    request.content = content;
    for (const NodeId& member : session.chain) {
      Receipt receipt;
      receipt.replica = session.replica;
      receipt.size_bytes = content.size;
      receipt.content_digest = content.digest.bytes;
      receipt.node = member;
      receipt.fsynced = true;
      request.receipts.push_back(receipt);
    }
    return make<CommitOutcome>(
        [&](WriteTransaction& transaction) { return commit_session(transaction, request, Policy{}); });
  }
  // A whole put, as client and chain do it.
  Inode put(const std::string& path, const std::string& bytes, double target = 3) {
    Admission admission = admit(bytes.size(), target);
    EXPECT_EQ(admission.outcome, Admission::Outcome::kGranted) << admission.refusal.to_string();
    auto session = open_put(path, admission, bytes.size(), target);
    EXPECT_TRUE(session.ok()) << session.status().to_string();
    if (!session.ok()) return {};
    Content content = content_of(bytes);
    for (const NodeId& member : session->chain) {
      FakeNode& holder = node(member.bytes[0]);
      holder.add_change({session->replica, content, ReplicaState::kWhole});
    }
    auto outcome = commit_put(*session, content);
    EXPECT_TRUE(outcome.ok()) << outcome.status().to_string();
    return outcome.ok() ? outcome->inode : Inode{};
  }
  void drop(const std::string& path) {
    ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                  return remove(transaction, {InodeId{}, path}, RemoveKind::kAny).status();
                }).ok());
  }

  size_t rows(const Inode& inode, ReplicaState state) {
    auto replicas = view()->replicas(inode.id);
    return static_cast<size_t>(std::count_if(replicas->begin(), replicas->end(),
                                             [state](const ReplicaRecord& r) { return r.state == state; }));
  }
  std::optional<ReplicaState> row(const ReplicaId& id, uint8_t number) {
    auto found = view()->replica(id, node(number).hello.node);
    if (!found->has_value()) return std::nullopt;
    return (*found)->state;
  }
  double min_surplus() {
    auto swarm = loop_->view();
    return swarm->health.has_surplus ? swarm->health.min_surplus : -1000;
  }

  Bell bell_;
  ControlSettings settings_;
  std::unique_ptr<ControlLoop> loop_;
  std::map<uint8_t, std::unique_ptr<FakeNode>> nodes_;
  SessionId admitted_;
};

}  // namespace fsdfs::master
