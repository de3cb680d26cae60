#include "client/retry_plan.h"

#include <algorithm>

#include "client/pause.h"

namespace fsdfs::client {

namespace {

const NodeAddress* suspect(const std::vector<NodeAddress>& chain, const Status& status) {
  for (size_t i = chain.size(); i-- > 1;) {
    if (status.message().find(to_string(chain[i].node)) != std::string::npos) return &chain[i];
  }
  for (size_t i = chain.size(); i-- > 1;) {
    if (status.message().find(chain[i].address) != std::string::npos) return &chain[i];
  }
  return chain.empty() ? nullptr : chain.data();
}

}  // namespace

void RetryPlan::chain_failed(const std::vector<NodeAddress>& chain, const Status& status) {
  fault_ = Fault::kChain;
  const NodeAddress* node = suspect(chain, status);
  if (node != nullptr && std::find(avoid_.begin(), avoid_.end(), node->node) == avoid_.end()) {
    avoid_.push_back(node->node);
  }
}

Status RetryPlan::source_failed(const Status& status) {
  fault_ = Fault::kSource;
  return status;
}

bool RetryPlan::master_is_away(const Status& status) const {
  return fault_ == Fault::kMaster &&
         (status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded);
}

bool RetryPlan::may_help(const Status& status) {
  if (fault_ == Fault::kSource) return false;
  if (fault_ == Fault::kChain || status.code() == Code::kAborted) return true;
  if (status.code() == Code::kUnavailable) return true;
  if (status.code() == Code::kResourceExhausted && !avoid_.empty()) {
    // Without the nodes to avoid there is no room: better those than none.
    avoid_.clear();
    return true;
  }
  return false;
}

Result<Duration> RetryPlan::next_try(const Status& status, ContentSource& source) {
  bool help = may_help(status);
  fault_ = Fault::kMaster;
  if (!help || clock_.now() >= deadline()) return status;
  if (!source.rewind()) {
    return Status(status.code(),
                  status.message() + " (and what was read already cannot be read again to try anew)",
                  status.reason());
  }
  Duration pause = pause_;
  pause_ = next_pause(pause_);
  return pause;
}

}  // namespace fsdfs::client
