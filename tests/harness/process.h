// Process: one child process of a test, with its output kept in files, ended by its pid only.
// Not thread-safe. The destructor kills what still runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"

namespace fsdfs::testing {

struct ProcessOptions {
  std::vector<std::string> arguments = {};                            // arguments[0] is the program
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to the test's own
  std::string input_file = {};                                        // stdin; empty: /dev/null
  std::string output_file = {};                                       // stdout; appended to
  std::string error_file = {};                                        // stderr; appended to
};

struct ExitState {
  bool exited = false;  // by itself, not by a signal
  int code = 0;         // exit code, or the signal
};

class Process {
 public:
  static Result<Process> start(const ProcessOptions& options);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  // SIGKILL, and waits until it is gone.
  void kill();
  // How it ended; nullopt when it still runs at the deadline.
  std::optional<ExitState> wait(std::chrono::milliseconds timeout);

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
  std::optional<ExitState> state_;
};

// One command from start to end, with its output. A command that is not done in time is killed: code -1.
struct CommandResult {
  int code = -1;
  std::string out;
  std::string err;
};
CommandResult run_command(ProcessOptions options, std::chrono::milliseconds timeout);

}  // namespace fsdfs::testing
