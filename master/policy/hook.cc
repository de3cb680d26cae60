#include "master/policy/hook.h"

#include <fmt/format.h>

#include <algorithm>

#include "master/policy/limits.h"

namespace fsdfs::master {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::minutes(1);
constexpr size_t kGoodEnough = 32;  // answers after which a death is forgiven

}  // namespace

HookAnswer judge(HookAnswer answer) {
  if (!answer.number || check_target(*answer.number).ok()) return answer;
  return {std::nullopt,
          fmt::format("returned {}, and N is a number from 0 to {:.0f}", *answer.number, kTargetLimit)};
}

void Hook::set_text(std::string python) {
  python_ = std::move(python);
  fault_.clear();
  deaths_ = 0;
  good_ = 0;
  ready_at_ = {};
  std::lock_guard lock(mutex_);
  process_.reset();
}

void Hook::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  if (process_) process_->kill();
}

void Hook::died(MonotonicTime now) {
  if (good_ >= kGoodEnough) deaths_ = 0;
  good_ = 0;
  Duration pause = kFirstPause * (int64_t{1} << std::min(deaths_, 10));
  ready_at_ = now + std::min(pause, kLongestPause);
  ++deaths_;
  std::lock_guard lock(mutex_);
  process_.reset();
}

HookProcess* Hook::running() {
  if (process_) return process_.get();
  Status started = start();
  if (started.ok()) {
    fault_.clear();
    return process_.get();
  }
  fault_ = started.message();
  died(clock_.now());
  return nullptr;
}

// A stop() can end the process from before its text is loaded.
Status Hook::start() {
  FSDFS_ASSIGN(auto process, HookProcess::start(program_, limits_));
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return unavailable("the master is shutting down");
    process_ = std::move(process);
  }
  return process_->load(python_);
}

std::vector<HookAnswer> Hook::evaluate(const std::vector<HookFile>& files) {
  std::vector<HookAnswer> answers;
  HookProcess* process = running();
  if (process == nullptr) return answers;
  Status status =
      process->evaluate(files, [&](HookAnswer answer) { answers.push_back(judge(std::move(answer))); });
  good_ += answers.size();
  if (status.ok()) return answers;
  died(clock_.now());
  answers.push_back({std::nullopt, status.message()});
  return answers;
}

}  // namespace fsdfs::master
