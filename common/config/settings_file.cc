// The YAML side of SettingsRegistry, and ${VAR} substitution.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "common/config/settings.h"
#include "common/io/files.h"

namespace fsdfs {
namespace {

constexpr uint64_t kFileBytesMax = uint64_t{1024} * 1024;

struct FileEntry {
  std::string name;  // dotted
  std::vector<std::string> items;
  bool is_list = false;
  std::string where;  // FILE:LINE
};

// Turns the tree of one file into dotted names with values.
class Flattener {
 public:
  Flattener(const SettingsRegistry& registry, std::string file, const Environment& environment)
      : registry_(registry), file_(std::move(file)), environment_(environment) {}

  Status flatten(const YAML::Node& map, const std::string& prefix) {
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return invalid_argument(where(entry.first) + ": a name is expected here");
      std::string name = prefix.empty() ? entry.first.Scalar() : prefix + "." + entry.first.Scalar();
      FSDFS_TRY(add(name, entry.first, entry.second));
    }
    return Status();
  }

  const std::map<std::string, FileEntry>& entries() const { return entries_; }

 private:
  Status add(const std::string& name, const YAML::Node& key, const YAML::Node& value) {
    FileEntry entry{name, {}, value.IsSequence(), where(key)};
    if (value.IsMap()) {
      if (registry_.find(name) == nullptr) return flatten(value, name);
      return invalid_argument(fmt::format("{}: {} takes a {}, not a section", entry.where, name,
                                          setting_type_name(registry_.find(name)->type())));
    }
    if (value.IsNull()) {
      if (is_section(name)) return Status();  // everything in it is commented out
      return invalid_argument(
          fmt::format("{}: {} has no value; give one, or remove the line", entry.where, name));
    }
    if (value.IsScalar()) FSDFS_TRY(add_item(entry, value));
    for (const auto& item : value) FSDFS_TRY(add_item(entry, item));
    auto [earlier, fresh] = entries_.try_emplace(name, entry);
    if (fresh) return Status();
    return invalid_argument(
        fmt::format("{}: {} was given before, at {}", entry.where, name, earlier->second.where));
  }

  Status add_item(FileEntry& entry, const YAML::Node& item) {
    if (!item.IsScalar())
      return invalid_argument(fmt::format("{}: {}: a plain value is expected", where(item), entry.name));
    auto text = substitute_variables(item.Scalar(), environment_);
    if (!text.ok()) return text.status().with_context(fmt::format("{}: {}", where(item), entry.name));
    entry.items.push_back(std::move(text).value());
    return Status();
  }

  bool is_section(const std::string& name) const {
    auto next = registry_.all().lower_bound(name + ".");
    return next != registry_.all().end() && next->first.starts_with(name + ".");
  }

  std::string where(const YAML::Node& node) const {
    return fmt::format("{}:{}", file_, node.Mark().line + 1);
  }

  const SettingsRegistry& registry_;
  const std::string file_;
  const Environment& environment_;
  std::map<std::string, FileEntry> entries_;  // by name
};

Result<YAML::Node> parse(const std::string& text, const std::string& path) {
  try {
    auto documents = YAML::LoadAll(text);
    if (documents.size() > 1) return invalid_argument(path + ": more than one YAML document");
    return documents.empty() ? YAML::Node() : documents.front();
  } catch (const YAML::Exception& fault) {
    return invalid_argument(fmt::format("{}:{}: not valid YAML: {}", path, fault.mark.line + 1, fault.msg));
  }
}

}  // namespace

Status SettingsRegistry::load_file(const std::string& path, const Environment& environment,
                                   bool ignore_unknown) {
  FSDFS_ASSIGN(HostFile file, read_host_file(path, kFileBytesMax));
  FSDFS_ASSIGN(YAML::Node root, parse(file.bytes, path));
  if (root.IsNull()) return Status();
  if (!root.IsMap()) {
    return invalid_argument(path + ":1: settings are expected, such as 'node: {report_interval: 5s}'");
  }
  Flattener flattener(*this, path, environment);
  try {
    FSDFS_TRY(flattener.flatten(root, ""));
  } catch (const YAML::Exception& fault) {
    return invalid_argument(fmt::format("{}:{}: {}", path, fault.mark.line + 1, fault.msg));
  }
  for (const auto& [name, entry] : flattener.entries()) {
    const Setting* setting = find(name);
    if (setting == nullptr && ignore_unknown) continue;
    bool as_text = setting != nullptr && !entry.is_list && entry.items.size() == 1;
    FSDFS_TRY(as_text ? set(name, entry.items.front(), entry.where)
                      : set_items(name, entry.items, entry.where));
  }
  return Status();
}

Result<std::string> substitute_variables(std::string_view text, const Environment& environment) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("$${")) {
      out += "${";
      text.remove_prefix(3);
      continue;
    }
    if (!text.starts_with("${")) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    size_t end = text.find('}');
    if (end == std::string_view::npos) {
      return invalid_argument("'${' without '}' (write '$${' for the characters themselves)");
    }
    std::string name(text.substr(2, end - 2));
    auto value = environment(name);
    if (!value) return invalid_argument(fmt::format("the environment variable '{}' is not set", name));
    out += *value;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace fsdfs
