// What the tests of node/transfer and node/link share: nodes in this process, each with its own disk
// directory, credentials, channels and loopback server, and a client that writes to chains and reads.
#pragma once

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <condition_variable>
#include <functional>
#include <mutex>

#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status_rpc.h"
#include "common/security/authority.h"
#include "common/security/credentials.h"
#include "fsdfs/replicas.grpc.pb.h"
#include "node/node.h"
#include "node/store/wire.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {

inline constexpr Duration kPatience = std::chrono::seconds(20);  // for what takes milliseconds

inline const Authority& swarm_authority() {
  static const Authority authority = Authority::derive("correct horse battery", "fsdfs").value();
  return authority;
}
inline NodeKeys swarm_keys() {
  return {swarm_authority().subkey(kTicketKeyLabel), swarm_authority().subkey(kReceiptKeyLabel)};
}

// Asks until it is so, or the patience is at an end.
inline bool eventually(const std::function<bool()>& predicate) {
  SystemClock clock;
  std::mutex mutex;
  std::condition_variable never;
  MonotonicTime deadline = clock.now() + kPatience;
  while (!predicate()) {
    if (clock.now() >= deadline) return false;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(2));
  }
  return true;
}

// Somebody with a certificate of the swarm, and the channels to go with it.
struct Member {
  explicit Member(const std::string& name, const Authority& authority = swarm_authority())
      : credentials(mint_credentials(authority, name, SystemClock().wall()).value()),
        key(inspect_certificate(credentials.certificate_pem)->fingerprint),
        dialer(Dialer::create(credentials).value()) {}
  const Credentials credentials;
  const Fingerprint key;
  const std::unique_ptr<Dialer> dialer;
};

class TestNode {
 public:
  explicit TestNode(NodeSettings settings = small_settings(), std::string path = "")
      : settings_(std::move(settings)) {
    data_path_ = path.empty() ? temp_ / "data" : path;
    start();
  }
  ~TestNode() { stop(); }

  static NodeSettings small_settings() {
    NodeSettings settings;
    settings.quotas = {64ULL * 1024 * 1024};
    settings.free_floor = 0;
    settings.masters = {"127.0.0.1:1"};
    settings.copy_slots = 2;
    settings.transfer_threads = 2;
    return settings;
  }

  void start() {
    auto disks = NodeDisks::open(disk_, {data_path_}, logger_);
    ASSERT_TRUE(ok(disks));
    member_ = std::make_unique<Member>(node_name((*disks)->node()));
    node_ =
        std::make_unique<Node>(settings_, std::move(*disks), swarm_keys(), clock_, logger_, *member_->dialer);
    ASSERT_TRUE(ok(node_->open()));
    RpcServer::Options options;
    options.address = "127.0.0.1:0";
    options.credentials = member_->credentials;
    options.services = {node_->service()};
    auto server = RpcServer::start(std::move(options));
    ASSERT_TRUE(ok(server));
    server_ = std::move(*server);
  }
  // No more calls, and those under way are cut off.
  void kill_server() { server_.reset(); }
  void stop() {
    if (!node_) return;
    node_->prepare_stop();
    kill_server();
    EXPECT_TRUE(ok(node_->stop()));
    node_.reset();
  }

  Node& operator*() { return *node_; }
  Node* operator->() { return node_.get(); }
  NodeId id() const { return node_->id(); }
  ReplicaStore& store() { return node_->store(); }
  const std::string& address() const { return server_->address(); }
  const Member& member() const { return *member_; }
  Layout layout() const { return Layout(data_path_); }
  MemoryLogger& logger() { return logger_; }
  NodeSettings& settings() { return settings_; }  // for the next start()

  v1::NodeAddress where() const {
    v1::NodeAddress message;
    message.set_node(wire::id_to_wire(id()));
    message.set_address(address());
    return message;
  }
  bool holds_nothing() {
    auto figures = store().figures();
    return figures.ok() && figures->used == 0 && figures->arriving == 0 && figures->replicas == 0;
  }
  std::string content(const ReplicaId& id) { return slurp(layout().data(id)); }

 private:
  TempDirectory temp_;
  std::string data_path_;
  NodeSettings settings_;
  PosixDisk disk_;
  SystemClock clock_;
  MemoryLogger logger_;
  std::unique_ptr<Member> member_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<RpcServer> server_;
};

inline Ticket ticket_for(const ReplicaId& id, const Fingerprint& client, Rights rights) {
  Ticket ticket;
  ticket.inode = id.inode;
  ticket.rights = rights;
  ticket.client = client;
  ticket.epoch = Epoch{1};
  ticket.expiry = std::chrono::floor<std::chrono::seconds>(SystemClock().wall()) + std::chrono::seconds(60);
  ticket.version = id.version;
  ticket.session = SessionId{77};
  return ticket;
}
inline std::string sealed(const Ticket& ticket) {
  return seal_ticket(ticket, swarm_keys().ticket);
}

// A write to a chain, step by step. Deadline: kPatience.
class Writing {
 public:
  Writing(const Member& client, const std::vector<v1::NodeAddress>& chain, const ReplicaId& id, uint64_t size,
          std::optional<Ticket> ticket = std::nullopt)
      : client_(client), head_(chain.at(0).address()) {
    set_deadline(call_, kPatience);
    stub_ = v1::Replicas::NewStub(client.dialer->channel(head_).value());
    stream_ = stub_->Write(&call_);
    v1::WriteMessage message;
    v1::WriteOpen& open = *message.mutable_open();
    Ticket given = ticket.value_or(ticket_for(id, client.key, static_cast<Rights>(Right::kWrite)));
    open.set_session(77);
    open.set_ticket(sealed(given));
    *open.mutable_replica() = wire::to_wire(id);
    open.set_size(size);
    for (size_t i = 1; i < chain.size(); ++i) *open.add_chain() = chain[i];
    open.mutable_origin()->set_name("a file");
    stream_->Write(message);
  }

