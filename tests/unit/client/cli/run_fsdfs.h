// run_fsdfs: the program `fsdfs` as a call, with an environment and a configuration of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/command_line.h"
#include "common/io/files.h"

namespace fsdfs::client {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

inline Outcome run_fsdfs(const std::map<std::string, std::string>& environment,
                         const std::filesystem::path& config, std::vector<std::string> arguments,
                         int in_descriptor = -1) {
  std::ostringstream out, err;
  UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
  Streams streams{.out = out, .err = err, .in_descriptor = in_descriptor, .out_descriptor = output.get()};
  CommandLine commands(streams, [&](const std::string& name) -> std::optional<std::string> {
    auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
  arguments.insert(arguments.begin(), {"fsdfs", "--config", config});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int code = commands.run(static_cast<int>(argv.size() - 1), argv.data());
  std::string bytes(static_cast<size_t>(::lseek(output.get(), 0, SEEK_END)), '\0');
  EXPECT_EQ(::pread(output.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return {code, out.str() + bytes, err.str()};
}

}  // namespace fsdfs::client
