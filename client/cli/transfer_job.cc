#include "client/cli/transfer_job.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace fsdfs::client {

namespace {

constexpr size_t kQueuedPerThread = 4;

}  // namespace

TransferJob::TransferJob(Session& session, int threads)
    : session_(session),
      interrupts_(
          [&session] { session.say("fsdfs: interrupted; ending what is under way (again: at once)"); }),
      progress_(std::make_unique<Progress>(session)),
      workers_(std::make_unique<ThreadPool>("transfer", static_cast<size_t>(threads),
                                            kQueuedPerThread * static_cast<size_t>(threads))) {}

TransferJob::~TransferJob() = default;

void TransferJob::submit(std::string what, std::function<Status()> task) {
  auto run = [this, what = std::move(what), task = std::move(task)] {
    if (interrupted()) return;
    Status status = task();
    if (status.ok()) return;
    failures_.fetch_add(1);
    session_.fail(what, status);
  };
  Status submitted = workers_->submit_until(std::move(run), MonotonicTime::max());
  if (!submitted.ok()) session_.fail("", submitted);
}

Status TransferJob::finish(const std::string& done, bool always,
                           const std::function<std::vector<Count>()>& counts) {
  workers_->stop(ThreadPool::OnStop::kDrain);
  const std::vector<Count> more = counts ? counts() : std::vector<Count>();
  ProgressState state = progress_->state();
  progress_.reset();
  std::ostream& out = session_.streams().out;
  if (session_.json()) {
    nlohmann::ordered_json account = {{"files", state.files_done},
                                      {"bytes", state.bytes_done},
                                      {"failed", failures_.load()},
                                      {"seconds", std::chrono::duration<double>(state.elapsed).count()}};
    for (const auto& [name, files] : more) account[name] = files;
    out << account.dump() << "\n";
  } else if (always || session_.streams().out_is_terminal) {
    out << summary_line(done, state);
    std::string before = "; ";
    for (const auto& [name, files] : more) {
      if (files > 0) out << std::exchange(before, ", ") << files << " " << name;
    }
    out << "\n";
  }
  // A single file has said so itself.
  if (interrupted() && always)
    return {Code::kCancelled, "interrupted: what is not counted above was not transferred"};
  return {};
}

}  // namespace fsdfs::client
