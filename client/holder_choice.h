// HolderChoice: which of a file's holders to ask next. A pure value: no threads, no clock.
//
// The master's order (best first) is kept, but for what this reader has seen itself: a holder that failed is
// not named again until the list is renewed, and after that only behind those that have not failed. Used by
// FileReader, under its lock.
#pragma once

#include <set>
#include <vector>

#include "client/types.h"

namespace fsdfs::client {

class HolderChoice {
 public:
  explicit HolderChoice(std::vector<Holder> holders) { renew(std::move(holders)); }

  // The best one that has not failed since the last renewal; null when there is none.
  const NodeAddress* best() const;
  void failed(const NodeId& node);
  void renew(std::vector<Holder> holders);

 private:
  std::vector<Holder> holders_;      // best first
  std::set<NodeId> failed_;          // since the last renewal
  std::set<NodeId> failed_earlier_;  // before it
};

}  // namespace fsdfs::client
