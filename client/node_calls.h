// Calls to one node beside the transfers of content: who it is, what its replicas say of themselves, and the
// adoption of a file of its machine.
//
// Used by `fsdfs unknown` and `fsdfsd import`. Thread-safe functions. Each ends by its timeout; errors are
// those of the node, or kUnavailable with its address.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/node_channels.h"
#include "client/unknown.h"
#include "common/checksum.h"
#include "common/clock.h"
#include "common/status.h"

namespace fsdfs::client {

struct NodeIdentity {
  NodeId node;
  std::vector<std::string> masters;      // HOST:PORT, where it looks for its master
  std::vector<std::string> directories;  // where it keeps its replicas, on its machine
};
Result<NodeIdentity> identify_node(NodeChannels& channels, const std::string& address, Duration timeout);

struct DescribeItem {
  ReplicaId replica;
  std::string ticket;
};
inline constexpr size_t kDescribedMax = 256;
// At most kDescribedMax; one answer an item, in their order.
Result<std::vector<Result<ReplicaOrigin>>> describe_replicas(NodeChannels& channels,
                                                             const std::string& address,
                                                             const std::vector<DescribeItem>& items,
                                                             Duration timeout);

// A local file as lstat saw it, for the session that it shall be the content of.
struct FileToAdopt {
  std::string path;  // absolute
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  bool moving = false;  // its own name is removed afterwards
  ReplicaOrigin origin;
};
enum class AdoptedBy : uint8_t { kUnknown = 0, kLink = 1, kReflink = 2, kCopy = 3 };
struct AdoptedFile {
  ContentDigest digest;
  std::string receipt;
  AdoptedBy by = AdoptedBy::kUnknown;
};
// `on_progress`: bytes summed so far; false gives up (kCancelled).
Result<AdoptedFile> adopt_file(NodeChannels& channels, const OpenedSession& session, const FileToAdopt& file,
                               const std::function<bool(uint64_t bytes)>& on_progress);

}  // namespace fsdfs::client
