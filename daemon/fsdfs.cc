// fsdfs: the command line. The client library's commands, and the mount.
#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/command_line.h"
#include "common/config/environment.h"
#include "common/rpc/grpc_log.h"
#include "fuse/mount_command.h"

namespace {

constexpr char kMountExamples[] =
    "Examples:\n"
    "  fsdfs mount /mnt/swarm                in the background\n"
    "  fsdfs mount --foreground /mnt/swarm   until Ctrl-C or umount /mnt/swarm";

void add_mount(fsdfs::client::CommandLine& commands) {
  auto options =
      std::make_shared<fsdfs::fuse::MountOptions>();  // shared by the parser's fields and the action
  fsdfs::fuse::declare(commands.settings(), options->settings);
  CLI::App& mount = commands.add(
      "mount", "mount the swarm at DIR, to be read", kMountExamples,
      [options](fsdfs::client::Session& session) {
        auto connect = [&session]() -> fsdfs::Result<std::unique_ptr<fsdfs::client::SwarmClient>> {
          FSDFS_ASSIGN(auto client_options, session.client_options());
          return fsdfs::client::SwarmClient::create(std::move(client_options), session.clock(),
                                                    session.logger());
        };
        return fsdfs::fuse::run_mount(*options, connect, session.clock(), session.logger());
      });
  mount.add_option("DIR", options->mount_point, "an empty directory")->required();
  mount.add_flag("--foreground,-f", options->foreground, "stay in the foreground");
  mount.add_flag("--allow-other", options->allow_other, "let other users see the mount too");
}

}  // namespace

int main(int argc, char** argv) {
  fsdfs::silence_grpc_log();
  const fsdfs::client::Streams streams{.out = std::cout,
                                       .err = std::cerr,
                                       .in_descriptor = STDIN_FILENO,
                                       .out_descriptor = STDOUT_FILENO,
                                       .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                                       .err_is_terminal = ::isatty(STDERR_FILENO) == 1};
  fsdfs::client::CommandLine commands(streams, fsdfs::process_environment());
  add_mount(commands);
  return commands.run(argc, argv);
}
