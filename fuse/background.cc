#include "fuse/background.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace fsdfs::fuse {

namespace {

// "CODE REASON MESSAGE"
std::string packed(const Status& status) {
  return std::to_string(static_cast<int>(status.code())) + " " +
         std::to_string(static_cast<int>(status.reason())) + " " + status.message();
}

std::optional<Status> unpacked(const std::string& text) {
  std::istringstream stream(text);
  int code = 0;
  int reason = 0;
  if (!(stream >> code >> reason)) return std::nullopt;
  std::string message;
  stream.get();
  std::getline(stream, message, '\0');
  return Status(static_cast<Code>(code), message, static_cast<Reason>(reason));
}

std::string how_it_ended(pid_t child) {
  int state = 0;
  while (::waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) return "it is gone";
  }
  if (WIFSIGNALED(state)) return "it was ended by signal " + std::to_string(WTERMSIG(state));
  return "it ended with code " + std::to_string(WEXITSTATUS(state));
}

}  // namespace

Result<Background> Background::split() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return status_from_errno(errno, "pipe");
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  pid_t child = ::fork();
  if (child < 0) return status_from_errno(errno, "fork");
  if (child > 0) return Background(child, std::move(read_end));
  ::setsid();
  return Background(0, std::move(write_end));
}

Status Background::wait(Duration patience) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  std::string text;
  while (true) {
    auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waited{pipe_.get(), POLLIN, 0};
    int ready = ::poll(&waited, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      ::kill(child_, SIGTERM);
      return deadline_exceeded("the mount process did not get the mount to answer in time and was ended");
    }
    std::array<char, 4096> piece{};
    ssize_t bytes = ::read(pipe_.get(), piece.data(), piece.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) break;
    text.append(piece.data(), static_cast<size_t>(bytes));
  }
  if (auto status = unpacked(text)) return *status;
  return internal_error("the mount process did not start: " + how_it_ended(child_) +
                        "; run it with --foreground to see more");
}

bool Background::report(const Status& status) {
  if (!pipe_.valid()) return true;
  if (status.ok()) {
    UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (null.valid()) {
      for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
    }
    // A filesystem that a daemon stands in cannot be unmounted. "/" is always there.
    [[maybe_unused]] int result = ::chdir("/");
  }
  std::string text = packed(status);
  size_t sent = 0;
  while (sent < text.size()) {
    ssize_t bytes = ::write(pipe_.get(), text.data() + sent, text.size() - sent);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) break;
    sent += static_cast<size_t>(bytes);
  }
  pipe_.reset();
  return sent == text.size();
}

}  // namespace fsdfs::fuse
