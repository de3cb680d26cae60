// Identity: what the identity file of a data directory says: whose it is, and which other disks that node
// has.
//
//   fsdfs-identity 2
//   swarm: 8e0c...            (empty until the first join)
//   node: 51b2...
//   incarnation: 7            (grows durably at each start of the node)
//   epoch: 3                  (the highest that this node has granted, invariant 9)
//   disk: 77f0...             (this directory's own)
//   known: 77f0... /data/a    (one line for each disk of the node, as its last start was told)
//   known: c1d2... /data/b
//   sum: 9f86d081884c7d65     (XXH3-64 of the lines above)
//
// Format 1 had neither `disk` nor `known`. Functions without state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/status.h"

namespace fsdfs::node {

struct KnownDisk {
  DiskId disk;  // none: it was never readable
  std::string path;
  friend bool operator==(const KnownDisk&, const KnownDisk&) = default;
};

struct Identity {
  SwarmId swarm;  // none: never joined
  NodeId node;
  Incarnation incarnation;
  Epoch epoch;  // 0: none granted
  DiskId disk;  // none: of format 1
  std::vector<KnownDisk> known;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// Of format 2. The paths have no line breaks.
std::string encode_identity(const Identity& identity);
// Either format. kDataLoss says what is wrong with the text.
Result<Identity> decode_identity(std::string_view text);

}  // namespace fsdfs::node
