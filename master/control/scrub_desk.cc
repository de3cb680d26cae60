#include "master/control/scrub_desk.h"

#include <algorithm>
#include <set>

namespace fsdfs::master {

ScrubStarted ScrubDesk::start(const std::vector<NodeId>& nodes) {
  ScrubStarted started;
  started.request = compose_with_epoch(epoch_, ++requests_);
  for (auto& [id, node] : context_.nodes.all()) {
    bool named = std::find(nodes.begin(), nodes.end(), id) != nodes.end();
    if (!named && (!nodes.empty() || node.liveness == Liveness::kDead)) continue;
    bool sent =
        node.link != nullptr && node.link->send(context_.store.epoch(), ScrubMessage{started.request});
    (sent ? started.told : started.not_told).push_back(node.record);
    if (sent) context_.events.add({.kind = EventKind::kScrubOrdered, .node = id});
  }
  return started;
}

size_t ScrubDesk::only_bad_copies() const {
  std::set<InodeId> files;
  size_t looked_at = 0;
  for (const auto& [id, node] : context_.nodes.all()) {
    node.quarantined.for_each([&](const ReplicaId& replica) {
      if (looked_at++ < kCountedMax && context_.scheduler.holders(replica.inode).empty()) {
        files.insert(replica.inode);
      }
      return looked_at < kCountedMax;
    });
  }
  return files.size();
}

}  // namespace fsdfs::master
