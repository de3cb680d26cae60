#include "client/cli/session.h"

#include <utility>

#include "common/path.h"

namespace fsdfs::client {

Result<SwarmClient*> Session::client() {
  if (!client_) {
    FSDFS_ASSIGN(ClientOptions options, make_options_());
    if (first_contact_) {
      options.first_contact = *first_contact_;
      options.deadline = std::max(options.deadline, *first_contact_);
    }
    FSDFS_ASSIGN(client_, SwarmClient::create(std::move(options), clock_, logger_));
  }
  return client_.get();
}

void Session::fail(std::string_view what, const Status& status) {
  int code = exit_code_from_status(status);
  {
    std::lock_guard lock(mutex_);
    exit_code_ = exit_code_ == 0 || exit_code_ == code ? code : 1;
  }
  std::string line = "fsdfs: " + command_ + ": ";
  std::string message = status.message();
  if (!what.empty()) {
    std::string name = display(what);
    line += name + ": ";
    // Messages of the swarm often end in the path, which stands in front here.
    if (message.ends_with(": " + name)) message.resize(message.size() - name.size() - 2);
  }
  say(line + message);
}

void Session::warn(std::string_view message) {
  say("fsdfs: " + command_ + ": warning: " + std::string(message));
}

void Session::say(const std::string& line) {
  std::lock_guard lock(mutex_);
  erase_locked();
  streams_.err << line << '\n' << std::flush;
}

void Session::show(const std::string& transient) {
  std::lock_guard lock(mutex_);
  erase_locked();
  if (transient.empty()) return;
  streams_.err << transient << std::flush;
  transient_ = true;
}

void Session::erase_locked() {
  if (std::exchange(transient_, false)) streams_.err << "\r\033[K" << std::flush;
}

int Session::exit_code() const {
  std::lock_guard lock(mutex_);
  return exit_code_;
}

std::string shown(const Session& session, std::string_view name) {
  return session.streams().out_is_terminal ? display(name) : std::string(name);
}

}  // namespace fsdfs::client
