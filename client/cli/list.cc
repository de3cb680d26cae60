#include <grp.h>
#include <langinfo.h>
#include <pwd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <clocale>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/swarm_walk.h"
#include "client/cli/text_output.h"
#include "common/path.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

struct ListOptions {
  std::vector<std::string> paths = {"/"};
  bool longer = false;
  bool human = false;
  bool directory = false;
  bool unsorted = false;
};

// Names of users and groups of this machine, each looked up once.
class Owners {
 public:
  std::string user(uint32_t uid) {
    return remembered(users_, uid, [](uint32_t id) -> const char* {
      const passwd* entry = ::getpwuid(id);
      return entry == nullptr ? nullptr : entry->pw_name;
    });
  }
  std::string group(uint32_t gid) {
    return remembered(groups_, gid, [](uint32_t id) -> const char* {
      const ::group* entry = ::getgrgid(id);
      return entry == nullptr ? nullptr : entry->gr_name;
    });
  }

 private:
  using Names = std::map<uint32_t, std::string>;
  template <typename Find>
  static std::string remembered(Names& names, uint32_t id, Find find) {
    auto [known, is_new] = names.try_emplace(id);
    if (is_new) {
      const char* name = find(id);
      known->second = name == nullptr ? std::to_string(id) : name;
    }
    return known->second;
  }

  Names users_;
  Names groups_;
};

class List {
 public:
  List(Session& session, const ListOptions& options) : session_(session), options_(options) {}

  Status run() {
    FSDFS_ASSIGN(client_, session_.client());
    for (const std::string& typed : options_.paths) {
      FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
      Status status = list(path);
      if (!status.ok()) session_.fail(path, status);
    }
    if (session_.json()) {
      session_.streams().out << json_text(json_);
    } else {
      flush_rows();
    }
    return {};
  }

 private:
  Status list(const std::string& path) {
    FSDFS_ASSIGN(Attributes attributes, client_->lookup(place_of_path(path)));
    if (!attributes.is_directory() || options_.directory) {
      print(path, path, attributes);
      return {};
    }
    if (options_.paths.size() > 1 && !session_.json()) title(path);
    if (options_.unsorted) {
      return for_each_entry(*client_, place_of(attributes.inode), [&](DirectoryEntry& entry) {
        print(join_path(path, entry.name), entry.name, entry.attributes);
        if (rows_.size() >= kRowsMax) flush_rows();
        return true;
      });
    }
    FSDFS_ASSIGN(auto entries, sorted_entries(*client_, place_of(attributes.inode)));
    for (const DirectoryEntry& entry : entries)
      print(join_path(path, entry.name), entry.name, entry.attributes);
    return {};
  }

  void title(const std::string& path) {
    flush_rows();
    session_.streams().out << (std::exchange(titled_, true) ? "\n" : "") << shown(session_, path) << ":\n";
  }

  void print(const std::string& path, const std::string& name, const Attributes& attributes) {
    if (session_.json()) {
      json_.push_back(entry_json(path, name, attributes));
    } else if (!options_.longer) {
      rows_.push_back({shown(session_, name)});
    } else {
      std::string label = shown(session_, name);
      if (attributes.type == FileType::kSymlink) label += " -> " + shown(session_, attributes.link_target);
      rows_.push_back({mode_text(attributes.type, attributes.mode), copies_text(attributes),
                       owners_.user(attributes.uid), owners_.group(attributes.gid),
                       options_.human ? format_size(attributes.size) : std::to_string(attributes.size),
                       local_time_text(attributes.modified), label});
    }
  }

  void flush_rows() { session_.streams().out << table(std::exchange(rows_, {}), {1, 4}); }

  static constexpr size_t kRowsMax = 4096;  // held back to align them

  Session& session_;
  const ListOptions& options_;
  SwarmClient* client_ = nullptr;
  Owners owners_;
  std::vector<std::vector<std::string>> rows_;
  Json json_ = Json::array();
  bool titled_ = false;
};

struct TreeOptions {
  std::string path = "/";
  int levels = 0;  // 0: all
  bool directories_only = false;
};

// As the tree command draws it.
class Tree {
 public:
  Tree(Session& session, const TreeOptions& options)
      : session_(session), options_(options), strokes_(strokes()) {}

