// ControlContext: what the parts of the control loop share. All of it belongs to the loop's thread, except
// for `post`, which brings work to that thread from any other.
#pragma once

#include <functional>

#include "common/clock.h"
#include "common/log.h"
#include "master/control/control_settings.h"
#include "master/control/event_log.h"
#include "master/control/node_directory.h"
#include "master/scheduler/scheduler.h"
#include "master/store/store.h"

namespace fsdfs::master {

using ControlEvent = std::function<void()>;

struct ControlContext {
  MetadataStore& store;
  const Clock& clock;
  Logger& logger;
  RateLimitedLog& repeated;  // for what may happen by the thousand
  const ControlSettings& settings;
  Scheduler& scheduler;
  NodeDirectory& nodes;
  EventLog& events;
  // Waits while the loop is behind; drops the event once the loop has stopped. Not on the loop's thread.
  std::function<void(ControlEvent)> post;

  // `event` comes on the loop's thread, after the records of everything that the writer had been given
  // before.
  void when_written(std::function<void(const Status&)> event) {
    store.submit(
        {}, [](WriteTransaction&) -> Result<std::string> { return std::string(); },
        [post = post, event = std::move(event)](const Result<std::string>& done) {
          post([event, status = done.status()] { event(status); });
        });
  }
  // Tells the scheduler what the directory says of the node.
  void tell_node(const KnownNode& node) {
    Status told = scheduler.node_changed(nodes.info(node));
    if (!told.ok()) repeated.warning("node", "the scheduler refuses a node: {}", told.message());
  }
};

}  // namespace fsdfs::master
