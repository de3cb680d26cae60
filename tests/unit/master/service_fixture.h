// A master behind a real gRPC server on loopback, with clients and nodes that speak its wire.
#pragma once

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/checksum.h"
#include "common/inventory.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status_rpc.h"
#include "common/security/credentials.h"
#include "common/security/ticket.h"
#include "fsdfs/namespace.grpc.pb.h"
#include "fsdfs/registry.grpc.pb.h"
#include "master/master.h"
#include "master/store/proto_codec.h"

namespace fsdfs::master {

inline constexpr std::chrono::seconds kCallTime{20};

// A node's end of an attendance: a thread reads the master's messages, carries them out in memory and
// reports.
class WireNode {
 public:
  WireNode(const Authority& authority, const std::string& master, uint8_t number)
      : authority_(authority), master_address_(master) {
    id_.bytes[0] = number;
    auto credentials = mint_credentials(authority_, node_name(id_), SystemClock().wall());
    dialer_ = std::move(*Dialer::create(*credentials));
    stub_ = v1::Registry::NewStub(*dialer_->channel(master_address_));
    hello_.set_node(to_proto(id_));
    hello_.set_address("127.0.0.1:" + std::to_string(7000 + number));
    hello_.set_quota(1 << 20);
  }
  ~WireNode() { leave(); }

  v1::Hello& hello() { return hello_; }
  const NodeId& id() const { return id_; }
  uint64_t incarnation = 1;

  // Attends until leave() or the master's word.
  void join() {
    context_ = std::make_unique<grpc::ClientContext>();
    stream_ = stub_->Attend(context_.get());
    {
      v1::NodeMessage message;
      message.set_incarnation(incarnation);
      *message.mutable_hello() = hello_;
      stream_->Write(message);
    }
    thread_ = std::thread([this] { read(); });
  }
  void leave() {
    if (context_) context_->TryCancel();
    if (thread_.joinable()) thread_.join();
    settled_ = ended_ = false;
  }
  bool wait_settled() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kCallTime, [this] { return settled_ || ended_; }) && settled_;
  }
  // How the master ended the attendance.
  Status wait_end() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kCallTime, [this] { return ended_; });
    return end_;
  }
  bool wait_deleted(uint64_t inode) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kCallTime, [&] { return deleted_.contains(inode); });
  }
  v1::CopyOrder wait_copy() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kCallTime, [this] { return copy_.order() != 0; });
    return copy_;
  }

 private:
  void read() {
    v1::MasterMessage message;
    while (stream_->Read(&message)) handle(message);
    Status end = from_grpc(stream_->Finish());
    std::lock_guard lock(mutex_);
    ended_ = true;
    end_ = end;
    changed_.notify_all();
  }
  void handle(const v1::MasterMessage& message) {
    v1::NodeMessage answer;
    answer.set_incarnation(incarnation);
    if (message.has_welcome()) {
      auto* range = answer.mutable_inventory_ranges()->add_ranges();  // it holds nothing
      *range->mutable_last() = to_proto(kReplicaIdMax);
      range->set_digest(RangeDigest().finish());
      stream_->Write(answer);
    } else if (message.has_inventory()) {
      for (const auto& span : message.inventory().spans()) {
        *answer.mutable_inventory_page()->mutable_span() = span;
        stream_->Write(answer);
      }
    } else if (message.has_copy()) {
      report(answer, [&](v1::Change& change) {
        *change.mutable_added()->mutable_replica() = message.copy().replica();
        *change.mutable_added()->mutable_content() = message.copy().content();
        change.mutable_added()->set_state(v1::REPLICA_STATE_WHOLE);
      });
    } else if (message.has_delete_()) {
      report(answer, [&](v1::Change& change) { *change.mutable_removed() = message.delete_().replica(); });
    }
    std::lock_guard lock(mutex_);
    if (message.has_acknowledge() && message.acknowledge().inventory()) settled_ = true;
    if (message.has_copy()) copy_ = message.copy();
    if (message.has_delete_()) deleted_[message.delete_().replica().inode()] = true;
    changed_.notify_all();
  }
  template <typename Fill>
  void report(v1::NodeMessage& message, Fill fill) {
    auto* report = message.mutable_report();
    report->set_quota(hello_.quota());
    report->set_free_on_disk(1 << 30);
    auto* change = report->add_changes();
    change->set_sequence(++sequence_);
    fill(*change);
    stream_->Write(message);
  }

  const Authority& authority_;
  const std::string master_address_;
  NodeId id_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<v1::Registry::Stub> stub_;
  v1::Hello hello_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::NodeMessage, v1::MasterMessage>> stream_;
  std::thread thread_;
  uint64_t sequence_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool settled_ = false;
  bool ended_ = false;
  Status end_;
  v1::CopyOrder copy_;
  std::map<uint64_t, bool> deleted_;
};

class ServiceFixture : public ::testing::Test {
 protected:
  ServiceFixture() : authority_(authority()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "fsdfs-service-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    start();
    auto credentials = mint_credentials(authority_, std::string(kClientName), clock_.wall());
    dialer_ = std::move(*Dialer::create(*credentials));
    connect();
  }
  ~ServiceFixture() override {
    nodes_.clear();
    stop();
    std::filesystem::remove_all(directory_);
  }

