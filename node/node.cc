#include "node/node.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "common/concurrency/thread_pool.h"
#include "common/rpc/channel.h"
#include "common/swarm_time.h"
#include "node/link/host.h"
#include "node/link/master_link.h"
#include "node/link/record_follower.h"
#include "node/service/replicas_service.h"
#include "node/transfer/puller.h"

namespace fsdfs::node {
namespace {

constexpr size_t kTransferQueueMax = 1 << 16;  // events of streams that wait for a thread
constexpr size_t kAdoptionsQueued = 1024;      // more are refused
constexpr Duration kStreamsEndWait = std::chrono::seconds(10);

StoreSettings store_settings(const NodeSettings& settings) {
  StoreSettings store;
  store.quotas = settings.quotas;
  store.free_floor = settings.free_floor;
  store.open_replicas_max = settings.open_replicas_max;
  store.tree = settings.tree;
  return store;
}

std::vector<std::string> absolute_paths(const NodeDisks& disks) {
  std::vector<std::string> paths;
  for (const NodeDisks::Slot& slot : disks.slots()) paths.push_back(std::filesystem::absolute(slot.path));
  return paths;
}

}  // namespace

// What there is once the store is open. The order is that of dependence: the last is destroyed first.
struct Node::Parts {
  Parts(Node& node, std::unique_ptr<ReplicaStore> opened)
      : store(std::move(opened)),
        swarm_clock(node.clock_),
        access(node.keys_, *node.disks_, swarm_clock),
        governor(node.clock_),
        watch(node.clock_),
        read_pool("reads", static_cast<size_t>(node.settings_.transfer_threads), kTransferQueueMax),
        copy_pool("copies-out", static_cast<size_t>(node.settings_.transfer_threads), kTransferQueueMax,
                  kCopyNiceness),
        write_pool("writes", static_cast<size_t>(node.settings_.transfer_threads), kTransferQueueMax),
        adopt_pool("adoptions",
                   std::clamp<size_t>(static_cast<size_t>(node.settings_.transfer_threads), 1, 8),
                   kAdoptionsQueued),
        streams{*store,
                access,
                meter,
                governor,
                node.clock_,
                node.logger_,
                node.dialer_,
                watch,
                read_pool,
                copy_pool,
                write_pool,
                adopt_pool,
                stream_count,
                node.settings_.streams_max,
                node.disks_->node(),
                node.settings_.idle_timeout,
                node.settings_.sync_timeout},
        service(streams, {node.settings_.masters, absolute_paths(*node.disks_)}),
        wake(std::make_shared<Wake>()),
        outbox(wake),
        puller({*store, node.dialer_, watch, meter, node.logger_, node.settings_.idle_timeout, access,
                node.clock_},
               static_cast<size_t>(node.settings_.copy_slots),
               [this](const OrderFailure& failure) { outbox.put(failure); }),
        deleter(*store, *node.disks_, puller, outbox, node.logger_),
        load(meter, node.clock_),
        scrubber(*store, node.disks_->disk(), node.disks_->layout().scrub_state(), verified, swarm_clock,
                 node.logger_, {node.settings_.scrub_period, node.settings_.scrub_rate},
                 mean_foreground(meter)) {}

  // The mean latency of clients' reads and writes between two calls.
  static Scrubber::Foreground mean_foreground(const TransferMeter& meter) {
    return [&meter, last = TransferMeter::ForegroundTotals()]() mutable {
      auto before = std::exchange(last, meter.foreground_totals());
      uint64_t count = last.count - before.count;
      return Duration(count == 0 ? 0 : static_cast<int64_t>((last.nanoseconds - before.nanoseconds) / count));
    };
  }

