#include "client/cli/local_walk.h"

#include <dirent.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "client/local_file.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

class Walk {
 public:
  Walk(bool follow, LocalVisitor& visitor) : follow_(follow), visitor_(visitor) {}

  void directory(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return visitor_.failed(path, local_fault(errno, "stat"));
    std::pair<dev_t, ino_t> identity{info.st_dev, info.st_ino};
    if (std::find(above_.begin(), above_.end(), identity) != above_.end()) {
      return visitor_.failed(path,
                             Status(Code::kUnknown, "a symbolic link leads back to a directory above it"));
    }
    Result<std::vector<std::string>> names = read_names(path);
    if (!names.ok()) return visitor_.failed(path, names.status());
    above_.push_back(identity);
    for (const std::string& name : *names) {
      if (visitor_.stop()) break;
      entry(join_path(path, name), name);
    }
    above_.pop_back();
  }

 private:
  static Result<std::vector<std::string>> read_names(const std::string& path) {
    std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(path.c_str()), &::closedir);
    if (!stream) return local_fault(errno, "open directory");
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* next = ::readdir(stream.get());
      if (next == nullptr) break;
      std::string_view name = next->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return local_fault(errno, "read directory");
    std::sort(names.begin(), names.end());
    return names;
  }

  void entry(const std::string& path, const std::string& name) {
    struct stat info {};
    int result = follow_ ? ::stat(path.c_str(), &info) : ::lstat(path.c_str(), &info);
    if (result != 0) return visitor_.failed(path, local_fault(errno, "stat"));
    if (!S_ISDIR(info.st_mode)) return visitor_.file(path, name, info);
    if (!visitor_.enter(path, name, info)) return;
    directory(path);
    visitor_.leave();
  }

  const bool follow_;
  LocalVisitor& visitor_;
  std::vector<std::pair<dev_t, ino_t>> above_;
};

}  // namespace

void walk_local(const std::string& root, bool follow, LocalVisitor& visitor) {
  Walk(follow, visitor).directory(root);
}

}  // namespace fsdfs::client
