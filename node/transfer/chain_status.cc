#include "node/transfer/chain_status.h"

#include <string>

namespace fsdfs::node {
namespace {

constexpr std::string_view kBefore = "node ";
constexpr std::string_view kAfter = " failed: ";
constexpr size_t kUuidText = 36;

bool is_callers_fault(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
    case Code::kResourceExhausted:
    case Code::kFailedPrecondition:
    case Code::kAborted:
    case Code::kCancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace

Status blame(const NodeId& member, const Status& status) {
  if (status.ok() || is_callers_fault(status.code()) || blamed(status)) return status;
  return unavailable(std::string(kBefore) + to_string(member) + std::string(kAfter) + status.message());
}

std::optional<NodeId> blamed(const Status& status) {
  std::string_view text = status.message();
  if (status.code() != Code::kUnavailable || !text.starts_with(kBefore)) return std::nullopt;
  text.remove_prefix(kBefore.size());
  if (text.size() < kUuidText || !text.substr(kUuidText).starts_with(kAfter)) return std::nullopt;
  auto node = parse_id<NodeId>(text.substr(0, kUuidText));
  if (!node.ok()) return std::nullopt;
  return *node;
}

}  // namespace fsdfs::node
