// FileReader: positional reads of one version of one file, from whichever replica answers.
//
// Used by the mount (one an open file), `cat` and Download. Thread-safe: concurrent reads are served side
// by side; one sequential run at a time is prefetched with a bounded window (client/read_ahead.h), every
// other read fetches its own blocks. A holder has a stream open no longer than it takes to send a few MiB.
//
// - Every block is checked against its sum before a byte of it is handed out (invariant 5).
// - A holder that fails, sends a bad sum or stays mute for options.attempt is left for the next one, in
//   the middle of a read; when all failed, or the ticket nears its end, the master is asked anew.
// - If its answer shows another version, the read fails with kAborted and kStaleVersion, as does every
//   later one: a reader never mixes versions. The caller opens the file again.
// - A read ends within options.deadline with the bytes or a Status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "client/swarm_client.h"
#include "client/types.h"
#include "common/status.h"

namespace fsdfs::client {

class FileReader {
 public:
  // `file` is what open_for_read gave; `client` outlives the reader.
  FileReader(SwarmClient& client, OpenFile file);
  ~FileReader();  // ends what is under way; no read may be
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  // Bytes read: out.size(), or fewer only at the end of the file; 0 at or behind it.
  Result<size_t> read(uint64_t offset, std::span<std::byte> out);

  // As they were at the open.
  const Attributes& attributes() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace fsdfs::client
