// `fsdfsd import DIR --as /path`: from its arguments to its exit code (DESIGN 4). It finds the node that runs
// on this machine and lets it take the directory in (client/cli/import_tree.h). Run by main, in its only
// thread.
#pragma once

namespace fsdfs {

// `argv[0]` is "import". The password is scrubbed from arguments and environment.
int run_import(int argc, char** argv);

}  // namespace fsdfs
