// A question to the scheduler, or about the nodes, from a service's thread: asked on the control loop's,
// waited for in bounded time.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "common/status.h"
#include "master/control/control_loop.h"

namespace fsdfs::master {

inline constexpr Duration kAnswerPatience = std::chrono::seconds(5);

// `way`: brings the question to the loop. kUnavailable: the loop is too busy, or ends.
template <typename Answer, typename Subject, typename Question>
Result<Answer> ask_by(bool (ControlLoop::*way)(std::function<void(const Subject&)>), ControlLoop& control,
                      Question question) {
  struct Slot {
    std::mutex mutex;
    std::condition_variable filled;
    std::optional<Answer> answer;
  };
  auto slot = std::make_shared<Slot>();  // shared with the loop, which may come to it after we have left
  bool taken = (control.*way)([slot, question = std::move(question)](const Subject& subject) {
    Answer answer = question(subject);
    std::lock_guard lock(slot->mutex);
    slot->answer = std::move(answer);
    slot->filled.notify_all();
  });
  std::unique_lock lock(slot->mutex);
  if (taken) slot->filled.wait_for(lock, kAnswerPatience, [&] { return slot->answer.has_value(); });
  if (!slot->answer) return unavailable("the master is too busy to answer: try again");
  return std::move(*slot->answer);
}

template <typename Answer, typename Question>
Result<Answer> ask(ControlLoop& control, Question question) {
  return ask_by<Answer>(&ControlLoop::ask, control, std::move(question));
}
template <typename Answer, typename Question>
Result<Answer> ask_nodes(ControlLoop& control, Question question) {
  return ask_by<Answer>(&ControlLoop::ask_nodes, control, std::move(question));
}

}  // namespace fsdfs::master