  // Deriving one takes a tenth of a second: all tests share it.
  static const Authority& authority() {
    static const Authority derived = *Authority::derive("a password for tests", "test");
    return derived;
  }

  void start() {
    MasterSettings settings;
    settings.data_directory = directory_;
    settings.swarm_name = "test";
    settings.swarm.default_target = 2;
    settings.swarm.write_reserve = 0;
    settings.swarm.trash_retention = trash_retention_;
    auto master = Master::start(settings, authority_, clock_, logger_);
    ASSERT_TRUE(master.ok()) << master.status().to_string();
    master_ = std::move(*master);
    RpcServer::Options options;
    options.address = "127.0.0.1:" + std::to_string(port_);
    options.credentials = *mint_credentials(authority_, std::string(kMasterName), clock_.wall());
    options.services = master_->services();
    auto server = RpcServer::start(options);
    ASSERT_TRUE(server.ok()) << server.status().to_string();
    server_ = std::move(*server);
    port_ = server_->port();
    master_->set_address(server_->address());
  }
  void stop() {
    if (server_) server_->stop(std::chrono::milliseconds(100));
    server_.reset();
    master_.reset();
  }
  void connect() {
    auto channel = *dialer_->channel(server_->address());
    names_ = v1::Namespace::NewStub(channel);
    sessions_ = v1::Sessions::NewStub(channel);
    swarm_ = v1::Swarm::NewStub(channel);
  }
  WireNode& node(uint8_t number) {
    auto& made = nodes_[number];
    if (!made) made = std::make_unique<WireNode>(authority_, server_->address(), number);
    return *made;
  }
  void join(std::initializer_list<uint8_t> numbers) {
    for (uint8_t number : numbers) node(number).join();
    for (uint8_t number : numbers) ASSERT_TRUE(node(number).wait_settled());
  }

  // One unary call, with a deadline.
  template <typename Stub, typename Request, typename Reply>
  Status call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
              const Request& request, Reply& reply) {
    grpc::ClientContext context;
    set_deadline(context, kCallTime);
    return from_grpc((stub.*method)(&context, request, &reply));
  }
  v1::RequestId next_request() {
    v1::RequestId id;
    id.set_client(to_proto(client_));
    id.set_number(++requests_);
    return id;
  }
  Result<v1::OpenSessionReply> open_put(const std::string& path, uint64_t size) {
    v1::OpenSessionRequest request;
    *request.mutable_request() = next_request();
    request.mutable_place()->set_path(path);
    request.set_size(size);
    v1::OpenSessionReply reply;
    FSDFS_TRY(call(*sessions_, &v1::Sessions::Stub::OpenSession, request, reply));
    return reply;
  }
  v1::CommitSessionRequest commit_request(const v1::OpenSessionReply& session, const std::string& bytes) {
    v1::CommitSessionRequest request;
    *request.mutable_request() = next_request();
    request.set_session(session.session());
    request.mutable_content()->set_size(bytes.size());
    request.mutable_content()->set_digest(encode_digest(content_digest_of(bytes)));
    for (const auto& member : session.chain()) {
      Receipt receipt;
      receipt.replica = from_proto(session.replica());
      receipt.size_bytes = bytes.size();
      receipt.content_digest = content_digest_of(bytes).bytes;
      std::copy(member.node().begin(), member.node().end(), receipt.node.bytes.begin());
      receipt.fsynced = true;
      request.add_receipts(seal_receipt(receipt, authority_.subkey(kReceiptKeyLabel)));
    }
    return request;
  }
  Result<v1::CommitSessionReply> put(const std::string& path, const std::string& bytes) {
    FSDFS_ASSIGN(auto session, open_put(path, bytes.size()));
    v1::CommitSessionReply reply;
    FSDFS_TRY(call(*sessions_, &v1::Sessions::Stub::CommitSession, commit_request(session, bytes), reply));
    return reply;
  }
  Result<v1::Attributes> look(const std::string& path) {
    v1::LookupRequest request;
    request.mutable_place()->set_path(path);
    v1::LookupReply reply;
    FSDFS_TRY(call(*names_, &v1::Namespace::Stub::Lookup, request, reply));
    return reply.attributes();
  }

  SystemClock clock_;
  MemoryLogger logger_;
  Duration trash_retention_ = std::chrono::hours(24);  // of the next start()
  const Authority& authority_;
  std::string directory_;
  uint16_t port_ = 0;
  std::unique_ptr<Master> master_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<v1::Namespace::Stub> names_;
  std::unique_ptr<v1::Sessions::Stub> sessions_;
  std::unique_ptr<v1::Swarm::Stub> swarm_;
  std::map<uint8_t, std::unique_ptr<WireNode>> nodes_;
  ClientId client_ = random_id<ClientId>();
  std::atomic<uint64_t> requests_{0};
};

}  // namespace fsdfs::master
