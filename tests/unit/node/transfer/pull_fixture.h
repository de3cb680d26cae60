// What the tests of copies share: a node's store with a puller, and sources that die, hang, lie, or serve as
// they should, over loopback.
#pragma once

#include <map>
#include <set>

#include "node/transfer/puller.h"
#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {

// A source that serves `bytes` as its behaviour says, and writes down what it was asked.
class FakeSource final : public v1::Replicas::Service {
 public:
  struct Behaviour {
    std::optional<uint64_t> die_at{};            // ends the stream before this byte
    std::optional<uint64_t> hang_at{};           // says nothing more, before this byte
    std::optional<uint64_t> wrong_byte{};        // flips it, with sums that fit the wrong bytes
    std::optional<std::string> describes{};      // describes these bytes instead
    std::map<uint64_t, std::string> contents{};  // of single inodes, instead
    std::set<uint64_t> lacks{};                  // inodes
    bool omit_description = false;
    bool hang = false;        // says nothing more after the first item's description
    bool hang_early = false;  // says nothing at all
    size_t number = 0;        // how many were set before it
  };
  struct Asked {
    uint64_t inode = 0;
    uint64_t offset = 0;
    uint64_t length = 0;
    bool describe = false;
  };
  FakeSource(std::string bytes, Behaviour behaviour)
      : bytes_(std::move(bytes)), behaviour_(std::move(behaviour)) {
    RpcServer::Options options;
    options.address = "127.0.0.1:0";
    options.credentials = member_.credentials;
    options.services = {this};
    server_ = RpcServer::start(std::move(options)).value();
  }
  ~FakeSource() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    server_.reset();
  }

  CopySource where() const { return {id_, server_->address()}; }
  std::vector<Asked> asked() const {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  std::vector<uint64_t> offsets() const {  // where each item began
    std::vector<uint64_t> offsets;
    for (const Asked& each : asked()) offsets.push_back(each.offset);
    return offsets;
  }
  size_t streams() const {
    std::lock_guard lock(mutex_);
    return streams_;
  }
  uint64_t sent() const {  // bytes of content
    std::lock_guard lock(mutex_);
    return sent_;
  }
  // From here on; what hangs goes on.
  void behave(Behaviour behaviour) {
    {
      std::lock_guard lock(mutex_);
      behaviour.number = behaviour_.number + 1;
      behaviour_ = std::move(behaviour);
    }
    changed_.notify_all();
  }
  void let_go() { behave({}); }

  grpc::Status Read(grpc::ServerContext* call, const v1::ReadRequest* request,
                    grpc::ServerWriter<v1::ReadChunk>* out) override {
    {
      std::lock_guard lock(mutex_);
      ++streams_;
      for (const v1::ReadItem& item : request->items()) {
        asked_.push_back({item.replica().inode(), item.offset(), item.length(), item.describe()});
      }
    }
    for (int index = 0; index < request->items_size(); ++index) {
      grpc::Status status = answer(*call, request->items(index), static_cast<uint32_t>(index), *out);
      if (!status.ok()) return status;
    }
    return grpc::Status::OK;
  }

 private:
  Behaviour now() const {
    std::lock_guard lock(mutex_);
    return behaviour_;
  }
  // Until the source is told to behave otherwise. False: it ends.
  bool hang(const grpc::ServerContext& call, const Behaviour& behaviour) {
    std::unique_lock lock(mutex_);
    while (behaviour_.number == behaviour.number && !stopping_ && !call.IsCancelled()) {
      changed_.wait_for(lock, std::chrono::milliseconds(2));
    }
    return !stopping_ && !call.IsCancelled();
  }
  grpc::Status answer(grpc::ServerContext& call, const v1::ReadItem& item, uint32_t index,
                      grpc::ServerWriter<v1::ReadChunk>& out) {
    Behaviour behaviour = now();
    if (behaviour.hang_early && !hang(call, behaviour)) return grpc::Status::CANCELLED;
    auto own = behaviour.contents.find(item.replica().inode());
    const std::string bytes = own != behaviour.contents.end() ? own->second : bytes_;
    v1::ReadChunk first;
    first.set_item(index);
    if (behaviour.lacks.contains(item.replica().inode())) {
      first.set_code(static_cast<uint32_t>(Code::kNotFound));
      first.set_message("no such replica");
      first.set_last(true);
      out.Write(first);
      return grpc::Status::OK;
    }
    if (item.describe() && !behaviour.omit_description) {
      const std::string& described = behaviour.describes.value_or(bytes);
      Description description;
      description.replica = wire::from_wire(item.replica());
      description.content = content_info(described);
      description.sums = sums_of(described);
      *first.mutable_description() = wire::to_wire(description);
    }
    uint64_t offset = std::min<uint64_t>(item.offset(), bytes.size());
    uint64_t end = bytes.size();
    if (item.length() > 0 && item.length() < end - offset) end = offset + item.length();
    first.set_last(offset >= end);
    out.Write(first);
    if (behaviour.hang && !hang(call, behaviour)) return grpc::Status::CANCELLED;
    for (; offset < end; offset += kBlockSize) {
      behaviour = now();
      if (behaviour.die_at && offset >= *behaviour.die_at) return {grpc::StatusCode::UNAVAILABLE, "killed"};
      if (behaviour.hang_at && offset >= *behaviour.hang_at && !hang(call, behaviour))
        return grpc::Status::CANCELLED;
      v1::ReadChunk chunk;
      std::string block = bytes.substr(offset, std::min<uint64_t>(kBlockSize, end - offset));
      if (behaviour.wrong_byte && *behaviour.wrong_byte / kBlockSize == offset / kBlockSize) {
        block[*behaviour.wrong_byte % kBlockSize] ^= 1;
      }
      chunk.set_item(index);
      chunk.set_offset(offset);
      chunk.set_data(block);
      chunk.set_sums(encode_sums(sums_of(block)));
      chunk.set_last(offset + kBlockSize >= end);
      {
        std::lock_guard lock(mutex_);
        sent_ += block.size();
      }
      if (!out.Write(chunk)) return grpc::Status::CANCELLED;
    }
    return grpc::Status::OK;
  }

  const NodeId id_ = random_id<NodeId>();
  const Member member_{node_name(id_)};
  const std::string bytes_;
  mutable std::mutex mutex_;  // guards all below but the server
  std::condition_variable changed_;
  Behaviour behaviour_;
  std::vector<Asked> asked_;
  size_t streams_ = 0;
  uint64_t sent_ = 0;
  bool stopping_ = false;
  std::unique_ptr<RpcServer> server_;
};

