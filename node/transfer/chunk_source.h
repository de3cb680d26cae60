// ChunkSource: turns a ReadRequest into the chunks that answer it, one at a time. Knows the store, not gRPC.
//
// Invariant 5: every block was verified just before it goes into a chunk; what fails is never sent, and the
// item ends with DATA_LOSS instead. An item that fails does not stop those after it. For one thread at a
// time. Reading blocks on the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fsdfs/replicas.pb.h"
#include "node/store/store.h"
#include "node/transfer/access.h"

namespace fsdfs::node {

inline constexpr size_t kChunkBytes = 512 * 1024;   // of content in a message: 8 blocks
inline constexpr size_t kSumsInChunk = 128 * 1024;  // of a description in one message: 1 MiB of sums
static_assert(kChunkBytes % kBlockSize == 0);

// Of the content in the message, in bytes.
uint64_t content_bytes(const v1::ReadChunk& message);

class ChunkSource {
 public:
  ChunkSource(ReplicaStore& store, const Access& access, Caller caller, v1::ReadRequest request)
      : store_(store), access_(access), caller_(caller), request_(std::move(request)) {}

  // False: there are no more. Else `chunk` (empty before) is the next.
  bool next(v1::ReadChunk& chunk);
  // Whether the item at hand is a copy for another node rather than a client's read.
  bool pulling() const { return item_ < request_.items_size() && is_pull(request_.items(item_)); }

 private:
  static bool is_pull(const v1::ReadItem& item) { return item.describe() || item.pull(); }
  Status check(const v1::ReadItem& item, const ReplicaId& replica);
  Status open_item(const v1::ReadItem& item);
  void describe(v1::ReadChunk& chunk);
  Status fill(v1::ReadChunk& chunk);

  ReplicaStore& store_;
  const Access& access_;
  const Caller caller_;
  const v1::ReadRequest request_;
  int item_ = 0;
  int admitted_ = -1;                           // the last item whose ticket was checked and right
  std::shared_ptr<const OpenReplica> replica_;  // of the item, once it is open; shared with the store's cache
  uint64_t offset_ = 0;                         // next bytes of the item
  uint64_t end_ = 0;
  bool describing_ = false;  // sums from described_ on are still to be sent
  size_t described_ = 0;
};

}  // namespace fsdfs::node
