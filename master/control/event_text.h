// What an event says to people. Pure functions; called when somebody reads, with the names as they are then.
#pragma once

#include <string>
#include <string_view>

#include "master/control/event_log.h"

namespace fsdfs::master {

struct EventNames {
  std::string path;     // of the file; empty: it has no name any more
  std::string address;  // of the node; empty: it is not known any more
};

// "copy", "copied", "node_dead": stable, for scripts.
std::string_view kind_name(EventKind kind);
// Why: "one live copy (K-N = -2)"; empty where the kind says all.
std::string cause_of(const Event& event);
// "copy /a.mp3 to 10.0.0.7:4242: one live copy (K-N = -2)". Printable, whatever the path is.
std::string text_of(const Event& event, const EventNames& names);

}  // namespace fsdfs::master
