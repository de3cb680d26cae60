// LeaseKeeper: keeps the sessions of slow transfers alive while their threads wait for something else.
//
// Used by imports, whose node may read a big file for hours. Thread-safe; one thread of its own, which sleeps
// while all sessions are young. A session that cannot be renewed is left to its commit, which will say so.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "client/swarm_client.h"
#include "client/types.h"

namespace fsdfs::client {

class LeaseKeeper {
 public:
  // `client` outlives this.
  explicit LeaseKeeper(SwarmClient& client);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // Renews a session's lease while it lives.
  class Hold {
   public:
    Hold(LeaseKeeper& keeper, const OpenedSession& session, uint64_t size);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    LeaseKeeper& keeper_;
    const SessionId session_;
  };

 private:
  struct Kept {
    uint64_t size = 0;  // reserved, in bytes
    Duration lease{};
    MonotonicTime due;
  };
  void work();

  SwarmClient& client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<SessionId, Kept> kept_;  // guarded by mutex_
  bool stopped_ = false;            // guarded by mutex_
  std::thread thread_;
};

}  // namespace fsdfs::client
