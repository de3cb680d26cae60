#include "client/holder_choice.h"

#include <algorithm>
#include <utility>

namespace fsdfs::client {

const NodeAddress* HolderChoice::best() const {
  for (const Holder& holder : holders_) {
    if (!failed_.contains(holder.node.node)) return &holder.node;
  }
  return nullptr;
}

void HolderChoice::failed(const NodeId& node) {
  failed_.insert(node);
}

void HolderChoice::renew(std::vector<Holder> holders) {
  failed_earlier_.merge(failed_);
  failed_.clear();
  holders_ = std::move(holders);
  std::stable_partition(holders_.begin(), holders_.end(),
                        [&](const Holder& holder) { return !failed_earlier_.contains(holder.node.node); });
}

}  // namespace fsdfs::client
