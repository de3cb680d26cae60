// Streams: where a command reads and writes, so that tests can look at it. A plain value; the streams are the
// process's or the test's. One thread writes at a time, but for the error stream (Session::say).
#pragma once

#include <ostream>

namespace fsdfs::client {

struct Streams {
  std::ostream& out;
  std::ostream& err;
  int in_descriptor;   // of `put - PATH`
  int out_descriptor;  // of `get PATH -` and `cat`, below `out`
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

}  // namespace fsdfs::client
