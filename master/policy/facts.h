// FactReader: what a policy has to know of a file, read from a view of the store. For one view, so for one
// moment and one thread; it remembers the directories that it came by.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "master/policy/policy.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct FactNeeds {
  bool paths = true;
  bool vars = true;
};
inline FactNeeds needs_of(const Policy& policy) {
  return {policy.needs_path(), policy.needs_vars()};
}

class FactReader {
 public:
  // The view outlives the reader. Ages are as of `now`.
  FactReader(ReadView& view, FileTime now, FactNeeds needs) : view_(view), now_(now), needs_(needs) {}

  // None: it has no name, so that no policy speaks of it. A file with several names goes by one of them.
  Result<std::optional<FileFacts>> of(const Inode& file);
  // Of a file that is about to get its first name; without vars.
  Result<FileFacts> of_new(const Inode& parent, const std::string& name, uint64_t size, FileTime modified);
  // The target that a directory has or inherits.
  Result<std::optional<DirectoryTarget>> directory_target(InodeId directory);
  // Vars and reads of a run of inodes, so that of() need not ask for each of them.
  Status preload(InodeId after, InodeId last);

 private:
  struct Directory {
    std::string path;
    std::optional<DirectoryTarget> target;  // its own, or the nearest above
  };
  Result<Directory> directory(InodeId id);
  Status set_vars(InodeId id, Vars& vars);
  double age(FileTime modified) const;

  ReadView& view_;
  const FileTime now_;
  const FactNeeds needs_;
  std::unordered_map<InodeId, Directory> directories_;
  InodeId loaded_after_;  // what vars_ covers: (loaded_after_, loaded_last_]
  InodeId loaded_last_;
  std::map<InodeId, Vars> vars_;
};

}  // namespace fsdfs::master
