#include "node/store/node_disks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace fsdfs::node {
namespace {

using Slots = std::vector<NodeDisks::Slot>;

void refuse(NodeDisks::Slot& slot, Status why) {
  slot.refused = std::move(why);
  slot.directory.reset();
}

bool has_identity(const NodeDisks::Slot& slot) {
  return slot.directory && !slot.directory->is_empty();
}

Slots lock_all(Disk& disk, const std::vector<std::string>& paths, Logger& logger) {
  Slots slots;
  for (const std::string& path : paths) {
    NodeDisks::Slot& slot = slots.emplace_back();
    slot.path = path;
    auto directory = DataDirectory::lock(disk, path, logger);
    if (directory.ok()) {
      slot.directory = std::move(*directory);
    } else {
      refuse(slot, directory.status());
    }
  }
  return slots;
}

// The node that most of the disks name; of several the one that is named first. None: no disk names one.
NodeId node_of_most(const Slots& slots) {
  std::map<NodeId, size_t> votes;
  for (const auto& slot : slots) {
    if (has_identity(slot)) ++votes[slot.directory->node()];
  }
  NodeId node;
  size_t most = 0;
  for (const auto& slot : slots) {
    if (!has_identity(slot) || votes[slot.directory->node()] <= most) continue;
    node = slot.directory->node();
    most = votes[node];
  }
  return node;
}

void refuse_strangers(Slots& slots, const NodeId& node) {
  for (auto& slot : slots) {
    if (!has_identity(slot) || slot.directory->node() == node) continue;
    refuse(slot, failed_precondition(
                     fmt::format("data directory {} belongs to node {}, and the other disks here to node {}; "
                                 "give that node its directory back, or choose an empty one",
                                 slot.path, to_string(slot.directory->node()), to_string(node)),
                     Reason::kWrongIdentity));
  }
}

// Of swarm, incarnation and epoch the highest; the known disks as the latest start wrote them.
Identity merge(const Slots& slots, const NodeId& node) {
  Identity merged;
  merged.node = node;
  for (const auto& slot : slots) {
    if (!has_identity(slot)) continue;
    Identity identity = slot.directory->identity();
    if (merged.swarm.none()) merged.swarm = identity.swarm;
    if (identity.incarnation > merged.incarnation) merged.known = std::move(identity.known);
    merged.incarnation = std::max(merged.incarnation, identity.incarnation);
    merged.epoch = std::max(merged.epoch, identity.epoch);
  }
  return merged;
}

// Which path a disk had at the last start, and which disk a path had.
const KnownDisk* known_at(const Identity& identity, const std::string& path) {
  for (const KnownDisk& known : identity.known) {
    if (known.path == path) return &known;
  }
  return nullptr;
}

bool is_here(const Slots& slots, const DiskId& disk) {
  return std::any_of(slots.begin(), slots.end(), [&](const auto& slot) {
    return has_identity(slot) && slot.directory->identity().disk == disk;
  });
}

// Two directories that say they are one disk: the one that is where it was stays.
void refuse_copies(Slots& slots, const Identity& merged) {
  std::map<DiskId, NodeDisks::Slot*> first;
  for (auto& slot : slots) {
    if (!has_identity(slot) || slot.directory->identity().disk.none()) continue;
    DiskId disk = slot.directory->identity().disk;
    auto [found, fresh] = first.emplace(disk, &slot);
    if (fresh) continue;
    NodeDisks::Slot* copy = &slot;
    const KnownDisk* known = known_at(merged, slot.path);
    if (known != nullptr && known->disk == disk) std::swap(copy, found->second);
    refuse(*copy, failed_precondition(fmt::format("data directory {} is a copy of the one at {}; choose an "
                                                  "empty directory instead of the copy",
                                                  copy->path, found->second->path),
                                      Reason::kWrongIdentity));
  }
}

void refuse_unmounted(Slots& slots, const Identity& merged) {
  for (auto& slot : slots) {
    if (!slot.directory || has_identity(slot)) continue;
    const KnownDisk* known = known_at(merged, slot.path);
    if (known == nullptr || known->disk.none() || is_here(slots, known->disk)) continue;
    refuse(slot,
           failed_precondition(
               fmt::format("data directory {0} is empty, and disk {1} of node {2} should be there: if it "
                           "is not mounted, mount it and start fsdfsd again; if it is lost, start once "
                           "without --data {0}, and then again with it",
                           slot.path, to_string(known->disk), to_string(merged.node)),
               Reason::kWrongIdentity));
  }
}

std::vector<DiskId> disk_ids(const Slots& slots, const Identity& merged) {
  std::vector<DiskId> ids;
  for (const auto& slot : slots) {
    const KnownDisk* known = known_at(merged, slot.path);
    DiskId id = slot.directory ? slot.directory->identity().disk : known != nullptr ? known->disk : DiskId{};
    if (slot.directory && id.none()) id = random_id<DiskId>();
    ids.push_back(id);
  }
  return ids;
}

// Writes the identity to every disk; one that does not take it is refused.
void claim_all(Slots& slots, Identity& identity) {
  std::vector<DiskId> ids = disk_ids(slots, identity);
  identity.known.clear();
  for (size_t i = 0; i < slots.size(); ++i) identity.known.push_back({ids[i], slots[i].path});
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].directory) continue;
    identity.disk = ids[i];
    if (Status status = slots[i].directory->claim(identity); !status.ok()) refuse(slots[i], status);
  }
  identity.disk = {};
}

