// Session: what one run of a command has at hand: its streams and settings, the way to the swarm, and the
// account of what failed.
//
// Made by CommandLine, used by the commands. fail(), say() and warn() are thread-safe; the rest belongs to
// the command's own thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "client/cli/streams.h"
#include "client/swarm_client.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/status.h"

namespace fsdfs::client {

class Session {
 public:
  // Turns flags, environment and configuration into options; derives keys, which takes about 0.1 s.
  using OptionsFactory = std::function<Result<ClientOptions>()>;

  Session(std::string command, Streams streams, bool json, const Clock& clock, Logger& logger,
          OptionsFactory options)
      : command_(std::move(command)),
        streams_(streams),
        json_(json),
        clock_(clock),
        logger_(logger),
        make_options_(std::move(options)) {}

  // The swarm, ready to be called; made at the first use. The changes are to be made before it.
  Result<SwarmClient*> client();
  Result<ClientOptions> client_options() const { return make_options_(); }
  // How long the first contact may take; unset: as the settings say.
  void set_first_contact(Duration time) { first_contact_ = time; }

  const Streams& streams() const { return streams_; }
  bool json() const { return json_; }
  const Clock& clock() const { return clock_; }
  Logger& logger() const { return logger_; }

  // Something failed and the rest goes on: "fsdfs: put: /a/b: no space: ..." on stderr, and it counts for the
  // exit code. `what` names the operand, or is empty.
  void fail(std::string_view what, const Status& status);
  // "fsdfs: put: warning: ..."; changes nothing.
  void warn(std::string_view message);
  // One line on stderr, in place of the transient one if that is there.
  void say(const std::string& line);
  // A line of a terminal that the next call, or whatever is said, replaces; "" takes it away.
  void show(const std::string& transient);

  // Of all failures: 0 without any, the common code where all have the same, else 1.
  int exit_code() const;
  bool failed() const { return exit_code() != 0; }

 private:
  const std::string command_;
  const Streams streams_;
  const bool json_;
  const Clock& clock_;
  Logger& logger_;
  const OptionsFactory make_options_;
  std::optional<Duration> first_contact_;
  std::unique_ptr<SwarmClient> client_;

  void erase_locked();

  mutable std::mutex mutex_;  // also of what is written to the error stream
  bool transient_ = false;    // guarded by mutex_, as all below: a transient line is there
  int exit_code_ = 0;
};

// A name of the swarm as people see it: escaped for a terminal, as it is for a pipe.
std::string shown(const Session& session, std::string_view name);

}  // namespace fsdfs::client
