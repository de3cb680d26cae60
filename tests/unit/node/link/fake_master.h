// A master that takes nodes in as it is told and writes down what they say; one node at a time.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "common/inventory.h"
#include "common/rpc/server.h"
#include "fsdfs/registry.grpc.pb.h"
#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {

class FakeMaster final : public v1::Registry::Service {
 public:
  explicit FakeMaster(const Authority& authority = swarm_authority(),
                      const std::string& address = "127.0.0.1:0")
      : member_(std::string(kMasterName), authority) {
    RpcServer::Options options;
    options.address = address;
    options.credentials = member_.credentials;
    options.services = {this};
    server_ = RpcServer::start(std::move(options)).value();
  }
  ~FakeMaster() override { server_.reset(); }

  const std::string& address() const { return server_->address(); }

  // What the next welcome says.
  void set_epoch(uint64_t epoch) {
    set([&] { epoch_ = epoch; });
  }
  void set_swarm(const SwarmId& swarm) {
    set([&] { swarm_ = swarm; });
  }
  void set_report_interval(uint32_t milliseconds) {
    set([&] { interval_ms_ = milliseconds; });
  }
  void set_refusal(const Status& status) {
    set([&] { refusal_ = status; });
  }
  void set_acknowledge(bool on) {
    set([&] { acknowledge_ = on; });
  }
  // Whether it asks for what it wants, or keeps the node waiting.
  void set_asks(bool on) {
    set([&] { asks_ = on; });
  }
  // Which ranges it wants to be named; all, unless told otherwise.
  void set_differs(const std::function<bool(const v1::InventoryRange&)>& differs) {
    set([&] { differs_ = differs; });
  }

  // How a node's question for records is answered; without it they are UNIMPLEMENTED.
  using AnswerRecords = std::function<grpc::Status(const v1::RecordsRequest&, v1::RecordsReply&)>;
  void set_records(AnswerRecords answer) {
    set([&] { answer_records_ = std::move(answer); });
  }

  // To the node that is attached; with the welcome's epoch unless the message has one.
  void send(v1::MasterMessage message) {
    std::lock_guard lock(mutex_);
    ASSERT_NE(stream_, nullptr);
    if (message.epoch() == 0) message.set_epoch(epoch_);
    stream_->Write(message);
  }
  // Ends the stream as a crash of the master would.
  void drop() {
    std::lock_guard lock(mutex_);
    if (call_ != nullptr) call_->TryCancel();
  }

