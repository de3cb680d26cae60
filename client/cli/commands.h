// The commands of `fsdfs`, one function a family: each adds its subcommands, with their options and what they
// do, to a CommandLine. Called by CommandLine's constructor, in the order of the help.
#pragma once

#include "client/cli/command_line.h"

namespace fsdfs::client {

void add_put(CommandLine& commands);
void add_get(CommandLine& commands);      // get, cat
void add_list(CommandLine& commands);     // ls, tree
void add_names(CommandLine& commands);    // mkdir, rm, mv
void add_inspect(CommandLine& commands);  // stat, locate
void add_target(CommandLine& commands);   // target get, set, unset
void add_vars(CommandLine& commands);     // vars get, set
void add_policy(CommandLine& commands);   // policy set, show, check, clear
void add_trash(CommandLine& commands);    // trash ls, trash restore, trash purge
void add_quota(CommandLine& commands);    // quota set, quota get, quota rm, quota ls
void add_state(CommandLine& commands);    // status, nodes, wait
// Operators:
void add_node_admin(CommandLine& commands);  // node drain, readonly, activate, remove
void add_why(CommandLine& commands);         // why, whatif
void add_unknown(CommandLine& commands);     // unknown ls, adopt, purge
void add_events(CommandLine& commands);
void add_scrub(CommandLine& commands);
void add_fsck(CommandLine& commands);

}  // namespace fsdfs::client
