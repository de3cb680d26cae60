#include "master/service/stream_link.h"

#include <fmt/format.h>

#include "common/rpc/status_rpc.h"
#include "master/service/convert.h"

namespace fsdfs::master {

class StreamLink::StreamReactor final : public Reactor {
 public:
  explicit StreamReactor(std::shared_ptr<StreamLink> link) : link_(std::move(link)) {}

  void OnReadDone(bool ok) override {
    if (ok) {
      link_->received(incoming);
    } else {
      link_->close(Status(Code::kCancelled, "the node ended its attendance"));
    }
  }
  void OnWriteDone(bool ok) override { link_->written(ok); }
  void OnCancel() override { link_->close(Status(Code::kCancelled, "the connection to the node is gone")); }
  void OnDone() override {
    link_->ended();
    delete this;
  }

  v1::NodeMessage incoming;

 private:
  const std::shared_ptr<StreamLink> link_;  // shared with the control loop, which may outlast the stream
};

StreamLink::Reactor* StreamLink::attend(const ServiceContext& context, const Fingerprint& key) {
  std::shared_ptr<StreamLink> link(new StreamLink(context, key));
  auto* reactor = new StreamReactor(link);  // deletes itself in OnDone
  std::lock_guard lock(link->mutex_);
  link->reactor_ = reactor;
  reactor->StartRead(&reactor->incoming);
  return reactor;
}

// --- from the node ---

void StreamLink::read_next() {
  std::lock_guard lock(mutex_);
  if (reactor_ != nullptr && !finished_) reactor_->StartRead(&reactor_->incoming);
}

void StreamLink::received(const v1::NodeMessage& message) {
  Status status = hello_ ? handle(message) : greet(message);
  if (!status.ok()) close(status);
}

Status StreamLink::greet(const v1::NodeMessage& message) {
  if (!message.has_hello()) return invalid_argument("a node's first message must be its hello");
  FSDFS_ASSIGN(hello_, from_proto(message.hello(), message.incarnation(), key_));
  attendance_ = context_.control.join(*hello_, shared_from_this());
  read_next();
  return {};
}

Status StreamLink::handle(const v1::NodeMessage& message) {
  if (message.incarnation() != hello_->incarnation.value) {
    return failed_precondition(fmt::format("a message of incarnation {} came in the stream of incarnation {}",
                                           message.incarnation(), hello_->incarnation.value),
                               Reason::kStaleIncarnation);
  }
  auto next = [link = shared_from_this()] { link->read_next(); };
  if (message.has_report()) {
    FSDFS_ASSIGN(auto report, from_proto(message.report()));
    context_.control.report(attendance_, std::move(report), next);
  } else if (message.has_inventory_ranges()) {
    FSDFS_ASSIGN(auto ranges, from_proto(message.inventory_ranges()));
    context_.control.inventory(attendance_, hello_->node, std::move(ranges), next);
  } else if (message.has_inventory_page()) {
    FSDFS_ASSIGN(auto page, from_proto(message.inventory_page()));
    context_.control.inventory(attendance_, hello_->node, std::move(page), next);
  } else if (message.has_outcome()) {
    context_.control.outcome(attendance_, from_proto(message.outcome()));
    read_next();
  } else if (message.has_audit()) {
    AuditAnswer answer{.held = {}, .last = message.audit().last()};
    for (const auto& held : message.audit().held()) {
      FSDFS_ASSIGN(auto replica, from_proto(held));
      answer.held.push_back(std::move(replica));
    }
    context_.control.audited(message.audit().request(), std::move(answer));
    read_next();
  } else {
    return invalid_argument(
        "a node sent a message of a kind that this master does not know: run one version of fsdfs");
  }
  return {};
}

// --- to the node ---

bool StreamLink::send(Epoch epoch, const MasterMessage& message) {
  v1::MasterMessage out = to_proto(epoch, message, context_.swarm_name);
  if (const auto* copy = std::get_if<CopyMessage>(&message)) {
    out.mutable_copy()->set_ticket(
        context_.ticket(copy->replica.inode, Right::kPull, key_, copy->replica.version, SessionId{}));
  }
  std::unique_lock lock(mutex_);
  if (reactor_ == nullptr || closing_) return false;
  if (outgoing_.size() >= kQueueMax) {
    lock.unlock();
    close(Status(Code::kResourceExhausted, "the node does not take the master's orders: attend again"));
    return false;
  }
  outgoing_.push_back(std::move(out));
  if (!writing_) write_front();
  return true;
}

void StreamLink::write_front() {
  writing_ = true;
  reactor_->StartWrite(&outgoing_.front());
}

void StreamLink::written(bool ok) {
  std::lock_guard lock(mutex_);
  writing_ = false;
  outgoing_.pop_front();
  if (!ok && !closing_) closing_ = Status(Code::kCancelled, "the connection to the node is gone");
  if (closing_) return finish_if_closing();
  if (!outgoing_.empty()) write_front();
}

// --- the end ---

void StreamLink::close(const Status& why) {
  std::lock_guard lock(mutex_);
  if (!closing_) closing_ = why;
  finish_if_closing();
}

void StreamLink::finish_if_closing() {
  if (!closing_ || writing_ || finished_ || reactor_ == nullptr) return;
  finished_ = true;
  reactor_->Finish(to_grpc(*closing_));
}

void StreamLink::ended() {
  {
    std::lock_guard lock(mutex_);
    reactor_ = nullptr;
  }
  if (hello_) context_.control.leave(attendance_);
}

}  // namespace fsdfs::master
