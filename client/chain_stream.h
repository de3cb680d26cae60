// ChainStream: one session's bytes on their way through the head of its chain.
//
// Used by upload() alone, from one thread; gRPC's threads do the sending. What is handed over is kept until
// the whole chain has it, and no more than kWindow of it: then write() waits. A ChainStream that is destroyed
// before its receipts came cancels the transfer; the chain discards what it staged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/node_channels.h"
#include "client/types.h"
#include "common/checksum.h"
#include "common/clock.h"
#include "common/status.h"

namespace fsdfs::client {

// What the head is told first.
struct ChainOpening {
  OpenedSession session;
  uint64_t size = 0;     // bytes to reserve
  ReplicaOrigin origin;  // for the replica's description of itself
};

class ChainStream {
 public:
  static constexpr uint64_t kWindow = 8ULL << 20;  // bytes handed over that the chain does not have yet

  // Begins at once; what goes wrong shows in the calls below.
  static std::unique_ptr<ChainStream> start(NodeChannels& channels, const ChainOpening& opening);
  ~ChainStream();
  ChainStream(const ChainStream&) = delete;
  ChainStream& operator=(const ChainStream&) = delete;

  // Waits until the window has room; kDeadlineExceeded if by `until` it had none, or the chain's own error.
  Status wait_for_room(MonotonicTime until);
  // Hands over the next bytes: whole blocks, but for the last ones of the content. After wait_for_room.
  // `more_at_once`: another write or the finish follows without delay, and may travel in one packet with
  // this.
  void write(std::string data, const BlockSums& sums, bool more_at_once);
  // The content is complete. Nothing may be written after it.
  void finish(uint64_t size, const ContentDigest& digest);
  // All members' receipts; kDeadlineExceeded if by `until` they have not come (and may still come).
  Result<std::vector<std::string>> receipts(MonotonicTime until);

  uint64_t acked_bytes() const;  // that the whole chain has

 private:
  class Stream;
  explicit ChainStream(std::shared_ptr<Stream> stream);

  const std::shared_ptr<Stream> stream_;  // shared with gRPC, until the call has ended
};

}  // namespace fsdfs::client
