// Entries of the ordered log <-> proto LogEntry bytes. The encoded form is what is stored and what followers
// receive. Of a session it keeps what a follower needs (proto SessionOpened); the whole row is in the
// sessions table. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"
#include "master/store/records.h"

namespace fsdfs::master {

std::string encode_log_entry(const LogEntry& entry);
// kDataLoss: damaged, or of a newer fsdfs.
Result<LogEntry> decode_log_entry(std::string_view bytes);

}  // namespace fsdfs::master
