#include "tests/fault/power_disk.h"

#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/fault/mounts.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string PowerDisk::missing() {
  return missing_for_mounts({"/dev/fuse", "/dev/loop-control"});
}

Result<std::unique_ptr<PowerDisk>> PowerDisk::make(const std::string& path, int mib) {
  std::unique_ptr<PowerDisk> disk(new PowerDisk(path));
  FSDFS_TRY(disk->serve(mib));
  FSDFS_TRY(disk->attach());
  FSDFS_TRY(run_tool({"mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0",
                      disk->loop_})
                .status());
  FSDFS_TRY(disk->mount());
  return disk;
}

PowerDisk::~PowerDisk() {
  (void)run_tool({"umount", "-l", path_});
  if (!loop_.empty()) (void)run_tool({"losetup", "-d", loop_});
  if (server_) {
    server_->signal(SIGTERM);
    server_->wait(20s);
  }
  std::error_code ignored;
  for (const char* suffix : {".disk", ".img", ""}) fs::remove(path_ + suffix, ignored);
}

Status PowerDisk::serve(int mib) {
  const std::string image = path_ + ".img";
  const std::string directory = path_ + ".disk";
  fs::create_directories(path_);
  fs::create_directories(directory);
  std::ofstream(image).close();
  fs::resize_file(image, static_cast<uintmax_t>(mib) << 20);
  ProcessOptions options;
  options.arguments = {program("fault_disk_server"), image, directory};
  FSDFS_ASSIGN(auto process, Process::start(options));
  server_.emplace(std::move(process));
  std::error_code ignored;
  bool served =
      eventually(20s, [&] { return !server_->running() || fs::exists(directory + "/control", ignored); });
  if (!served || !server_->running()) return unavailable("fault_disk_server has ended or serves nothing");
  return {};
}

Status PowerDisk::command(const std::string& text) const {
  std::ofstream control(path_ + ".disk/control");
  control << text << std::flush;
  return control ? Status() : internal_error("the disk of " + path_ + " does not do: " + text);
}

Status PowerDisk::cut(uint64_t seed) {
  return command("cut " + std::to_string(seed));
}

Status PowerDisk::fail(const std::string& operation, uint64_t times, const std::string& text) {
  return command("fail " + operation + " " + std::to_string(times) + " " + text);
}

Status PowerDisk::heal() {
  return command("on");
}

Status PowerDisk::remount() {
  FSDFS_TRY(detach());
  FSDFS_TRY(heal());
  FSDFS_TRY(attach());
  return mount();
}

Status PowerDisk::attach() {
  FSDFS_ASSIGN(loop_, run_tool({"losetup", "--find", "--show", path_ + ".disk/disk"}));
  return {};
}

Status PowerDisk::mount() const {
  return run_tool({"mount", "-t", "ext4", "-o", "errors=remount-ro", loop_, path_}).status();
}

// Until nobody has it any more: a filesystem that lived on would write to the disk beside its successor.
Status PowerDisk::detach() {
  Status unmounted;
  eventually(30s, [&] {
    unmounted = run_tool({"umount", path_}).status();
    return unmounted.ok();
  });
  FSDFS_TRY(unmounted);
  const std::string used = "/sys/block/" + fs::path(loop_).filename().string() + "/loop/backing_file";
  FSDFS_TRY(run_tool({"losetup", "-d", loop_}).status());
  if (!eventually(30s, [&] { return !fs::exists(used); })) return unavailable(loop_ + " is still in use");
  loop_.clear();
  return {};
}

}  // namespace fsdfs::testing
