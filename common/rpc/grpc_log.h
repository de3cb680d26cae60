// gRPC's own log: lines on stderr for every stranger that knocks at the port and for every failure that a
// Status tells anyway. Programs silence it as the first thing in main; libraries leave it alone.
#pragma once

namespace fsdfs {

// For the whole process, as gRPC has one log. Does nothing if the environment asks for it (GRPC_VERBOSITY).
void silence_grpc_log();

}  // namespace fsdfs
