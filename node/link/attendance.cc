#include "node/link/attendance.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "common/path.h"
#include "common/rpc/status_rpc.h"
#include "node/link/scrub_report.h"
#include "node/store/wire.h"

namespace fsdfs::node {
namespace {

constexpr Duration kReportIntervalMin = std::chrono::milliseconds(10);
constexpr Duration kReportIntervalMax = std::chrono::hours(1);
constexpr Duration kDeletionRoomWait = std::chrono::seconds(10);

CopyOrder copy_order(const v1::CopyOrder& message, Epoch epoch, Status& status) {
  CopyOrder order;
  order.order = OrderId{message.order()};
  order.epoch = epoch;
  order.replica = wire::from_wire(message.replica());
  order.ticket = message.ticket();
  order.origin = wire::from_wire(message.origin());
  auto content = wire::from_wire(message.content());
  if (content.ok()) {
    order.content = *content;
  } else {
    status = content.status();
  }
  for (const v1::NodeAddress& source : message.sources()) {
    auto node = wire::id_from_wire<NodeId>(source.node());
    if (node.ok()) order.sources.push_back({*node, source.address()});
  }
  return order;
}

v1::DiskInfo disk_to_wire(const DiskFigures& disk) {
  v1::DiskInfo message;
  message.set_path(display(disk.path));
  message.set_quota_bytes(disk.quota);
  message.set_used_bytes(disk.used - disk.spare);
  message.set_free_bytes(disk.free_on_disk + disk.spare_on_disk);
  message.set_replicas(disk.replicas);
  message.set_failed(display(disk.failed));
  return message;
}

}  // namespace

Status Attendance::run(const std::function<void()>& on_welcome) {
  FSDFS_ASSIGN(auto channel, context_.dialer.channel(master_));
  stub_ = v1::Registry::NewStub(channel);
  stream_ = stub_->Attend(&call_);
  Status status = shake_hands();
  if (status.ok()) {
    on_welcome();
    std::thread sender([this] { send(); });
    status = receive();
    ended_ = true;
    if (!status.ok()) call_.TryCancel();
    context_.wake->signal();
    sender.join();
  } else if (status.code() != Code::kCancelled) {
    call_.TryCancel();
  }
  Status ended = context_.dialer.explain(master_, stream_->Finish());
  if (!status.ok() && status.code() != Code::kCancelled) return status;
  return ended.ok() ? unavailable("the master at " + master_ + " ended the stream") : ended;
}

Status Attendance::shake_hands() {
  auto watched = context_.watch.watch(kWelcomeTimeout, [this] { call_.TryCancel(); });
  Identity identity = context_.disks.identity();
  FSDFS_ASSIGN(StoreFigures figures, context_.store.figures());
  v1::NodeMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_node(wire::id_to_wire(identity.node));
  hello.set_swarm(wire::id_to_wire(identity.swarm));
  hello.set_address(context_.address);
  hello.set_zone(context_.settings.zone);
  hello.set_host(context_.host);
  hello.set_quota(figures.quota);
  hello.set_used(figures.used - figures.spare);
  hello.set_highest_epoch(identity.epoch.value);
  v1::MasterMessage welcome;
  // Cancelled: how the stream ended says more.
  if (!write(message) || !stream_->Read(&welcome)) return {Code::kCancelled, "no welcome"};
  return accept(welcome);
}

Status Attendance::accept(const v1::MasterMessage& message) {
  if (!message.has_welcome())
    return internal_error("the master at " + master_ + " did not begin with a welcome");
  const v1::Welcome& welcome = message.welcome();
  FSDFS_ASSIGN(SwarmId swarm, wire::id_from_wire<SwarmId>(welcome.swarm()));
  if (swarm.none()) return internal_error("the master at " + master_ + " does not name its swarm");
  SwarmId own = context_.disks.identity().swarm;
  if (!own.none() && own != swarm) return context_.disks.set_swarm(swarm);  // says what is wrong
  context_.deleter.forget();
  epoch_ = Epoch{message.epoch()};
  FSDFS_TRY(context_.disks.grant(epoch_));
  FSDFS_TRY(context_.disks.set_swarm(swarm));
  report_interval_ = welcome.report_interval_ms() == 0
                         ? context_.settings.report_interval
                         : std::chrono::milliseconds(welcome.report_interval_ms());
  report_interval_ = std::clamp(report_interval_, kReportIntervalMin, kReportIntervalMax);
  if (welcome.time_ms() != 0) {
    context_.swarm_clock.set(WallTime(std::chrono::milliseconds(welcome.time_ms())));
  }
  return {};
}

Status Attendance::receive() {
  v1::MasterMessage message;
  while (stream_->Read(&message)) {
    if (Epoch epoch{message.epoch()}; epoch != epoch_) {
      refuse(message);
      if (epoch > epoch_)
        return unavailable("the master at " + master_ + " began a new epoch without a welcome");
      continue;
    }
    FSDFS_TRY(obey(message));
  }
  return {};
}

void Attendance::refuse(const v1::MasterMessage& message) {
  Epoch epoch{message.epoch()};
  Status status = failed_precondition(
      fmt::format("an order of epoch {} is refused: this node obeys epoch {}", epoch.value, epoch_.value),
      Reason::kStaleEpoch);
  context_.logger.warning("{}", status.message());
  if (message.has_copy()) context_.outbox.put({OrderId{message.copy().order()}, epoch_, status, {}});
  if (message.has_delete_()) context_.outbox.put({OrderId{message.delete_().order()}, epoch_, status, {}});
}

Status Attendance::obey(const v1::MasterMessage& message) {
  if (message.has_acknowledge()) {
    context_.store.changes().acknowledge(message.acknowledge().sequence());
    if (message.acknowledge().inventory()) inventory_acknowledged_ = true;
  } else if (message.has_copy()) {
    Status status;
    CopyOrder order = copy_order(message.copy(), epoch_, status);
    if (status.ok()) {
      context_.puller.submit(std::move(order));
    } else {
      context_.outbox.put({order.order, epoch_, status, {}});
    }
  } else if (message.has_delete_()) {
    DeletionOrder order{OrderId{message.delete_().order()}, epoch_,
                        wire::from_wire(message.delete_().replica())};
    if (!context_.deleter.submit(order, context_.clock.now() + kDeletionRoomWait)) {
      return unavailable("too many deletions are waiting");
    }
  } else if (message.has_cancel()) {
    context_.puller.cancel(epoch_, OrderId{message.cancel().order()});
  } else if (message.has_audit()) {
    audits_.put(message.audit());
    context_.wake->signal();
  } else if (message.has_inventory()) {
    FSDFS_TRY(inventory_.ask(message.inventory()));
    context_.wake->signal();
  } else if (message.has_scrub()) {
    context_.scrub.request_pass(message.scrub().request());
  }
  return {};
}

bool Attendance::write(v1::NodeMessage& message) {
  message.set_incarnation(context_.disks.incarnation().value);
  return stream_->Write(message);
}

void Attendance::send() {
  sent_ = context_.store.changes().restart();
  bool open = true;
  MonotonicTime next = context_.clock.now();
  while (open && !ended_) {
    if (context_.store.changes().inventory_due(context_.clock.now())) {
      context_.logger.warning("changes cannot tell the master what is held: starting over with an inventory");
      break;
    }
    const bool due = context_.clock.now() >= next;  // a report, whatever else there is to say
    open = send_failures() && send_reports(due) && send_audits();
    while (open && due && !ended_ && more_verified_) open = send_report({});
    if (due) {
      repeated_ = sent_;
      next = context_.clock.now() + report_interval_;
    }
    if (open && !send_inventory(next)) break;
    bool woken = context_.wake->wait_until(next);
    if (woken && !ended_) std::this_thread::sleep_for(kCoalesce);
  }
  if (!ended_) call_.TryCancel();
}

// All that there is to say, or until the next report is due: a node that has much to tell is no silent one.
bool Attendance::send_inventory(MonotonicTime until) {
  do {
    auto message = inventory_.next();
    if (!message.ok()) {
      context_.logger.error("the inventory cannot be read: {}", message.status().message());
      return false;
    }
    if (!*message) return true;
    if (!write(**message)) return false;
  } while (!ended_ && context_.clock.now() < until);
  return true;
}

bool Attendance::send_failures() {
  for (const OrderFailure& failure : context_.outbox.take()) {
    if (failure.epoch != epoch_) continue;  // whoever gave that order has forgotten it
    v1::NodeMessage message;
    v1::OrderOutcome& outcome = *message.mutable_outcome();
    outcome.set_order(failure.order.value);
    outcome.set_code(static_cast<uint32_t>(failure.status.code()));
    outcome.set_reason(static_cast<uint32_t>(failure.status.reason()));
    outcome.set_message(failure.status.message());
    outcome.set_failed_source(wire::id_to_wire(failure.failed_source));
    if (!write(message)) return false;
  }
  return true;
}

// After what has changed, so that the master knows of that first.
bool Attendance::send_audits() {
  for (const v1::AuditOrder& order : audits_.take()) {
    auto page = answer_audit(context_.store, order);
    if (!page.ok()) {
      context_.logger.error("the master asks what is held, and it cannot be read: {}",
                            page.status().message());
      continue;
    }
    v1::NodeMessage message;
    *message.mutable_audit() = std::move(*page);
    if (!write(message)) return false;
  }
  return true;
}

// Changes that were not sent yet; with `repeat` all that were not acknowledged, and a report even if there
// are none.
bool Attendance::send_reports(bool repeat) {
  uint64_t from = repeat ? 0 : sent_;
  bool first = true;
  while (true) {
    std::vector<Change> changes = context_.store.changes().pending_after(from, kChangesInReport);
    if (changes.empty() && !(repeat && first)) return true;
    if (!send_report(changes)) return false;
    first = false;
    if (!changes.empty()) {
      from = changes.back().sequence;
      sent_ = std::max(sent_, from);
    }
    if (changes.size() < kChangesInReport) return true;
  }
}

bool Attendance::send_report(const std::vector<Change>& changes) {
  auto figures = context_.store.figures();
  if (!figures.ok()) {
    context_.logger.error("a data disk cannot be asked for its space: {}", figures.status().message());
    return false;
  }
  v1::NodeMessage message;
  v1::Report& report = *message.mutable_report();
  LoadFigures load = context_.load.sample(figures->disk);
  report.mutable_load()->set_cpu(load.cpu);
  report.mutable_load()->set_net_in(load.net_in);
  report.mutable_load()->set_net_out(load.net_out);
  report.mutable_load()->set_disk(load.disk_ms);
  report.mutable_load()->set_copies(load.copies);
  report.mutable_load()->set_readers(load.readers);
  report.mutable_load()->set_foreground_ms(load.foreground_ms);
  report.set_quota(figures->quota);
  report.set_capacity(figures->capacity);
  // What is given up as soon as room is needed is no obstacle to an order.
  report.set_used(figures->used - figures->spare);
  report.set_free_on_disk(figures->free_on_disk + figures->spare_on_disk);
  *report.mutable_scrub() = scrub_progress(context_.scrub.figures(), context_.store.changes());
  more_verified_ = take_verified(context_.verified, report);
  // A change is not held against the master before it has had a whole interval to acknowledge it.
  report.set_unknown_replicas(inventory_acknowledged_ ? context_.store.changes().pending_added(repeated_)
                                                      : figures->replicas);
  for (const DiskFigures& disk : figures->disks) *report.add_disks() = disk_to_wire(disk);
  for (const Change& change : changes) {
    v1::Change& wired = *report.add_changes();
    wired.set_sequence(change.sequence);
    if (change.removed) {
      *wired.mutable_removed() = wire::to_wire(change.held.replica);
    } else {
      *wired.mutable_added() = wire::to_wire(change.held);
    }
  }
  return write(message);
}

}  // namespace fsdfs::node
