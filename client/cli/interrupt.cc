#include "client/cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace fsdfs::client {

InterruptWatch::InterruptWatch(std::function<void()> on_first, int output)
    : on_first_(std::move(on_first)), output_(output) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGINT);
  sigaddset(&mask, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &mask, &old_mask_);
  signals_.reset(::signalfd(-1, &mask, SFD_CLOEXEC));
  stop_.reset(::eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { watch(); });
}

InterruptWatch::~InterruptWatch() {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(stop_.get(), &one, sizeof(one));
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

void InterruptWatch::watch() {
  // Errors and hang-ups of the output are told without being asked for.
  std::array<pollfd, 3> watched{{{signals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}, {output_, 0, 0}}};
  while (true) {
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[1].revents != 0) return;
    if ((watched[2].revents & (POLLERR | POLLHUP)) != 0) {
      if (!interrupted_.exchange(true)) on_first_();
    }
    if (watched[2].revents != 0) watched[2].fd = -1;
    if (watched[0].revents == 0) continue;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof(info)) != sizeof(info)) continue;
    if (interrupted_.exchange(true)) ::_exit(128 + static_cast<int>(info.ssi_signo));
    on_first_();
  }
}

}  // namespace fsdfs::client
