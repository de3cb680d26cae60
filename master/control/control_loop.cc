#include "master/control/control_loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "master/control/node_warnings.h"
#include "master/scheduler/read_weight.h"

namespace fsdfs::master {
namespace {

constexpr size_t kEventsPerTurn = 1024;
constexpr auto kRetryGap = std::chrono::milliseconds(2);  // while the scheduler has more to do at once

// That a page of an inventory is held against: twice what a page of equal holdings has.
constexpr size_t kRowsForPage = 8192;

Status unread_inventory(const Status& why) {
  return unavailable("the master could not read what it has recorded (" + why.message() + "): attend again");
}

MonotonicTime steady_now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

ControlLoop::ControlLoop(MetadataStore& store, const Clock& clock, Logger& logger, ControlSettings settings)
    : settings_(std::move(settings)),
      store_(store),
      clock_(clock),
      logger_(logger),
      repeated_(logger, clock),
      events_(settings_.events_max),
      event_log_(clock, store.epoch()),
      scheduler_(settings_.scheduler),
      nodes_(settings_),
      liveness_({settings_.report_interval, settings_.missed_reports, settings_.dead_after}),
      context_{store,     clock,      logger,
               repeated_, settings_,  scheduler_,
               nodes_,    event_log_, [this](ControlEvent event) { post(std::move(event)); }},
      leases_(settings_.session_lease),
      orders_(context_),
      attendance_desk_(context_, orders_),
      feeder_(context_, orders_, leases_, attendance_desk_),
      admissions_(context_, leases_),
      trash_(context_),
      removals_(context_),
      scrubs_(context_),
      audits_(context_) {}

ControlLoop::~ControlLoop() {
  stop();
}

Status ControlLoop::start() {
  FSDFS_TRY(scheduler_.set_settings(settings_.scheduler));
  FSDFS_TRY(
      check_liveness_settings({settings_.report_interval, settings_.missed_reports, settings_.dead_after}));
  FSDFS_ASSIGN(auto view, store_.read());
  FSDFS_TRY(feeder_.load(*view));
  view.reset();
  for (const auto& [id, node] : nodes_.all()) {
    if (node.record.admin_state == AdminState::kRemoving) {
      watch_node(id);
      removals_.marked(id);
    } else {
      liveness_.expect(id, node.record.incarnation, clock_.now());
    }
  }
  event_log_.add({.kind = EventKind::kMasterStarted, .text = fmt::format("epoch {}", store_.epoch().value)});
  publish();
  thread_ = std::thread([this] { run(); });
  return {};
}

void ControlLoop::prepare_stop() {
  post([this] {
    attendance_desk_.close_all(unavailable("the master is shutting down: attend again soon"));
    admissions_.stop();
    removals_.stop();
  });
}

void ControlLoop::stop() {
  std::lock_guard lock(stop_mutex_);
  events_.close();
  if (thread_.joinable()) thread_.join();
}

void ControlLoop::on_commit(const LogEntry& entry) {
  if (FactFeeder::concerns(entry)) post([this, entry] { apply(entry); });
}

// Work that must not be lost. Waits while the loop is far behind, unless it is the loop itself that asks.
void ControlLoop::post(ControlEvent event) {
  if (std::this_thread::get_id() != loop_thread_.load()) {
    (void)events_.push_until(std::move(event), MonotonicTime::max());
  } else if (events_.try_push(std::move(event)) == PushResult::kFull) {
    event();
  }
}

// For callers that must not wait. False: the loop has stopped or is far behind.
bool ControlLoop::post_now(ControlEvent event) {
  return events_.try_push(std::move(event)) == PushResult::kPushed;
}

// --- streams ---

uint64_t ControlLoop::join(const NodeHello& hello, std::shared_ptr<NodeLink> link) {
  uint64_t id = ++attendances_;
  // The node has served a later master than this one, whose database is older, or another one of the same
  // epoch, which it granted before it ever met this one: go on above it (invariant 9).
  Status raised;
  bool other_granted = is_first_meeting(hello.node) && hello.highest_epoch == store_.epoch();
  if (hello.highest_epoch > store_.epoch() || other_granted) raised = store_.raise_epoch(hello.highest_epoch);
  if (!raised.ok()) {
    link->close(raised);
    return id;
  }
  store_.submit(
      {true, std::nullopt},
      [hello, swarm = store_.swarm()](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_TRY(register_node(transaction, hello, swarm).status());
        return std::string();
      },
      [this, id, hello, link](const Result<std::string>& done) {
        if (!done.ok()) {
          event_log_.add(
              {.kind = EventKind::kNodeRefused, .node = hello.node, .text = done.status().message()});
          return link->close(done.status());
        }
        post([this, id, hello, link] { receive(id, hello, link); });
      });
  return id;
}

bool ControlLoop::is_first_meeting(const NodeId& node) {
  std::lock_guard lock(met_mutex_);
  return met_.insert(node).second;
}

// What the node said in an earlier attendance is recorded before this one is held against the records: a
// write that is still on its way would change a row behind the comparison.
void ControlLoop::receive(uint64_t attendance, const NodeHello& hello,
                          const std::shared_ptr<NodeLink>& link) {
  auto greeting = liveness_.hello(hello.node, hello.incarnation, hello.address, clock_.now());
  if (!greeting.ok()) return link->close(greeting.status());
  attendance_desk_.end_former(hello.node);
  context_.when_written([this, attendance, hello, link](const Status& written) {
    if (!written.ok()) return link->close(written);
    welcome(attendance, hello, link);
  });
}

void ControlLoop::welcome(uint64_t attendance, const NodeHello& hello,
                          const std::shared_ptr<NodeLink>& link) {
  const KnownNode* node = nodes_.find(hello.node);
  if (node != nullptr && node->link != nullptr) return receive(attendance, hello, link);
  attendance_desk_.attach(attendance, hello, link);
  watch_node(hello.node);
  nodes_changed_ = true;
}

void ControlLoop::inventory(uint64_t attendance, const NodeId& node, InventoryRanges told,
                            Acknowledged next) {
  // On the caller's thread, here and below, so that many nodes are held against the records at once.
  auto verdict = [&]() -> Result<RangesVerdict> {
    FSDFS_ASSIGN(auto view, store_.read());
    return check_ranges(*view, node, told);
  }();
  post([this, attendance, told = std::move(told), verdict = std::move(verdict), next] {
    if (verdict.ok()) {
      heard(attendance_desk_.reporter(attendance));
      attendance_desk_.ranges_came(attendance, told, *verdict);
    } else {
      attendance_desk_.give_up(attendance, unread_inventory(verdict.status()));
    }
    next();
  });
}

void ControlLoop::inventory(uint64_t attendance, const NodeId& node, InventoryPage page, Acknowledged next) {
  auto verdict = [&]() -> Result<PageVerdict> {
    FSDFS_ASSIGN(auto view, store_.read());
    return check_page(*view, node, page, kRowsForPage);
  }();
  post([this, attendance, span = page.span, named = page.held.size(), verdict = std::move(verdict),
        next]() mutable {
    if (verdict.ok()) {
      heard(attendance_desk_.reporter(attendance));
      attendance_desk_.page_came(attendance, span, named, std::move(*verdict));
    } else {
      attendance_desk_.give_up(attendance, unread_inventory(verdict.status()));
    }
    next();
  });
}

void ControlLoop::report(uint64_t attendance, NodeReport report, Acknowledged next) {
  post([this, attendance, report = std::move(report), next]() mutable {
    double disk_ms = report.load.disk_ms;
    auto reporter = attendance_desk_.report(attendance, std::move(report));
    if (reporter) slow_nodes_.note(reporter->node, disk_ms, clock_.now());
    heard(reporter);
    next();
  });
}

// A node that tells its inventory lives as well as one that reports.
void ControlLoop::heard(const std::optional<AttendanceDesk::Reporter>& reporter) {
  if (!reporter) return;
  auto heard = liveness_.heard(reporter->node, reporter->incarnation, clock_.now());
  if (heard.ok() && *heard) watch_node(reporter->node);
}

void ControlLoop::outcome(uint64_t attendance, OrderOutcome outcome) {
  post([this, attendance, outcome = std::move(outcome)] { attendance_desk_.outcome(attendance, outcome); });
}

void ControlLoop::leave(uint64_t attendance) {
  post([this, attendance] { attendance_desk_.detach(attendance); });
}

// --- sessions ---

void ControlLoop::admit(AdmitRequest request, MonotonicTime deadline, AdmissionDesk::Answer answer) {
  bool posted = post_now([this, request = std::move(request), deadline, answer]() mutable {
    admissions_.admit(std::move(request), deadline, std::move(answer));
  });
  if (posted) return;
  Admission refused;
  refused.refusal = unavailable("the master is overloaded or shutting down: try again");
  answer(std::move(refused));
}

void ControlLoop::extend(SessionRecord session, uint64_t more_bytes, AdmissionDesk::Answer answer) {
  bool posted = post_now([this, session = std::move(session), more_bytes, answer] {
    admissions_.extend(session, more_bytes, answer);
  });
  if (posted) return;
  Admission refused;
  refused.refusal = unavailable("the master is overloaded or shutting down: try again");
  answer(std::move(refused));
}

void ControlLoop::renew(SessionId session) {
  post([this, session] { admissions_.renew(session); });
}

void ControlLoop::give_up(SessionId session) {
  post([this, session] { admissions_.give_up(session); });
}

// --- reads ---

// Lost where the loop is far behind: reads are counted about right.
void ControlLoop::note_reads(std::vector<ReadCount> counts, WallTime at, Weights changed) {
  (void)post_now([this, counts = std::move(counts), at, changed = std::move(changed)] {
    std::vector<ReadWeight> weights;
    weights.reserve(counts.size());
    for (const ReadCount& count : counts) {
      float weight = scheduler_.reads_noted(count.inode, count.reads, at);
      if (weight != kNeverRead) weights.push_back({count.inode, weight});
    }
    changed(std::move(weights));
  });
}

void ControlLoop::restore_weights(std::vector<ReadWeight> weights) {
  post([this, weights = std::move(weights)] {
    for (const ReadWeight& weight : weights) scheduler_.weight_changed(weight.inode, weight.weight);
  });
}

// --- operators ---

void ControlLoop::remove_node(const NodeId& node, std::shared_ptr<RemovalWatch> watch) {
  if (post_now([this, node, watch] { removals_.begin(node, watch); })) return;
  watch->end(unavailable("the master is overloaded or shutting down: try again"));
}

bool ControlLoop::scrub(std::vector<NodeId> nodes, std::function<void(ScrubStarted)> answer) {
  return post_now(
      [this, nodes = std::move(nodes), answer = std::move(answer)] { answer(scrubs_.start(nodes)); });
}

bool ControlLoop::audit(AuditQuestion question, AuditDesk::Answer answer) {
  return post_now([this, question = std::move(question), answer = std::move(answer)]() mutable {
    audits_.ask(std::move(question), std::move(answer));
  });
}

void ControlLoop::audited(uint64_t request, AuditAnswer answer) {
  post([this, request, answer = std::move(answer)]() mutable {
    audits_.answered(request, std::move(answer));
  });
}

bool ControlLoop::ask(std::function<void(const Scheduler&)> question) {
  return post_now([this, question = std::move(question)] { question(scheduler_); });
}

bool ControlLoop::ask_nodes(std::function<void(const NodeDirectory&)> question) {
  return post_now([this, question = std::move(question)] { question(nodes_); });
}

// --- the loop's thread ---

void ControlLoop::run() {
  loop_thread_ = std::this_thread::get_id();
  MonotonicTime due = steady_now();
  while (true) {
    auto event = events_.pop_until(due);
    if (!event && events_.closed()) break;
    size_t handled = 0;
    while (event) {
      (*event)();
      changed_ = true;
      event = ++handled < kEventsPerTurn ? events_.try_pop() : std::nullopt;
    }
    bool more = turn();
    due = steady_now() + (more ? Duration(kRetryGap) : settings_.tick_interval);
  }
  admissions_.stop();
  removals_.stop();
}

bool ControlLoop::turn() {
  watch_nodes();
  watch_slowness();
  // A node must not get room for new copies before the view knows it: clients are told what the view says.
  if (nodes_changed_) publish();
  TickResult tick = scheduler_.tick(clock_.now());
  if (!tick.orders.empty()) changed_ = true;
  orders_.dispatch(std::move(tick.orders));
  admissions_.turn();
  trash_.turn();
  removals_.turn();
  event_log_.flush();
  if (changed_ && steady_now() - published_at_ >= settings_.view_interval) publish();
  return tick.more_work || changed_;
}

void ControlLoop::watch_nodes() {
  for (const auto& change : liveness_.advance(clock_.now())) watch_node(change.node);
}

// Its liveness may have changed.
void ControlLoop::watch_node(const NodeId& id) {
  KnownNode* node = nodes_.find(id);
  if (node == nullptr) return;
  Liveness liveness = liveness_.liveness(id);
  if (node->liveness == liveness) return;
  node->liveness = liveness;
  nodes_changed_ = true;
  logger_.log(liveness == Liveness::kUp ? LogLevel::kInfo : LogLevel::kWarning, "node {} ({}) is {}",
              to_string(id), node->record.address, name_of(liveness));
  context_.tell_node(*node);
  if (node->record.admin_state == AdminState::kRemoving) return;
  EventKind kind = liveness == Liveness::kUp       ? EventKind::kNodeUp
                   : liveness == Liveness::kSilent ? EventKind::kNodeSilent
                                                   : EventKind::kNodeDead;
  event_log_.add({.kind = kind, .node = id});
}

void ControlLoop::watch_slowness() {
  for (const NodeId& id : slow_nodes_.advance(clock_.now())) {
    KnownNode* node = nodes_.find(id);
    if (node == nullptr) continue;
    node->slow = slow_nodes_.slow(id);
    nodes_changed_ = true;
    logger_.log(node->slow ? LogLevel::kWarning : LogLevel::kInfo, "the disk of node {} ({}) is {}",
                to_string(id), node->record.address,
                node->slow ? "far slower than the others'" : "as fast as the others' again");
    context_.tell_node(*node);
  }
}

void ControlLoop::apply(const LogEntry& entry) {
  for (const LogRecord& record : entry.records) {
    const auto* changed = std::get_if<NodeChanged>(&record);
    const KnownNode* known = changed == nullptr ? nullptr : nodes_.find(changed->node.id);
    if (known != nullptr) admin_state_changed(known->record, changed->node);
    if (const auto* gone = std::get_if<NodeRemoved>(&record)) {
      known = nodes_.find(gone->node);
      event_log_.add({.kind = EventKind::kNodeRemoved,
                      .node = gone->node,
                      .text = known == nullptr ? std::string() : known->record.address});
    }
  }
  feeder_.apply(entry);
  for (const LogRecord& record : entry.records) {
    if (const auto* changed = std::get_if<NodeChanged>(&record)) {
      if (changed->node.admin_state != AdminState::kRemoving) continue;
      liveness_.forget(changed->node.id);
      slow_nodes_.forget(changed->node.id);
      watch_node(changed->node.id);
      removals_.marked(changed->node.id);
    } else if (const auto* gone = std::get_if<NodeRemoved>(&record)) {
      liveness_.forget(gone->node);
      slow_nodes_.forget(gone->node);
      removals_.gone(gone->node);
      nodes_changed_ = true;
    }
  }
}

void ControlLoop::admin_state_changed(const NodeRecord& before, const NodeRecord& after) {
  if (before.admin_state == after.admin_state) return;
  nodes_changed_ = true;
  logger_.info("node {} ({}) is set {}", to_string(after.id), after.address, name_of(after.admin_state));
  event_log_.add(
      {.kind = EventKind::kNodeAdmin, .cause = static_cast<uint8_t>(after.admin_state), .node = after.id});
}

// --- the view ---

std::shared_ptr<const SwarmView> ControlLoop::view() const {
  std::lock_guard lock(view_mutex_);
  return view_;
}

void ControlLoop::publish() {
  auto view = std::make_shared<SwarmView>();
  view->health = scheduler_.health();
  view->open_sessions = leases_.size();
  view->settled = true;
  for (const auto& [id, node] : nodes_.all()) {
    NodeStatus status = nodes_.status(node);
    if (auto placed = scheduler_.node(id)) status.placed = std::move(*placed);
    if (status.liveness != Liveness::kDead && !status.placed.reported) view->settled = false;
    view->add(std::move(status));
  }
  add_warnings(*view);
  published_at_ = steady_now();
  nodes_changed_ = false;
  changed_ = view->health.settling;  // no event tells of what a sweep finds
  std::lock_guard lock(view_mutex_);
  view_ = std::move(view);
}

void ControlLoop::add_warnings(SwarmView& view) const {
  int usable = 0;
  for (const NodeStatus& node : view.nodes()) {
    std::string name = fmt::format("node {} ({})", to_string(node.record.id), node.record.address);
    if (node.liveness == Liveness::kSilent) view.warnings.push_back(name + " is silent");
    if (node.liveness == Liveness::kDead && node.record.admin_state < AdminState::kDraining) {
      view.warnings.push_back(name +
                              " is dead: its files are being copied elsewhere; `fsdfs node remove` it "
                              "if it will not come back");
    }
    if (node.unknown_replicas != 0) {
      view.warnings.push_back(
          fmt::format("{} holds {} replicas that this master does not know; they are kept aside", name,
                      node.unknown_replicas));
    }
    if (node.liveness == Liveness::kUp && node.record.admin_state == AdminState::kActive) ++usable;
  }
  for (std::string& warning : node_warnings(view)) view.warnings.push_back(std::move(warning));
  if (usable < settings_.scheduler.sync_copies) {
    view.warnings.push_back(
        fmt::format("writes are synced on {} nodes and not on {}, as no more are up: add a server", usable,
                    settings_.scheduler.sync_copies));
  }
  if (view.health.unavailable != 0) {
    view.warnings.push_back(
        fmt::format("{} files have no copy on a node that is not dead", view.health.unavailable));
  }
  if (size_t bad = scrubs_.only_bad_copies(); bad != 0) {
    view.warnings.push_back(
        fmt::format("{} files have only bad copies left on nodes that are not dead; their bytes are kept in "
                    "quarantine, and `fsdfs fsck` lists them",
                    bad));
  }
  if (!view.settled) {
    view.warnings.push_back(
        "a node has not reported what it holds since its or the master's start: no copy of its files is "
        "deleted");
  }
}

}  // namespace fsdfs::master
