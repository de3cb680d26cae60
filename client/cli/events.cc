#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/insight_output.h"
#include "client/cli/interrupt.h"
#include "common/concurrency/stop_signal.h"

namespace fsdfs::client {

namespace {

// Prints what comes, and says on stderr when something did not.
class EventPrinter {
 public:
  explicit EventPrinter(Session& session) : session_(session) {}

  bool take(const EventBatch& batch) {
    if (epoch_.value != 0 && batch.epoch != epoch_) {
      session_.say("fsdfs: events: the master was started anew: going on with epoch " +
                   to_string(batch.epoch));
    } else if (broken_) {
      session_.say("fsdfs: events: the master is back");
    }
    broken_ = false;
    epoch_ = batch.epoch;
    if (batch.missed != 0) {
      session_.warn(std::to_string(batch.missed) + " events came too fast and are no longer kept");
    }
    std::ostream& out = session_.streams().out;
    for (const Event& event : batch.events) out << (session_.json() ? event_json(event) : event_text(event));
    out.flush();
    return out.good();
  }
  void lost(const Status& why) {
    broken_ = true;
    session_.warn(why.message() + "; waiting for it");
  }

 private:
  Session& session_;
  Epoch epoch_;
  bool broken_ = false;
};

Status events(Session& session, const EventQuery& query) {
  StopSignal stop;
  InterruptWatch watch([&stop] { stop.request_stop(); }, session.streams().out_descriptor);
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  EventPrinter printer(session);
  EventSink sink{[&printer](const EventBatch& batch) { return printer.take(batch); },
                 [&printer](const Status& why) { printer.lost(why); }};
  return client->events(query, sink, stop);
}

}  // namespace

void add_events(CommandLine& commands) {
  auto query = std::make_shared<EventQuery>();
  CLI::App& command = commands.add(
      "events", "Show what the swarm decided and did, with the reasons",
      "Orders to copy and delete, how they went, nodes that come and go, puts that were refused.\n"
      "The master keeps the last 65,536. With --json one object a line.\n"
      "\n"
      "Examples:\n"
      "  fsdfs events -n 20       the last 20\n"
      "  fsdfs events -f -n 0     what happens from now on, until Ctrl-C",
      [query](Session& session) { return events(session, *query); });
  command.add_flag("-f,--follow", query->follow, "go on with what happens, also with a master started anew");
  command.add_option("-n", query->last, "how many of the past (100)")->type_name("COUNT");
}

}  // namespace fsdfs::client
