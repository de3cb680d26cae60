#include "client/convert_admin.h"

#include "client/convert.h"

namespace fsdfs::client {

namespace {

template <typename Enum>
Enum known_or_unknown(int value, Enum last) {
  return value >= 0 && value <= static_cast<int>(last) ? static_cast<Enum>(value) : Enum::kUnknown;
}
NodeState known_state(int value) {
  return known_or_unknown(value, NodeState::kDead);
}
AdminState admin_state(int value) {
  return known_or_unknown(value, AdminState::kRemoving);
}

MinSurplus min_surplus(const v1::MinSurplus& wire) {
  MinSurplus surplus;
  if (wire.has_all()) surplus.all = wire.all();
  if (wire.has_uncapped()) surplus.uncapped = wire.uncapped();
  return surplus;
}

}  // namespace

AdminStateChange from_wire(const v1::SetAdminStateReply& wire) {
  return {.node = from_wire(wire.node()),
          .before = admin_state(wire.before()),
          .state = admin_state(wire.state())};
}

RemovalProgress from_wire(const v1::RemoveNodeProgress& wire) {
  RemovalProgress progress{.node = from_wire(wire.node()),
                           .phase = known_or_unknown(wire.phase(), RemovalPhase::kDone),
                           .records = wire.records(),
                           .sole_copies = {}};
  for (const auto& copy : wire.sole_copies()) {
    progress.sole_copies.push_back(
        {.inode = InodeId{copy.inode()}, .path = copy.path(), .size = copy.size()});
  }
  return progress;
}

ScrubStarted from_wire(const v1::ScrubReply& wire) {
  ScrubStarted started;
  started.request = wire.request();
  for (const auto& node : wire.nodes()) started.nodes.push_back(from_wire(node));
  for (const auto& node : wire.absent()) started.absent.push_back(from_wire(node));
  return started;
}

FsckProgress from_wire(const v1::FsckProgress& wire) {
  FsckProgress progress;
  progress.what = wire.what();
  progress.records = wire.records();
  progress.done = wire.done();
  for (const auto& finding : wire.findings()) {
    progress.findings.push_back({finding.kind(), InodeId{finding.inode()}, finding.path(),
                                 from_wire(finding.node()), finding.what(), finding.remedy(),
                                 finding.repaired()});
  }
  for (const auto& node : wire.not_asked()) progress.not_asked.push_back(from_wire(node));
  return progress;
}

Explanation from_wire(const v1::ExplainReply& wire) {
  Explanation answer;
  answer.attributes = from_wire(wire.attributes());
  answer.target = wire.target();
  answer.target_origin = wire.target_origin();
  answer.copies = wire.copies();
  answer.arriving = wire.arriving();
  answer.surplus = wire.surplus();
  answer.open = wire.open();
  answer.trash = wire.trash();
  for (const auto& place : wire.places()) {
    answer.places.push_back({.node = from_wire(place.node()),
                             .state = known_or_unknown(place.state(), PlaceState::kDoomed),
                             .counts = place.counts(),
                             .node_state = known_state(place.node_state()),
                             .admin_state = admin_state(place.admin_state())});
  }
  for (const auto& node : wire.not_on()) {
    answer.not_on.push_back({.node = from_wire(node.node()),
                             .why = node.why(),
                             .node_state = known_state(node.node_state()),
                             .admin_state = admin_state(node.admin_state())});
  }
  answer.next = wire.next();
  return answer;
}

WhatIf from_wire(const v1::WhatIfReply& wire) {
  return {.node = from_wire(wire.node()),
          .now = min_surplus(wire.now()),
          .right_away = min_surplus(wire.right_away()),
          .settled = min_surplus(wire.settled()),
          .files_lost = wire.files_lost(),
          .files_left_one = wire.files_left_one(),
          .copies = wire.copies(),
          .bytes = wire.bytes(),
          .room = wire.room(),
          .fits = wire.fits(),
          .exact = wire.exact()};
}

EventBatch from_wire(const v1::EventsReply& wire) {
  EventBatch batch{
      .epoch = Epoch{wire.epoch()}, .missed = wire.missed(), .position = wire.position(), .events = {}};
  batch.events.reserve(static_cast<size_t>(wire.events_size()));
  for (const auto& event : wire.events()) {
    batch.events.push_back({.sequence = event.sequence(),
                            .time = from_wire(event.time()),
                            .kind = event.kind(),
                            .inode = InodeId{event.inode()},
                            .path = event.path(),
                            .node = from_wire(event.node()),
                            .cause = event.cause(),
                            .text = event.text()});
  }
  return batch;
}

}  // namespace fsdfs::client
