#include "master/policy/hook_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/units.h"

namespace fsdfs::master {
namespace {

MonotonicTime steady_now() {
  return std::chrono::steady_clock::now();
}

// The child's stdin is its end of the pair; it starts with every signal as a program expects it, and with
// nothing of the master's environment.
Result<pid_t> spawn(const std::string& program, uint64_t memory, int child_end) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, child_end, STDIN_FILENO);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string bytes = std::to_string(memory);
  std::array<std::string, 2> environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
  std::array<char*, 3> argv = {const_cast<char*>(program.c_str()), bytes.data(), nullptr};
  std::array<char*, 3> envp = {environment[0].data(), environment[1].data(), nullptr};
  pid_t pid = -1;
  int error = posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  return unavailable(
      fmt::format("the Python hook needs {}, which cannot be started ({}): install it beside fsdfsd", program,
                  strerror(error)));
}

std::string ending(int state) {
  if (WIFSIGNALED(state)) {
    const char* name = sigabbrev_np(WTERMSIG(state));
    return fmt::format("ended its process by SIG{}", name == nullptr ? "?" : name);
  }
  return fmt::format("ended its process with exit code {}", WEXITSTATUS(state));
}

}  // namespace

HookProcess::HookProcess(pid_t pid, UniqueFd socket, HookLimits limits)
    : pid_(pid), socket_(std::move(socket)), limits_(limits) {}

Result<std::unique_ptr<HookProcess>> HookProcess::start(const std::string& program,
                                                        const HookLimits& limits) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return status_from_errno(errno, "make a socket pair for fsdfs-policy");
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  FSDFS_ASSIGN(pid_t pid, spawn(program, limits.memory, theirs.get()));
  return std::unique_ptr<HookProcess>(new HookProcess(pid, std::move(ours), limits));
}

Status HookProcess::load(const std::string& python) {
  MonotonicTime deadline = steady_now() + limits_.load;
  FSDFS_TRY(send(encode_load(python), deadline));
  FSDFS_ASSIGN(std::string reply, receive(deadline, limits_.load));
  FSDFS_ASSIGN(HookAnswer loaded, decode_answer(reply));
  if (!loaded.error.empty()) return invalid_argument(loaded.error);
  return {};
}

HookProcess::~HookProcess() {
  kill();
  (void)ended();
}

void HookProcess::kill() {
  std::lock_guard lock(mutex_);
  // With whatever it has started: they are a group of processes.
  if (!reaped_) ::kill(-pid_, SIGKILL);
}

// Of a process that closed its end or was killed: how it ended.
Status HookProcess::ended() {
  kill();
  std::lock_guard lock(mutex_);
  if (reaped_) return aborted("has no process any more");
  // Not reaped while this waits, so that kill() never meets another process's pid.
  int state = 0;
  while (waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  return aborted(ending(state));
}

Status HookProcess::wait_for(short events, MonotonicTime deadline, Duration limit) {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now());
    pollfd waited{socket_.get(), events, 0};
    int ready = left.count() <= 0 ? 0 : ::poll(&waited, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR) continue;
    (void)ended();
    return deadline_exceeded(fmt::format("took longer than {}", duration_text(limit)));
  }
}

Status HookProcess::send(const std::string& message, MonotonicTime deadline) {
  for (size_t sent = 0; sent < message.size();) {
    FSDFS_TRY(wait_for(POLLOUT, deadline, limits_.load));
    ssize_t count =
        ::send(socket_.get(), message.data() + sent, message.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent += static_cast<size_t>(count);
    } else if (errno != EINTR && errno != EAGAIN) {
      return ended();
    }
  }
  return {};
}

Status HookProcess::read_bytes(char* into, size_t size, MonotonicTime deadline, Duration limit) {
  for (size_t have = 0; have < size;) {
    FSDFS_TRY(wait_for(POLLIN, deadline, limit));
    ssize_t count = ::recv(socket_.get(), into + have, size - have, MSG_DONTWAIT);
    if (count > 0) {
      have += static_cast<size_t>(count);
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      // It closes its end by dying; where it does not, it is made to.
      return ended();
    }
  }
  return {};
}

Result<std::string> HookProcess::receive(MonotonicTime deadline, Duration limit) {
  uint32_t size = 0;
  FSDFS_TRY(read_bytes(reinterpret_cast<char*>(&size), sizeof size, deadline, limit));
  if (size > kHookMessageBytesMax) {
    (void)ended();
    return aborted("answered with nonsense");
  }
  std::string bytes(size, '\0');
  FSDFS_TRY(read_bytes(bytes.data(), size, deadline, limit));
  return bytes;
}

Status HookProcess::evaluate(const std::vector<HookFile>& files,
                             const std::function<void(HookAnswer)>& take) {
  if (files.empty()) return {};
  FSDFS_TRY(send(encode_evaluate(files), steady_now() + limits_.call));
  for (size_t i = 0; i < files.size(); ++i) {
    FSDFS_ASSIGN(std::string bytes, receive(steady_now() + limits_.call, limits_.call));
    auto answer = decode_answer(bytes);
    if (!answer.ok()) {
      (void)ended();
      return aborted("answered with nonsense");
    }
    take(std::move(*answer));
  }
  return {};
}

}  // namespace fsdfs::master
