#include "master/policy/unmatched.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/path.h"

namespace fsdfs::master {
namespace {

constexpr size_t kPage = 512;
constexpr size_t kPagesOfAView = 32;  // a view holds back the cleaning of the database

struct Place {
  InodeId directory;
  std::string path;
  uint64_t after = 0;  // cookie
};

// A walk below one glob's directory, until a file matches.
class Search {
 public:
  Search(MetadataStore& store, uint64_t& budget) : store_(store), budget_(budget) {}

  // None: the budget did not suffice.
  Result<std::optional<bool>> matches(const Glob& glob) {
    FSDFS_TRY(find_start(glob.directory()));
    while (!places_.empty()) {
      if (budget_ == 0) return std::optional<bool>();
      FSDFS_ASSIGN(bool found, look_at_page(glob));
      if (found) return std::optional<bool>(true);
    }
    return std::optional<bool>(false);
  }

 private:
  Result<ReadView*> view() {
    if (!view_ || ++pages_ % kPagesOfAView == 0) {
      view_.reset();
      FSDFS_ASSIGN(view_, store_.read());
    }
    return view_.get();
  }

  // Nothing to walk where the directory is not there.
  Status find_start(const std::string& directory) {
    places_.clear();
    FSDFS_ASSIGN(auto names, split_path(directory));
    FSDFS_ASSIGN(ReadView * current, view());
    Place start{kRootInode, "/"};
    for (const std::string& name : names) {
      FSDFS_ASSIGN(auto entry, current->entry(start.directory, name));
      if (!entry) return {};
      start = {entry->inode, join_path(start.path, name)};
    }
    places_.push_back(std::move(start));
    return {};
  }

  Result<bool> look_at_page(const Glob& glob) {
    Place place = std::move(places_.back());
    places_.pop_back();
    FSDFS_ASSIGN(ReadView * current, view());
    FSDFS_ASSIGN(auto children, current->children(place.directory, place.after, kPage));
    if (children.size() == kPage) {
      places_.push_back({place.directory, place.path, children.back().entry.cookie});
    }
    budget_ -= std::min<uint64_t>(budget_, children.size() + 1);
    for (const Child& child : children) {
      std::string path = join_path(place.path, child.entry.name);
      if (child.inode.type == FileType::kRegular && glob.matches(path)) return true;
      if (child.inode.type == FileType::kDirectory) places_.push_back({child.inode.id, std::move(path)});
    }
    return false;
  }

  MetadataStore& store_;
  uint64_t& budget_;
  std::unique_ptr<ReadView> view_;
  size_t pages_ = 0;
  std::vector<Place> places_;
};

}  // namespace

Result<Unmatched> find_unmatched(MetadataStore& store, const RuleSet& rules, uint64_t entries_max) {
  Unmatched unmatched;
  uint64_t budget = entries_max;
  Search search(store, budget);
  for (size_t i = 0; i < rules.rules.size(); ++i) {
    if (!rules.rules[i].path) continue;
    FSDFS_ASSIGN(auto matched, search.matches(*rules.rules[i].path));
    if (!matched) unmatched.complete = false;
    if (matched && !*matched) unmatched.rules.push_back(i);
  }
  return unmatched;
}

}  // namespace fsdfs::master