  bool send(std::string_view bytes, std::optional<BlockSums> sums = std::nullopt) {
    v1::WriteMessage message;
    v1::WriteData& data = *message.mutable_data();
    data.set_sequence(++sequence_);
    data.set_offset(offset_);
    data.set_data(std::string(bytes));
    data.set_sums(encode_sums(sums.value_or(sums_of(bytes))));
    offset_ += bytes.size();
    return stream_->Write(message);
  }
  bool send(const v1::WriteMessage& message) { return stream_->Write(message); }
  bool finish(const Content& content) {
    v1::WriteMessage message;
    message.mutable_finish()->set_sequence(++sequence_);
    *message.mutable_finish()->mutable_content() = wire::to_wire(content);
    return stream_->Write(message) && stream_->WritesDone();
  }
  // The next reply, if there is one before the stream ends.
  std::optional<v1::WriteReply> reply() {
    v1::WriteReply reply;
    if (!stream_->Read(&reply)) return std::nullopt;
    return reply;
  }
  // Replies until everything sent is acked; false when the stream ends before.
  bool wait_for_ack() {
    while (acked_ < sequence_) {
      auto next = reply();
      if (!next) return false;
      EXPECT_GE(next->acked(), acked_);
      acked_ = next->acked();
    }
    return true;
  }
  void cancel() { call_.TryCancel(); }
  // How the stream ended; the receipts of its last reply.
  Result<std::vector<Receipt>> end() {
    std::vector<Receipt> receipts;
    while (auto next = reply()) {
      acked_ = next->acked();
      for (const std::string& bytes : next->receipts()) {
        FSDFS_ASSIGN(Receipt receipt, open_receipt(bytes, swarm_keys().receipt));
        receipts.push_back(receipt);
      }
    }
    Status status = client_.dialer->explain(head_, stream_->Finish());
    if (!status.ok()) return status;
    EXPECT_EQ(acked_, sequence_);
    return receipts;
  }

 private:
  const Member& client_;
  const std::string head_;
  grpc::ClientContext call_;
  std::unique_ptr<v1::Replicas::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WriteMessage, v1::WriteReply>> stream_;
  uint64_t sequence_ = 0;
  uint64_t offset_ = 0;
  uint64_t acked_ = 0;
};

inline Result<std::vector<Receipt>> write_all(const Member& client, const std::vector<v1::NodeAddress>& chain,
                                              const ReplicaId& id, std::string_view bytes) {
  Writing writing(client, chain, id, bytes.size());
  constexpr size_t kPortion = 16 * kBlockSize;
  bool going = true;
  for (size_t offset = 0; offset < bytes.size() && going; offset += kPortion) {
    going = writing.send(bytes.substr(offset, kPortion));
  }
  if (going) writing.finish(content_info(bytes));
  return writing.end();
}

inline v1::ReadItem read_item(const Member& client, const ReplicaId& id, uint64_t offset = 0,
                              uint64_t length = 0) {
  v1::ReadItem item;
  item.set_ticket(sealed(ticket_for(id, client.key, static_cast<Rights>(Right::kRead))));
  *item.mutable_replica() = wire::to_wire(id);
  item.set_offset(offset);
  item.set_length(length);
  return item;
}

// One item of a read, put together, with its sums checked.
struct ReadAnswer {
  Status status;
  std::string bytes;
  uint64_t offset = 0;  // of the first byte
  std::optional<v1::ReplicaDescription> description;
  bool complete = false;
};
inline Result<std::vector<ReadAnswer>> read_items(const Member& client, const std::string& address,
                                                  const v1::ReadRequest& request) {
  auto stub = v1::Replicas::NewStub(client.dialer->channel(address).value());
  grpc::ClientContext call;
  set_deadline(call, kPatience);
  auto stream = stub->Read(&call, request);
  std::vector<ReadAnswer> answers(static_cast<size_t>(request.items_size()));
  v1::ReadChunk chunk;
  while (stream->Read(&chunk)) {
    ReadAnswer& answer = answers.at(chunk.item());
    EXPECT_FALSE(answer.complete);
    answer.complete = chunk.last();
    if (chunk.code() != 0) {
      answer.status = {static_cast<Code>(chunk.code()), chunk.message(), static_cast<Reason>(chunk.reason())};
    }
    if (chunk.has_description()) {
      if (answer.description) {
        answer.description->mutable_sums()->append(chunk.description().sums());
      } else {
        answer.description = chunk.description();
      }
    }
    if (chunk.data().empty()) continue;
    if (answer.bytes.empty()) answer.offset = chunk.offset();
    EXPECT_EQ(chunk.offset(), answer.offset + answer.bytes.size());
    EXPECT_LE(chunk.data().size(), 1U << 20);
    EXPECT_EQ(decode_sums(chunk.sums()).value(), sums_of(chunk.data()));
    answer.bytes += chunk.data();
  }
  Status status = client.dialer->explain(address, stream->Finish());
  if (!status.ok()) return status;
  return answers;
}
inline ReadAnswer read_one(const Member& client, const std::string& address, const v1::ReadItem& item) {
  v1::ReadRequest request;
  *request.add_items() = item;
  auto answers = read_items(client, address, request);
  if (!answers.ok()) return {answers.status(), "", 0, std::nullopt, false};
  return answers->at(0);
}

}  // namespace fsdfs::node
