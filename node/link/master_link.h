// MasterLink: keeps one Attendance going, for ever: where it ends, the next master in the list is tried after
// a pause.
//
// Thread-safe. start() once; stop() ends the stream and the thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/concurrency/stop_signal.h"
#include "node/link/attendance.h"
#include "node/link/link_context.h"

namespace fsdfs::node {

class MasterLink {
 public:
  explicit MasterLink(LinkContext context);
  ~MasterLink();  // stop()

  void start();
  void stop();

  bool joined() const;    // a master has taken this node in, at least once since start()
  bool attached() const;  // one does now
  // How the last try ended; ok before the first one has, and while attached.
  Status last_error() const;
  // Until joined (true), or the first try was refused for good (a wrong password, a wrong identity), or the
  // time is up.
  bool wait_joined(Duration timeout);

 private:
  void run();
  Status attend(const std::string& master);
  void note(const std::string& master, const Status& ended);

  LinkContext context_;
  StopSignal stop_;
  mutable std::mutex mutex_;  // guards all below but the thread
  mutable std::condition_variable changed_;
  Attendance* current_ = nullptr;
  bool joined_ = false;
  bool attached_ = false;
  Status last_error_;
  std::thread thread_;
};

// Trying again will not help: somebody has to change a password, a directory or a host.
bool is_refusal(const Status& status);

}  // namespace fsdfs::node