class PullTest : public StoreTest {
 protected:
  void SetUp() override { make(std::chrono::seconds(30), 2); }
  void TearDown() override { puller_.reset(); }
  void make(Duration idle_timeout, size_t slots) {
    puller_.reset();
    if (!store_) {
      ASSERT_TRUE(ok(open()));
    }
    access_ = std::make_unique<Access>(swarm_keys(), *disks_, clock_);
    puller_ = std::make_unique<Puller>(PullContext{*store_, *member_.dialer, watch_, meter_, logger_,
                                                   idle_timeout, *access_, clock_, sizes_},
                                       slots, [this](const OrderFailure& failure) {
                                         {
                                           std::lock_guard lock(mutex_);
                                           failures_.push_back(failure);
                                         }
                                         failed_.notify_all();
                                       });
  }
  CopyOrder order(uint64_t number, const ReplicaId& id, std::string_view bytes,
                  std::vector<CopySource> sources) {
    CopyOrder order;
    order.order = OrderId{number};
    order.epoch = Epoch{1};
    order.replica = id;
    order.content = content_info(bytes);
    order.sources = std::move(sources);
    order.ticket = sealed(ticket_for(id, member_.key, static_cast<Rights>(Right::kPull)));
    order.origin.name = "copied";
    return order;
  }
  bool arrives(const ReplicaId& id) {
    return eventually([&] { return store_->find(id).value().has_value() && puller_->in_flight() == 0; });
  }
  OrderFailure failure() {
    std::unique_lock lock(mutex_);
    failed_.wait_for(lock, kPatience, [&] { return !failures_.empty(); });
    if (failures_.empty()) return {OrderId{}, Epoch{}, Status(), NodeId{}};
    OrderFailure first = failures_.front();
    failures_.erase(failures_.begin());
    return first;
  }
  size_t failures() {
    std::lock_guard lock(mutex_);
    return failures_.size();
  }
  void expect_nothing() {
    EXPECT_TRUE(eventually([&] { return used() == 0; }));
    EXPECT_TRUE(held().empty());
    EXPECT_TRUE(files_below(layout().stage()).empty());
  }

  Member member_{node_name(random_id<NodeId>())};
  IdleWatch watch_{clock_};
  TransferMeter meter_;
  PullSizes sizes_;
  std::unique_ptr<Access> access_;
  std::mutex mutex_;
  std::condition_variable failed_;
  std::vector<OrderFailure> failures_;  // guarded by mutex_
  std::unique_ptr<Puller> puller_;
};

}  // namespace fsdfs::node
