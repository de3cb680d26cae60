#include "tests/harness/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>

#include "tests/harness/wait.h"

extern char** environ;

namespace fsdfs::testing {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> merged_environment(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    bool replaced = false;
    for (const auto& [name, value] : added) replaced |= text.starts_with(name + "=");
    if (!replaced) merged.push_back(std::move(text));
  }
  for (const auto& [name, value] : added) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<Process> Process::start(const ProcessOptions& options) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string input = options.input_file.empty() ? "/dev/null" : options.input_file;
  const std::string output = options.output_file.empty() ? "/dev/null" : options.output_file;
  const std::string error = options.error_file.empty() ? "/dev/null" : options.error_file;
  posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, error.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment = merged_environment(options.environment);
  pid_t pid = -1;
  int failed = posix_spawnp(&pid, arguments[0].c_str(), &actions, nullptr, pointers(arguments).data(),
                            pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return status_from_errno(failed, "start " + arguments[0]);
  return Process(pid);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), state_(std::exchange(other.state_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(state_, other.state_);
  return *this;
}

Process::~Process() {
  if (pid_ > 0) kill();
}

bool Process::running() {
  return !wait(std::chrono::milliseconds(0)).has_value();
}

void Process::signal(int number) {
  if (running()) ::kill(pid_, number);
}

void Process::kill() {
  signal(SIGKILL);
  wait(std::chrono::seconds(60));
}

std::optional<ExitState> Process::wait(std::chrono::milliseconds timeout) {
  eventually(timeout, [this] {
    if (state_ || pid_ <= 0) return true;
    int raw = 0;
    if (waitpid(pid_, &raw, WNOHANG) != pid_) return false;
    state_ = ExitState{WIFEXITED(raw), WIFEXITED(raw) ? WEXITSTATUS(raw) : WTERMSIG(raw)};
    return true;
  });
  return state_;
}

CommandResult run_command(ProcessOptions options, std::chrono::milliseconds timeout) {
  char directory[] = "/tmp/fsdfs-command-XXXXXX";
  CommandResult result;
  if (mkdtemp(directory) == nullptr) {
    result.err = "mkdtemp failed";
    return result;
  }
  const std::string out = std::string(directory) + "/out";
  const std::string err = std::string(directory) + "/err";
  options.output_file = out;
  options.error_file = err;
  auto process = Process::start(options);
  if (process.ok()) {
    auto state = process->wait(timeout);
    if (state && state->exited) result.code = state->code;
    process->kill();
    result.out = file_text(out);
    result.err = file_text(err) + (state ? "" : "\n(killed: not done in time)");
  } else {
    result.err = process.status().to_string();
  }
  unlink(out.c_str());
  unlink(err.c_str());
  rmdir(directory);
  return result;
}

}  // namespace fsdfs::testing
