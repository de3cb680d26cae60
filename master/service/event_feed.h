// EventFeed: those who read the event log over the wire. One thread serves them all: it waits until the log
// has grown or a reader is ready for more, makes the messages, and starts the writes; it alone starts
// operations of their streams. A reader that is slower than the events misses some, and is told how many.
//
// Thread safety: follow() and stop() from any thread. A stream's reactor deletes itself when gRPC is done
// with it, which is after the feed has finished it; the feed outlives the server's streams.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "fsdfs/admin.pb.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class EventFeed {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::EventsReply>;

  explicit EventFeed(const ServiceContext& context);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  Reactor* follow(const v1::EventsRequest& request);
  // Ends all streams, and those to come; does not wait for it.
  void stop();

 private:
  class Reader;

  void wake();
  void log_grew();
  void run();
  bool serve_all(std::unique_lock<std::mutex>& lock);
  bool fill(Reader& reader);

  const ServiceContext& context_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Reader*> readers_;  // guarded by mutex_, with their flags; unfinished ones
  bool woken_ = false;            // guarded by mutex_
  bool stopped_ = false;          // guarded by mutex_
  std::thread thread_;
};

}  // namespace fsdfs::master
