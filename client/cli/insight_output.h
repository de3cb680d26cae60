// What the commands for operators print, for people and as JSON. Pure functions; names as client/cli/
// json_output.h says.
#pragma once

#include <string>
#include <vector>

#include "client/cli/json_output.h"
#include "client/insight.h"

namespace fsdfs::client {

std::string_view place_name(PlaceState state);  // "holds it"

// `path` as it shall be shown.
std::string explanation_text(const std::string& path, const Explanation& answer);
Json explanation_json(const std::string& path, const Explanation& answer);

// `what`: "node 10.0.0.7:4242 were lost".
std::string what_if_text(const std::string& what, const WhatIf& answer);
Json what_if_json(const WhatIf& answer);

// One line each, with its end.
std::string event_text(const Event& event);
std::string event_json(const Event& event);

Json admin_state_json(const AdminStateChange& change);
Json sole_copy_json(const SoleCopy& copy);

}  // namespace fsdfs::client
