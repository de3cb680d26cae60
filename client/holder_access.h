// HolderAccess: one open file's holders and ticket, kept usable while it is read.
//
// Used by FileReader. Thread-safe. The master is asked again (by the inode) when the ticket nears its end
// and when every holder has failed; one caller asks, the others wait for the answer. Once the answer shows
// another version, every call fails with kAborted and kStaleVersion.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "client/block_fetch.h"
#include "client/holder_choice.h"
#include "client/swarm_client.h"
#include "client/types.h"
#include "common/clock.h"
#include "common/status.h"

namespace fsdfs::client {

class HolderAccess {
 public:
  // `client` outlives this.
  HolderAccess(SwarmClient& client, OpenFile file);

  // Starts a fetch from the best holder, if that can be done at once; null if it takes asking the master.
  std::shared_ptr<BlockFetch> try_start(const BlockRange& range);
  // The same, asking the master as often as it takes. Fails with kStaleVersion, with what the master says of
  // the file, or at the deadline with kUnavailable and the last holder's fault.
  Result<std::shared_ptr<BlockFetch>> start(const BlockRange& range, MonotonicTime deadline);
  // A fetch ended so: its holder is left for another, unless only the ticket was too old.
  void failed(const NodeAddress& holder, const Status& status);

  const Attributes& attributes() const { return attributes_; }

 private:
  bool ticket_is_near_its_end() const;
  std::shared_ptr<BlockFetch> try_start_locked(const BlockRange& range);
  // Asks the master, or waits for who is asking. Called and returns with `lock` held.
  Status renew(std::unique_lock<std::mutex>& lock, MonotonicTime deadline);
  Status take(Result<OpenFile> renewed);
  Status no_holder() const;

  SwarmClient& client_;
  const Attributes attributes_;

  mutable std::mutex mutex_;
  std::condition_variable renewed_;
  HolderChoice choice_;  // guarded by mutex_, as all below
  std::string ticket_;
  MonotonicTime expires_;
  bool renewing_ = false;
  NodeId found_expired_;  // the last holder that did not take the ticket any more
  MonotonicTime last_renewal_ = MonotonicTime{};
  Duration pause_{};             // before a renewal that follows the last one closely
  std::optional<Status> final_;  // what no renewal can cure
  Status last_fault_;            // of a holder, or of the master
};

}  // namespace fsdfs::client