  bool wait(const std::function<bool()>& predicate) {  // evaluated with the lock held
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, predicate);
  }

  // What the nodes have said. Guarded by mutex_: look at them from within wait(), or when nothing moves.
  std::vector<v1::Hello> hellos;
  std::vector<uint64_t> incarnations;
  std::vector<v1::InventoryRange> ranges;          // of the last stream
  std::map<ReplicaId, v1::HeldReplica> inventory;  // of the last stream: what travelled
  int inventories = 0;                             // complete ones
  std::vector<v1::Report> reports;                 // of the last stream
  std::vector<v1::Change> changes;                 // of the last stream, repetitions too
  std::vector<v1::OrderOutcome> outcomes;
  std::vector<v1::AuditPage> audits;

  grpc::Status Records(grpc::ServerContext*, const v1::RecordsRequest* request,
                       v1::RecordsReply* reply) override {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
    if (answer_records_) return answer_records_(*request, *reply);
    return {grpc::StatusCode::UNIMPLEMENTED, "no records"};
  }

  grpc::Status Attend(grpc::ServerContext* call,
                      grpc::ServerReaderWriter<v1::MasterMessage, v1::NodeMessage>* stream) override {
    v1::NodeMessage message;
    if (!stream->Read(&message) || !message.has_hello())
      return {grpc::StatusCode::INVALID_ARGUMENT, "no hello"};
    {
      std::lock_guard lock(mutex_);
      hellos.push_back(message.hello());
      incarnations.push_back(message.incarnation());
      changed_.notify_all();
      if (!refusal_.ok()) return to_grpc(refusal_);
      inventory.clear();
      ranges.clear();
      asked_.clear();
      reports.clear();
      changes.clear();
      stream_ = stream;
      call_ = call;
      v1::MasterMessage welcome;
      welcome.set_epoch(epoch_);
      welcome.mutable_welcome()->set_swarm(wire::id_to_wire(swarm_));
      welcome.mutable_welcome()->set_report_interval_ms(interval_ms_);
      stream->Write(welcome);
    }
    while (stream->Read(&message)) take(*stream, message);
    std::lock_guard lock(mutex_);
    stream_ = nullptr;
    call_ = nullptr;
    changed_.notify_all();
    return grpc::Status::OK;
  }

 private:
  template <typename Change>
  void set(Change change) {
    std::lock_guard lock(mutex_);
    change();
  }
  void take(grpc::ServerReaderWriter<v1::MasterMessage, v1::NodeMessage>& stream,
            const v1::NodeMessage& message) {
    std::lock_guard lock(mutex_);
    v1::MasterMessage answer;
    answer.set_epoch(epoch_);
    if (message.has_inventory_ranges()) {
      ask(stream, message.inventory_ranges());
    } else if (message.has_inventory_page()) {
      for (const v1::HeldReplica& held : message.inventory_page().held()) {
        inventory[wire::from_wire(held.replica())] = held;
      }
      ReplicaId last = wire::from_wire(message.inventory_page().span().last());
      if (!asked_.empty() && last == asked_.front()) asked_.pop_front();
    } else if (message.has_report()) {
      reports.push_back(message.report());
      for (const v1::Change& change : message.report().changes()) {
        changes.push_back(change);
        answer.mutable_acknowledge()->set_sequence(change.sequence());
      }
    } else if (message.has_outcome()) {
      outcomes.push_back(message.outcome());
    } else if (message.has_audit()) {
      audits.push_back(message.audit());
    }
    bool of_inventory = message.has_inventory_ranges() || message.has_inventory_page();
    if (of_inventory && asked_.empty() && wire::from_wire(ranges.back().last()) == kReplicaIdMax) {
      ++inventories;
      answer.mutable_acknowledge()->set_inventory(true);
    }
    if (acknowledge_ && answer.has_acknowledge()) stream.Write(answer);
    changed_.notify_all();
  }
  void ask(grpc::ServerReaderWriter<v1::MasterMessage, v1::NodeMessage>& stream,
           const v1::InventoryRanges& told) {
    v1::MasterMessage request;
    request.set_epoch(epoch_);
    v1::ReplicaId after = told.after();
    for (const v1::InventoryRange& range : told.ranges()) {
      ranges.push_back(range);
      if (differs_(range)) {
        v1::ReplicaSpan& span = *request.mutable_inventory()->add_spans();
        *span.mutable_after() = after;
        *span.mutable_last() = range.last();
        asked_.push_back(wire::from_wire(range.last()));
      }
      after = range.last();
    }
    if (asks_ && request.has_inventory()) stream.Write(request);
  }

  const Member member_;
  std::mutex mutex_;  // guards all below and the record above
  std::condition_variable changed_;
  uint64_t epoch_ = 1;
  SwarmId swarm_ = random_id<SwarmId>();
  uint32_t interval_ms_ = 60'000;
  Status refusal_;
  bool acknowledge_ = true;
  std::function<bool(const v1::InventoryRange&)> differs_ = [](const auto&) { return true; };
  bool asks_ = true;
  std::deque<ReplicaId> asked_;  // the ends of the spans that have yet to come
  AnswerRecords answer_records_;
  grpc::ServerReaderWriter<v1::MasterMessage, v1::NodeMessage>* stream_ = nullptr;
  grpc::ServerContext* call_ = nullptr;
  std::unique_ptr<RpcServer> server_;
};

}  // namespace fsdfs::node