  const std::unique_ptr<ReplicaStore> store;
  SwarmClock swarm_clock;
  const Access access;
  TransferMeter meter;
  CopyGovernor governor;
  IdleWatch watch;
  ThreadPool read_pool;
  ThreadPool copy_pool;
  ThreadPool write_pool;
  ThreadPool adopt_pool;
  StreamCount stream_count;
  StreamContext streams;
  ReplicasService service;
  const std::shared_ptr<Wake> wake;  // shared with the change log's listener
  Outbox outbox;
  Puller puller;
  Deleter deleter;
  LoadSampler load;
  VerifiedLog verified;
  Scrubber scrubber;
  std::unique_ptr<ScrubThread> scrub;       // after start()
  std::unique_ptr<MasterLink> link;         // after start()
  std::unique_ptr<RecordFollower> records;  // after start()
};

Node::Node(NodeSettings settings, std::unique_ptr<NodeDisks> disks, NodeKeys keys, const Clock& clock,
           Logger& logger, Dialer& dialer)
    : settings_(std::move(settings)),
      keys_(keys),
      clock_(clock),
      logger_(logger),
      dialer_(dialer),
      disks_(std::move(disks)) {}

Node::~Node() {
  if (Status status = stop(); !status.ok()) logger_.error("closing the store: {}", status.message());
}

Status Node::open() {
  if (settings_.masters.empty()) return invalid_argument("a node needs the address of a master");
  FSDFS_ASSIGN(auto store, ReplicaStore::open(store_settings(settings_), *disks_, clock_, logger_));
  parts_ = std::make_unique<Parts>(*this, std::move(store));
  return {};
}

grpc::Service* Node::service() {
  return &parts_->service;
}

void Node::start(const std::string& address) {
  Parts& parts = *parts_;
  std::string host = settings_.host.empty() ? machine_identity() : settings_.host;
  parts.scrub = std::make_unique<ScrubThread>(parts.scrubber);
  parts.link = std::make_unique<MasterLink>(LinkContext{
      settings_, address, host, *disks_, *parts.store, parts.puller, parts.deleter, parts.outbox, parts.load,
      parts.wake, dialer_, parts.watch, clock_, parts.swarm_clock, logger_, *parts.scrub, parts.verified});
  parts.link->start();
  parts.records = std::make_unique<RecordFollower>(*parts.store, *disks_, dialer_, logger_, settings_);
}

void Node::prepare_stop() {
  if (!parts_) return;
  if (parts_->records) parts_->records->stop();
  if (parts_->link) parts_->link->stop();
  parts_->deleter.stop();
  parts_->puller.stop();
  if (parts_->scrub) parts_->scrub->stop();
}

Status Node::stop() {
  if (!parts_) return {};
  prepare_stop();
  // A stream to the next member of a chain may outlive the writer's by a moment.
  if (!parts_->stream_count.wait_for_none(clock_.now() + kStreamsEndWait)) {
    logger_.error("streams of node {} are still open: its server was not stopped first", to_string(id()));
  }
  parts_->read_pool.stop(ThreadPool::OnStop::kDrain);
  parts_->copy_pool.stop(ThreadPool::OnStop::kDrain);
  parts_->write_pool.stop(ThreadPool::OnStop::kDrain);
  parts_->adopt_pool.stop(ThreadPool::OnStop::kDrain);
  Status status = parts_->store->close();
  parts_.reset();
  return status;
}

NodeId Node::id() const {
  return disks_->node();
}

Epoch Node::epoch() const {
  return disks_->epoch();
}

ReplicaStore& Node::store() {
  return *parts_->store;
}

TransferMeter& Node::meter() {
  return parts_->meter;
}

bool Node::linked() const {
  return parts_ && parts_->link;
}

bool Node::joined() const {
  return linked() && parts_->link->joined();
}

bool Node::attached() const {
  return linked() && parts_->link->attached();
}

Status Node::last_error() const {
  return linked() ? parts_->link->last_error() : Status();
}

bool Node::wait_joined(Duration timeout) {
  return linked() && parts_->link->wait_joined(timeout);
}

}  // namespace fsdfs::node