  Status run() {
    FSDFS_ASSIGN(client_, session_.client());
    FSDFS_ASSIGN(std::string path, parse_swarm_path(options_.path));
    FSDFS_ASSIGN(Attributes top, client_->lookup(place_of_path(path)));
    if (session_.json()) {
      session_.streams().out << json_text(json_of(path, path, top, 1));
      return {};
    }
    session_.streams().out << shown(session_, path) << "\n";
    if (top.is_directory()) draw(path, top.inode, "", 1);
    session_.streams().out << "\n"
                           << directories_ << (directories_ == 1 ? " directory, " : " directories, ")
                           << files_ << (files_ == 1 ? " file\n" : " files\n");
    return {};
  }

 private:
  struct Strokes {
    std::string_view branch, last, pipe;
  };
  static Strokes strokes() {
    std::setlocale(LC_CTYPE, "");
    bool utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
    if (utf8) return {"├── ", "└── ", "│   "};
    return {"|-- ", "`-- ", "|   "};
  }

  bool too_deep(int level) const { return options_.levels > 0 && level > options_.levels; }

  std::vector<DirectoryEntry> entries_of(const std::string& path, InodeId inode) {
    Result<std::vector<DirectoryEntry>> entries = sorted_entries(*client_, place_of(inode));
    if (!entries.ok()) {
      session_.fail(path, entries.status());
      return {};
    }
    if (options_.directories_only) {
      std::erase_if(*entries, [](const DirectoryEntry& entry) { return !entry.attributes.is_directory(); });
    }
    return std::move(*entries);
  }

  void draw(const std::string& path, InodeId inode, const std::string& indent, int level) {
    if (too_deep(level)) return;
    std::vector<DirectoryEntry> entries = entries_of(path, inode);
    for (size_t i = 0; i < entries.size(); ++i) {
      const DirectoryEntry& entry = entries[i];
      bool last = i + 1 == entries.size();
      session_.streams().out << indent << (last ? strokes_.last : strokes_.branch)
                             << shown(session_, entry.name) << "\n";
      bool directory = entry.attributes.is_directory();
      ++(directory ? directories_ : files_);
      if (!directory) continue;
      draw(join_path(path, entry.name), entry.attributes.inode,
           indent + std::string(last ? "    " : strokes_.pipe), level + 1);
    }
  }

  Json json_of(const std::string& path, const std::string& name, const Attributes& attributes, int level) {
    Json json = entry_json(path, name, attributes);
    if (!attributes.is_directory() || too_deep(level)) return json;
    json["entries"] = Json::array();
    for (const DirectoryEntry& entry : entries_of(path, attributes.inode)) {
      json["entries"].push_back(
          json_of(join_path(path, entry.name), entry.name, entry.attributes, level + 1));
    }
    return json;
  }

  Session& session_;
  const TreeOptions& options_;
  const Strokes strokes_;
  SwarmClient* client_ = nullptr;
  uint64_t directories_ = 0;
  uint64_t files_ = 0;
};

}  // namespace

void add_list(CommandLine& commands) {
  auto options = std::make_shared<ListOptions>();
  CLI::App& ls = commands.add("ls", "List directories",
                              "With -l: mode, copies K/N, owner, group, size, time of modification, name.\n"
                              "\n"
                              "Examples:\n  fsdfs ls -l /music\n  fsdfs ls --json / | jq -r '.[].path'",
                              [options](Session& session) { return List(session, *options).run(); });
  ls.add_option("paths", options->paths, "paths of the swarm (/)")->type_name("PATH...");
  ls.add_flag("-l,--long", options->longer, "one line of details an entry");
  ls.set_help_flag("--help", "print this help and exit");          // -h is for people's sizes, as with ls(1)
  ls.set_help_flag("--help", "Print this help message and exit");  // -h has another meaning here
  ls.add_flag("-h,--human", options->human, "sizes for people");
  ls.add_flag("-d,--directory", options->directory, "the directory itself, not what is in it");
  ls.add_flag("-U,--unsorted", options->unsorted, "as they come, for huge directories");

  auto tree_options = std::make_shared<TreeOptions>();
  CLI::App& tree =
      commands.add("tree", "Draw a directory and all that is below it", "Example:\n  fsdfs tree -L 2 /music",
                   [tree_options](Session& session) { return Tree(session, *tree_options).run(); });
  tree.add_option("path", tree_options->path, "path of the swarm (/)")->type_name("PATH");
  tree.add_option("-L,--levels", tree_options->levels, "levels to go down (all)")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  tree.add_flag("-d,--directories", tree_options->directories_only, "directories only");
}

}  // namespace fsdfs::client
