#include "master/scheduler/placement.h"

#include <algorithm>

namespace fsdfs::master {

namespace {
enum Mark : uint8_t { kMarkHas = 1, kMarkGoing = 2, kMarkOld = 4 };
}  // namespace

void Refusals::failed(uint64_t inode, NodeIndex node, const SchedulerSettings& settings, MonotonicTime now) {
  Entry& entry = entries_[{inode, node}];
  entry.wait = entry.wait == Duration{} ? settings.copy_retry_min
                                        : std::min<Duration>(entry.wait * 2, settings.copy_retry_max);
  entry.until = now + entry.wait;
  entry.ended = false;
}

bool Refusals::blocks(uint64_t inode, NodeIndex node) const {
  auto it = entries_.find({inode, node});
  return it != entries_.end() && !it->second.ended;
}

bool Refusals::advance(MonotonicTime now) {
  bool any = false;
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    if (!entry.ended && entry.until <= now) entry.ended = any = true;
    // The length of the wait is remembered for as long again, so that it can double.
    it = entry.ended && entry.until + entry.wait <= now ? entries_.erase(it) : std::next(it);
  }
  return any;
}

void Placement::count_near(NodeIndex node) {
  if (!model_.nodes.has(node, kLive)) return;
  const NodeBrief& n = model_.nodes.brief(node);
  if (zone_copies_.size() <= n.zone) zone_copies_.resize(n.zone + 1);
  if (host_copies_.size() <= n.host) host_copies_.resize(n.host + 1);
  ++zone_copies_[n.zone];
  ++host_copies_[n.host];
}

void Placement::mark(const Ask& ask) {
  marks_.assign(model_.nodes.end(), 0);
  std::fill(zone_copies_.begin(), zone_copies_.end(), 0);
  std::fill(host_copies_.begin(), host_copies_.end(), 0);
  auto has = [this](NodeIndex node) {
    marks_[node] |= kMarkHas;
    count_near(node);
  };
  if (ask.members != nullptr) {
    for (NodeIndex node : *ask.members) has(node);
  }
  if (ask.record == nullptr || ask.beside_copies) return;
  for (NodeIndex node : model_.files.holders(*ask.record)) has(node);
  if (const auto* ids = model_.jobs.of_inode(ask.inode)) {
    for (uint64_t id : *ids) has(model_.jobs.find(id)->target);
  }
  if (!ask.record->has_old) return;
  for (const Leftover& leftover : *model_.leftovers.find(ask.inode)) {
    marks_[leftover.node] |= leftover.version == ask.record->version ? kMarkGoing : kMarkOld;
  }
}

Placement::Fit Placement::fit(const Ask& ask, NodeIndex node) const {
  uint8_t marks = marks_[node];
  if ((marks & kMarkHas) != 0) return Fit::kHas;
  if ((marks & kMarkGoing) != 0) return Fit::kGoing;
  if (!model_.nodes.has(node, kTakes)) return Fit::kNotTaking;
  const NodeBrief& brief = model_.nodes.brief(node);
  if (ask.inode != 0 && refusals_.blocks(ask.inode, node)) return Fit::kFailedLately;
  auto bytes = static_cast<int64_t>(ask.bytes);
  if (brief.room_promised - (ask.keep_reserve ? brief.reserve : 0) < bytes) return Fit::kNoRoom;
  return brief.room_now >= bytes ? Fit::kNow : Fit::kAfterDeletions;
}

const std::vector<Placement::Candidate>& Placement::look(const Ask& ask) {
  mark(ask);
  candidates_.clear();
  for (NodeIndex index = 0; index < model_.nodes.end(); ++index) {
    if (!model_.nodes.has(index, kTakes) && !ask.all_nodes) continue;
    Candidate candidate;
    candidate.node = index;
    candidate.fit = fit(ask, index);
    if (candidate.fit <= Fit::kNoRoom) {
      const NodeBrief& brief = model_.nodes.brief(index);
      candidate.throttled = !ask.beside_copies && !throttle_.can_take(index, ask.lane);
      candidate.overloaded = brief.overloaded;
      candidate.old_base = (marks_[index] & kMarkOld) != 0;
      if (brief.zone < zone_copies_.size()) candidate.zone_copies = zone_copies_[brief.zone];
      if (brief.host < host_copies_.size()) candidate.host_copies = host_copies_[brief.host];
      candidate.attraction = brief.attraction;
    } else if (!ask.all_nodes) {
      continue;
    }
    candidates_.push_back(candidate);
  }
  return candidates_;
}

bool Placement::better(const Candidate& a, const Candidate& b) {
  // A busy node is the last choice, but a choice: it may be busy for ever.
  if (a.overloaded != b.overloaded) return b.overloaded;
  if (a.zone_copies != b.zone_copies) return a.zone_copies < b.zone_copies;
  if (a.host_copies != b.host_copies) return a.host_copies < b.host_copies;
  if (a.old_base != b.old_base) return a.old_base;
  if (a.fit != b.fit) return a.fit < b.fit;
  if (a.attraction != b.attraction) return a.attraction > b.attraction;
  return a.node < b.node;
}

Placement::Sources Placement::sources(const FileRecord& record, NodeIndex target, size_t most) const {
  struct Ranked {
    NodeIndex node;
    bool ready, draining, far;
    double load;
  };
  std::vector<Ranked> ranked;
  for (NodeIndex index : model_.files.holders(record)) {
    if (!model_.nodes.has(index, kSource)) continue;
    const Node& node = model_.nodes.at(index);
    const NodeLoad& load = node.info.load;
    double busy = std::max({load.cpu, load.net, load.disk}) +
                  static_cast<double>(node.copies_out) / std::max(1, model_.settings.copies_out_per_node);
    ranked.push_back({index, throttle_.can_give(index), node.info.admin == AdminState::kDraining,
                      node.zone != model_.nodes.at(target).zone, busy});
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    if (a.draining != b.draining) return b.draining;
    if (a.ready != b.ready) return a.ready;
    if (a.far != b.far) return b.far;
    if (a.load != b.load) return a.load < b.load;
    return a.node < b.node;
  });
  Sources result;
  if (ranked.size() > most) ranked.resize(most);
  for (const Ranked& r : ranked) result.nodes.push_back(r.node);
  result.ready = !ranked.empty() && ranked.front().ready;
  return result;
}

}  // namespace fsdfs::master
