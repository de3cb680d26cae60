#include "master/service/event_feed.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "common/rpc/status_rpc.h"
#include "master/control/event_text.h"
#include "master/namespace/inode_path.h"
#include "master/store/proto_codec.h"

namespace fsdfs::master {
namespace {

constexpr size_t kEventsPerMessage = 500;
constexpr size_t kReadersMax = 64;

v1::Event event_to_proto(const Event& event, const SwarmView& swarm, InodePaths* paths) {
  v1::Event out;
  out.set_sequence(event.sequence);
  *out.mutable_time() = to_proto(file_time(event.time));
  out.set_kind(std::string(kind_name(event.kind)));
  EventNames names;
  if (event.replica.inode.value != 0) {
    out.set_inode(event.replica.inode.value);
    if (auto path = paths == nullptr ? Result<std::string>(std::string()) : paths->path(event.replica.inode);
        path.ok()) {
      names.path = std::move(*path);
    }
    out.set_path(names.path);
  }
  if (!event.node.none()) {
    if (const NodeStatus* node = swarm.find(event.node)) {
      *out.mutable_node() = to_proto(node->record);
      names.address = node->record.address;
    } else {
      out.mutable_node()->set_node(to_proto(event.node));
    }
  }
  out.set_cause(cause_of(event));
  out.set_text(text_of(event, names));
  return out;
}

}  // namespace

class EventFeed::Reader final : public Reactor {
 public:
  Reader(EventFeed& feed, const v1::EventsRequest& request)
      : follows(request.follow()),
        until(follows ? std::numeric_limits<uint64_t>::max()
                      : feed.context_.control.event_log().before_last(0)),
        seen(request.has_after() ? request.after()
                                 : feed.context_.control.event_log().before_last(request.last())),
        feed_(feed) {}

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard lock(feed_.mutex_);
      writing = false;
      gone = gone || !ok;
    }
    feed_.wake();
  }
  void OnCancel() override {
    {
      std::lock_guard lock(feed_.mutex_);
      gone = true;
    }
    feed_.wake();
  }
  void OnDone() override { delete this; }

  const bool follows;
  const uint64_t until;  // the last sequence of interest
  // Guarded by the feed's mutex.
  bool writing = false;
  bool gone = false;
  // Of the feed's thread.
  uint64_t seen;
  bool greeted = false;  // was told the epoch
  v1::EventsReply reply;

 private:
  EventFeed& feed_;
};

EventFeed::EventFeed(const ServiceContext& context) : context_(context) {
  context_.control.event_log().set_listener([this] { log_grew(); });
  thread_ = std::thread([this] { run(); });
}

EventFeed::~EventFeed() {
  stop();
  context_.control.event_log().set_listener(nullptr);
  thread_.join();
}

EventFeed::Reactor* EventFeed::follow(const v1::EventsRequest& request) {
  auto* reader = new Reader(*this, request);  // deletes itself in OnDone
  Status refused;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) {
      refused = unavailable("the master is shutting down: follow its successor");
    } else if (readers_.size() >= kReadersMax) {
      refused = Status(Code::kResourceExhausted, "too many follow the events already: try again later");
    } else {
      readers_.push_back(reader);
    }
  }
  if (!refused.ok()) reader->Finish(to_grpc(refused));
  wake();
  return reader;
}

void EventFeed::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = woken_ = true;
  }
  changed_.notify_all();
}

void EventFeed::wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

// Of the control loop: costs nothing while nobody reads.
void EventFeed::log_grew() {
  {
    std::lock_guard lock(mutex_);
    if (readers_.empty()) return;
    woken_ = true;
  }
  changed_.notify_all();
}

void EventFeed::run() {
  std::unique_lock lock(mutex_);
  do {
    changed_.wait(lock, [this] { return woken_; });
    woken_ = false;
  } while (serve_all(lock));
}

// False: the feed has been stopped and the last reader is gone.
bool EventFeed::serve_all(std::unique_lock<std::mutex>& lock) {
  std::vector<Reader*> idle;
  std::copy_if(readers_.begin(), readers_.end(), std::back_inserter(idle),
               [](const Reader* reader) { return !reader->writing; });
  for (Reader* reader : idle) {
    Status end;
    if (reader->gone) end = Status(Code::kCancelled, "the reader is gone");
    if (stopped_) end = unavailable("the master is shutting down: follow its successor");
    bool writes = false;
    if (end.ok()) {
      lock.unlock();  // nobody else touches an idle reader
      writes = fill(*reader);
      lock.lock();
    }
    if (writes) {
      reader->writing = true;
      reader->StartWrite(&reader->reply);
    } else if (!end.ok() || !reader->follows) {
      std::erase(readers_, reader);
      reader->Finish(to_grpc(end));
    }
  }
  return !stopped_ || !readers_.empty();
}

// False: there is nothing to say.
bool EventFeed::fill(Reader& reader) {
  EventLog& log = context_.control.event_log();
  EventLog::Page page = log.after(reader.seen, kEventsPerMessage);
  std::erase_if(page.events, [&](const Event& event) { return event.sequence > reader.until; });
  if (page.events.empty() && reader.greeted) return false;
  reader.greeted = true;
  reader.reply.Clear();
  reader.reply.set_epoch(log.epoch().value);
  reader.reply.set_missed(page.missed);
  auto swarm = context_.control.view();
  auto view = context_.store.read();
  std::optional<InodePaths> paths;
  if (view.ok()) paths.emplace(**view);
  for (const Event& event : page.events) {
    *reader.reply.add_events() = event_to_proto(event, *swarm, paths ? &*paths : nullptr);
  }
  if (!page.events.empty()) reader.seen = page.events.back().sequence;
  reader.reply.set_position(reader.seen);
  return true;
}

}  // namespace fsdfs::master
