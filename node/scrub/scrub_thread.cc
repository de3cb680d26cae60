#include "node/scrub/scrub_thread.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fsdfs::node {
namespace {

// ioprio_set(2), which the C library does not wrap: the class "idle" for the calling thread.
constexpr int kIoprioWhoProcess = 1;
constexpr int kIoprioIdle = 3 << 13;
constexpr int kNice = 10;

// Best effort: a machine that refuses has the rate limit all the same.
void ask_for_little() {
  (void)::syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, kIoprioIdle);
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
}

}  // namespace

void ScrubThread::request_pass(uint64_t request) {
  scrubber_.request_pass(request);
  wake_.signal();
}

void ScrubThread::stop() {
  stopping_ = true;
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

void ScrubThread::run() {
  ask_for_little();
  while (!stopping_) {
    Duration rest = scrubber_.step();
    if (rest > Duration::zero()) (void)wake_.wait_until(std::chrono::steady_clock::now() + rest);
  }
  scrubber_.save();
}

}  // namespace fsdfs::node
