#include "tests/fault/mounts.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/harness/process.h"

namespace fsdfs::testing {

namespace fs = std::filesystem;

Result<std::string> run_tool(std::vector<std::string> arguments) {
  std::string line;
  for (const std::string& argument : arguments) line += (line.empty() ? "" : " ") + argument;
  arguments.insert(arguments.begin(), "/usr/bin/env");
  ProcessOptions options;
  options.arguments = std::move(arguments);
  CommandResult result = run_command(options, std::chrono::minutes(1));
  if (result.code != 0) return unavailable("`" + line + "` is not possible here: " + result.err);
  while (result.out.ends_with('\n')) result.out.pop_back();
  return result.out;
}

std::string missing_for_mounts(const std::vector<std::string>& devices) {
  constexpr int kSysAdmin = 21;  // CAP_SYS_ADMIN, capabilities(7)
  std::ifstream status("/proc/self/status");
  std::string word;
  uint64_t effective = 0;
  while (status >> word && word != "CapEff:") {
  }
  status >> std::hex >> effective;
  if ((effective >> kSysAdmin & 1) == 0) return "not allowed to mount (CAP_SYS_ADMIN)";
  for (const std::string& device : devices) {
    if (::access(device.c_str(), R_OK | W_OK) != 0) return "no " + device;
  }
  return {};
}

Place::Place() {
  std::string name = (fs::temp_directory_path() / "fsdfs-mounts-XXXXXX").string();
  if (mkdtemp(name.data()) != nullptr) path_ = name;
}

Place::~Place() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Result<std::unique_ptr<Mount>> Mount::tmpfs(const std::string& path, int mib) {
  fs::create_directories(path);
  FSDFS_TRY(
      run_tool({"mount", "-t", "tmpfs", "-o", "size=" + std::to_string(mib) + "m", "tmpfs", path}).status());
  return std::unique_ptr<Mount>(new Mount(path, ""));
}

Result<std::unique_ptr<Mount>> Mount::ext4(const std::string& path, int mib) {
  fs::create_directories(path);
  const std::string image = path + ".img";
  std::ofstream(image).close();
  fs::resize_file(image, static_cast<uintmax_t>(mib) << 20);
  FSDFS_TRY(run_tool({"mkfs.ext4", "-q", "-F", image}).status());
  FSDFS_ASSIGN(std::string loop, run_tool({"losetup", "--find", "--show", image}));
  auto mounted = run_tool({"mount", "-t", "ext4", "-o", "errors=remount-ro", loop, path});
  if (!mounted.ok()) {
    (void)run_tool({"losetup", "-d", loop});
    return mounted.status();
  }
  std::unique_ptr<Mount> mount(new Mount(path, loop));
  if (!fs::exists("/sys/fs/ext4/" + fs::path(loop).filename().string() + "/trigger_fs_error")) {
    return Status(Code::kUnimplemented, "this kernel's ext4 has no trigger_fs_error");
  }
  return mount;
}

Status Mount::turn_read_only() const {
  std::ofstream trigger("/sys/fs/ext4/" + fs::path(loop_).filename().string() + "/trigger_fs_error");
  trigger << "1" << std::flush;
  return trigger ? Status() : internal_error("the filesystem of " + path_ + " could not be broken");
}

Mount::~Mount() {
  (void)run_tool({"umount", "-l", path_});
  if (!loop_.empty()) (void)run_tool({"losetup", "-d", loop_});
}

}  // namespace fsdfs::testing
