// BlockFetch: one range of one replica from one holder, on its way.
//
// Used by FileReader alone. The bytes arrive on gRPC's threads and are checked there, block by block;
// readers wait for the part they need. A fetch buffers its whole range, so ranges are short (read_ahead.h)
// and a holder never has a stream open that waits for a slow reader. What has arrived stays readable after
// a failure: another fetch goes on behind it.
// Thread-safe. Every byte handed out has passed its block's sum (invariant 5).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "client/block_range.h"
#include "client/node_channels.h"
#include "client/types.h"
#include "common/clock.h"
#include "common/status.h"

namespace fsdfs::client {

struct FetchRequest {
  ReplicaId replica;
  uint64_t file_size = 0;
  BlockRange range;  // not empty
  std::string ticket;
  NodeAddress holder;
};

// Checks one message of a read stream against what is expected next. Ok: all of its data is good.
Status check_chunk(const v1::ReadChunk& chunk, uint64_t expected_offset, const FetchRequest& request);

class BlockFetch {
 public:
  // Starts at once; what goes wrong shows in wait().
  static std::shared_ptr<BlockFetch> start(NodeChannels& channels, FetchRequest request);
  ~BlockFetch();  // cancels
  BlockFetch(const BlockFetch&) = delete;
  BlockFetch& operator=(const BlockFetch&) = delete;

  const FetchRequest& request() const;

  struct Progress {
    uint64_t arrived = 0;  // bytes of the file up to here (from range.begin) can be copied
    bool ended = false;    // nothing more will come
    Status status;         // why, unless all came
    MonotonicTime last;    // when something last arrived, or the start
  };
  // Waits until more than `offset` has arrived, the fetch has ended or `until` has passed.
  Progress wait(uint64_t offset, MonotonicTime until);
  // Copies what has arrived from `offset` on; the bytes copied.
  size_t copy(uint64_t offset, std::span<std::byte> out) const;
  void cancel();

 private:
  class Stream;
  explicit BlockFetch(std::shared_ptr<Stream> stream);

  // Shared with gRPC, which keeps it until the call has ended, later than this may go.
  const std::shared_ptr<Stream> stream_;
};

}  // namespace fsdfs::client