// Somebody left it out on purpose, or forgot it.
void warn_of_absent(const Slots& slots, const Identity& merged, Logger& logger) {
  for (const KnownDisk& known : merged.known) {
    bool given =
        std::any_of(slots.begin(), slots.end(), [&](const auto& slot) { return slot.path == known.path; });
    if (given || known.disk.none() || is_here(slots, known.disk)) continue;
    logger.warning("disk {} of this node, last at {}, is not among its --data: what it holds is not there",
                   to_string(known.disk), known.path);
  }
}

// With a single disk its reason is the start's.
Status check_any(const Slots& slots) {
  bool any =
      std::any_of(slots.begin(), slots.end(), [](const auto& slot) { return slot.directory != nullptr; });
  return any ? Status() : slots.front().refused;
}

// Nobody can say who the node is: only where all is empty it is a new one.
Status check_all_empty(const Slots& slots) {
  for (const auto& slot : slots) FSDFS_TRY(slot.refused);
  return {};
}

}  // namespace

Result<std::unique_ptr<NodeDisks>> NodeDisks::open(Disk& disk, const std::vector<std::string>& paths,
                                                   Logger& logger) {
  for (const std::string& path : paths) {
    if (path.find('\n') != std::string::npos) {
      return invalid_argument("a data directory whose path has a line break: choose another path");
    }
  }
  Slots slots = lock_all(disk, paths, logger);
  NodeId node = node_of_most(slots);
  bool fresh = node.none();
  if (fresh) {
    FSDFS_TRY(check_all_empty(slots));
    node = random_id<NodeId>();
  }
  refuse_strangers(slots, node);
  Identity identity = merge(slots, node);
  refuse_copies(slots, identity);
  refuse_unmounted(slots, identity);
  FSDFS_TRY(check_any(slots));
  warn_of_absent(slots, identity, logger);
  ++identity.incarnation.value;
  claim_all(slots, identity);
  FSDFS_TRY(check_any(slots));
  if (fresh) logger.info("data directory {} is new: this is node {}", paths.front(), to_string(node));
  for (const Slot& slot : slots) {
    if (!slot.directory) logger.error("a data disk is left out: {}", slot.refused.message());
  }
  return std::unique_ptr<NodeDisks>(new NodeDisks(std::move(slots), std::move(identity)));
}

NodeDisks::NodeDisks(std::vector<Slot> slots, Identity identity)
    : slots_(std::move(slots)),
      node_(identity.node),
      incarnation_(identity.incarnation),
      identity_(std::move(identity)) {}

DataDirectory& NodeDisks::first() const {
  auto found =
      std::find_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.directory != nullptr; });
  return *found->directory;
}

Identity NodeDisks::identity() const {
  std::lock_guard lock(mutex_);
  return identity_;
}

// A disk that fails at it is out; one that is merely full is not, and must not be left behind.
Status NodeDisks::replace(const Identity& identity) {
  Status failure = unavailable("no data disk of node " + to_string(node_) + " works");
  bool written = false;
  for (const Slot& slot : slots_) {
    if (!slot.directory || slot.directory->health().failed()) continue;
    Identity own = identity;
    own.disk = slot.directory->identity().disk;
    Status status = slot.directory->replace(own);
    if (status.ok()) {
      written = true;
    } else {
      failure = status;
      if (!slot.directory->health().failed()) return status;
    }
  }
  if (!written) return failure;
  std::lock_guard lock(mutex_);
  identity_ = identity;
  return {};
}

Status NodeDisks::grant(Epoch epoch) {
  Identity changed = identity();
  if (epoch == changed.epoch) return {};
  if (epoch < changed.epoch) {
    return failed_precondition(
        fmt::format("a master of epoch {} is out of date: this node has granted epoch {}", epoch.value,
                    changed.epoch.value),
        Reason::kStaleEpoch);
  }
  changed.epoch = epoch;
  return replace(changed);
}

Status NodeDisks::set_swarm(const SwarmId& swarm) {
  Identity changed = identity();
  if (changed.swarm == swarm) return {};
  if (!changed.swarm.none()) {
    return failed_precondition(
        fmt::format(
            "data directory {} belongs to swarm {}, and the master is of swarm {}; join the right master, or "
            "choose an empty directory",
            layout().root(), to_string(changed.swarm), to_string(swarm)),
        Reason::kWrongIdentity);
  }
  changed.swarm = swarm;
  return replace(changed);
}

}  // namespace fsdfs::node
