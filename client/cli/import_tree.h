// import_tree: takes a directory tree of a server into the swarm without copying its bytes, through the node
// that runs there (`fsdfsd import`).
//
// Each regular file is one session whose chain is that node; the node links or reflinks it (node/store/
// adoption.h), and the commit makes it a file with that one copy, which the scheduler then replicates. What
// is there already with equal content is left alone, so an import that was cut short is simply run again;
// with other content it fails, file by file, unless `replace`. With `move` a file's own name goes, once the
// commit has been made and only if it is still the file that was taken in: at no moment is it in neither
// place.
#pragma once

#include <string>

#include "client/cli/session.h"
#include "client/node_calls.h"
#include "common/status.h"

namespace fsdfs::client {

struct ImportOptions {
  std::string directory;    // local
  std::string destination;  // of the swarm, which becomes what `directory` is
  std::string node_address;
  NodeIdentity node;
  int jobs = 16;
  bool move = false;
  bool replace = false;
  bool dry_run = false;
};

// Failures of single files go to the session. The rest is why there was no import at all.
Status import_tree(Session& session, const ImportOptions& options);

}  // namespace fsdfs::client
