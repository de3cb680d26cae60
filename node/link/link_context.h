// LinkContext: what the link to the master works with. Owned by the Node, outlives the link.
#pragma once

#include <memory>
#include <string>

#include "common/log.h"
#include "common/rpc/channel.h"
#include "common/swarm_time.h"
#include "node/link/deleter.h"
#include "node/link/load.h"
#include "node/link/outbox.h"
#include "node/scrub/scrub_thread.h"
#include "node/settings.h"
#include "node/store/store.h"
#include "node/transfer/idle_watch.h"
#include "node/transfer/puller.h"

namespace fsdfs::node {

struct LinkContext {
  const NodeSettings& settings;
  std::string address;  // where others reach this node
  std::string host;
  NodeDisks& disks;
  ReplicaStore& store;
  Puller& puller;
  Deleter& deleter;
  Outbox& outbox;
  LoadSampler& load;
  std::shared_ptr<Wake> wake;  // shared with the change log's listener and the outbox
  Dialer& dialer;
  IdleWatch& watch;
  const Clock& clock;
  SwarmClock& swarm_clock;  // told the master's time at each welcome
  Logger& logger;
  ScrubThread& scrub;
  VerifiedLog& verified;
};

}  // namespace fsdfs::node
