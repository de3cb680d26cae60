#include "common/config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

#include "common/path.h"
#include "common/units.h"

namespace fsdfs {
namespace {

constexpr size_t kHelpColumn = 4;

// A wrong declaration is a defect that every start would show, so it ends the program at once.
void require(bool holds, std::string_view name, std::string_view rule) {
  if (holds) return;
  fmt::print(stderr, "setting {}: {}\n", name, rule);
  std::abort();
}

std::string_view trim(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!trim(text).empty()) {
    size_t comma = std::min(text.find(','), text.size());
    if (auto item = trim(text.substr(0, comma)); !item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

// "100ms to 1h"; an end that is the type's own limit says nothing and is left out.
template <typename T, typename Show>
std::string bounds_text(const Bounds<T>& bounds, T type_max, Show show) {
  if (bounds.max == type_max) return fmt::format("{} or more", show(bounds.min));
  return fmt::format("{} to {}", show(bounds.min), show(bounds.max));
}

template <typename T>
Status check_bounds(T value, const Bounds<T>& bounds) {
  if (value >= bounds.min && value <= bounds.max) return Status();
  return invalid_argument("it is out of bounds");
}

// The number of single-letter edits between two names.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

// Zero for the same last part in another section: "report_interval" for "node.report_interval".
size_t name_distance(std::string_view wanted, std::string_view known) {
  if (last_part(wanted) == last_part(known)) return 0;
  return std::min(edit_distance(wanted, known), edit_distance(wanted, last_part(known)));
}

Result<std::string> single(const std::vector<std::string>& items) {
  if (items.size() == 1) return items.front();
  return invalid_argument("one value is expected, not a list");
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
  return fmt::format("{}", fmt::join(items, separator));
}

std::string origin_suffix(const Setting& setting) {
  return setting.variable().empty() ? "" : fmt::format("; also ${}", setting.variable());
}

}  // namespace

std::string_view setting_type_name(SettingType type) {
  switch (type) {
    case SettingType::kDuration:
      return "duration";
    case SettingType::kSize:
      return "size";
    case SettingType::kPercent:
      return "percentage";
    case SettingType::kInteger:
      return "integer";
    case SettingType::kReal:
      return "number";
    case SettingType::kBoolean:
      return "boolean";
    case SettingType::kText:
      return "text";
    case SettingType::kList:
      break;
  }
  return "list";
}

std::string Setting::current_text() const {
  return secret_ ? "(hidden)" : show_();
}

Setting& Setting::environment(std::string variable) {
  variable_ = std::move(variable);
  return *this;
}

Setting& Setting::secret() {
  require(type_ == SettingType::kText, name_, "only a text can be secret");
  secret_ = true;
  return *this;
}

Setting& SettingsRegistry::declare(std::string name, SettingType type, std::string help) {
  for (const auto& [other, setting] : settings_) {
    require(other != name && !name.starts_with(other + ".") && !other.starts_with(name + "."), name,
            "declared twice, or as a section of another setting");
  }
  Setting& setting = settings_[name];
  setting.name_ = std::move(name);
  setting.type_ = type;
  setting.help_ = std::move(help);
  return setting;
}

// The common part of the types that are parsed from one text and bounded.
template <typename T, typename Parse, typename Show>
Setting& SettingsRegistry::bounded(std::string name, SettingType type, T& field, Bounds<T> bounds, T type_max,
                                   std::string help, Parse parse, Show show) {
  require(check_bounds(field, bounds).ok(), name, "its default is out of bounds");
  Setting& setting = declare(std::move(name), type, std::move(help));
  setting.default_ = show(field);
  setting.allowed_ = bounds_text(bounds, type_max, show);
  setting.show_ = [&field, show] { return show(field); };
  setting.assign_ = [&field, bounds, parse](const std::vector<std::string>& items) -> Status {
    FSDFS_ASSIGN(std::string text, single(items));
    FSDFS_ASSIGN(auto value, parse(text));
    if constexpr (std::is_same_v<T, int>) {
      FSDFS_TRY(check_bounds<int64_t>(value, {bounds.min, bounds.max}));
    } else {
      FSDFS_TRY(check_bounds<T>(value, bounds));
    }
    field = static_cast<T>(value);
    return Status();
  };
  return setting;
}

Setting& SettingsRegistry::duration(std::string name, Duration& field, Bounds<Duration> bounds,
                                    std::string help) {
  return bounded(std::move(name), SettingType::kDuration, field, bounds, Duration::max(), std::move(help),
                 parse_duration, duration_text);
}

Setting& SettingsRegistry::size(std::string name, uint64_t& field, Bounds<uint64_t> bounds,
                                std::string help) {
  return bounded(std::move(name), SettingType::kSize, field, bounds, std::numeric_limits<uint64_t>::max(),
                 std::move(help), parse_size, size_text);
}

Setting& SettingsRegistry::percent(std::string name, double& field, Bounds<double> bounds, std::string help) {
  return bounded(std::move(name), SettingType::kPercent, field, bounds, std::numeric_limits<double>::max(),
                 std::move(help), parse_percent, percent_text);
}

Setting& SettingsRegistry::integer(std::string name, int& field, Bounds<int> bounds, std::string help) {
  return bounded(std::move(name), SettingType::kInteger, field, bounds, std::numeric_limits<int>::max(),
                 std::move(help), parse_integer, [](int value) { return std::to_string(value); });
}

Setting& SettingsRegistry::real(std::string name, double& field, Bounds<double> bounds, std::string help) {
  return bounded(std::move(name), SettingType::kReal, field, bounds, std::numeric_limits<double>::max(),
                 std::move(help), parse_real, [](double value) { return fmt::format("{:g}", value); });
}

Setting& SettingsRegistry::boolean(std::string name, bool& field, std::string help) {
  Setting& setting = declare(std::move(name), SettingType::kBoolean, std::move(help));
  setting.show_ = [&field] { return field ? "true" : "false"; };
  setting.default_ = setting.show_();
  setting.allowed_ = "true or false";
  setting.assign_ = [&field](const std::vector<std::string>& items) -> Status {
    FSDFS_ASSIGN(std::string text, single(items));
    FSDFS_ASSIGN(field, parse_boolean(text));
    return Status();
  };
  return setting;
}

Setting& SettingsRegistry::text(std::string name, std::string& field, std::string help,
                                const std::vector<std::string>& choices) {
  auto is_choice = [choices](const std::string& text) {
    return choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end();
  };
  require(is_choice(field), name, "its default is not one of its choices");
  Setting& setting = declare(std::move(name), SettingType::kText, std::move(help));
  setting.default_ = field;
  setting.allowed_ = choices.empty() ? "any text" : join(choices, " or ");
  setting.show_ = [&field] { return field; };
  setting.assign_ = [&field, is_choice](const std::vector<std::string>& items) -> Status {
    FSDFS_ASSIGN(std::string text, single(items));
    if (!is_choice(text)) return invalid_argument("it is not one of the choices");
    field = std::move(text);
    return Status();
  };
  return setting;
}

Setting& SettingsRegistry::list(std::string name, std::vector<std::string>& field, std::string help) {
  Setting& setting = declare(std::move(name), SettingType::kList, std::move(help));
  setting.default_ = join(field, ",");
  setting.allowed_ = "texts, separated by commas";
  setting.show_ = [&field] { return join(field, ","); };
  setting.assign_ = [&field](const std::vector<std::string>& items) -> Status {
    field = items;
    return Status();
  };
  return setting;
}

Status SettingsRegistry::load(const SettingsSources& sources) {
  Status file = load_file(sources.config_file, sources.environment, sources.ignore_unknown_in_file);
  if (file.code() == Code::kNotFound) {
    if (sources.config_required) return invalid_argument("--config: " + file.message());
  } else if (!file.ok()) {
    return file;
  }
  FSDFS_TRY(load_environment(sources.environment));
  for (const std::string& assignment : sources.assignments) FSDFS_TRY(assign(assignment));
  return Status();
}

Status SettingsRegistry::load_environment(const Environment& environment) {
  for (const auto& [name, setting] : settings_) {
    if (setting.variable_.empty()) continue;
    if (auto value = environment(setting.variable_)) FSDFS_TRY(set(name, *value, "$" + setting.variable_));
  }
  return Status();
}

Status SettingsRegistry::assign(std::string_view assignment, std::string_view where) {
  size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || trim(assignment.substr(0, equals)).empty()) {
    return invalid_argument(fmt::format("{}: '{}' is not key=value (example: node.report_interval=10s)",
                                        where, display(assignment)));
  }
  return set(trim(assignment.substr(0, equals)), assignment.substr(equals + 1), where);
}

Status SettingsRegistry::set(std::string_view name, std::string_view value, std::string_view where) {
  const Setting* setting = find(name);
  bool is_list = setting != nullptr && setting->type() == SettingType::kList;
  return set_items(name, is_list ? split_list(value) : std::vector<std::string>{std::string(value)}, where);
}

Status SettingsRegistry::set_items(std::string_view name, const std::vector<std::string>& items,
                                   std::string_view where) {
  auto found = settings_.find(name);
  if (found == settings_.end()) return unknown(name, where);
  Setting& setting = found->second;
  if (Status status = setting.assign_(items); !status.ok()) {
    std::string value = setting.secret_ ? "(hidden)" : display(join(items, ","));
    return invalid_argument(fmt::format("{}: {} = '{}': {}; allowed: {}, {}", where, setting.name_, value,
                                        status.message(), setting_type_name(setting.type_),
                                        setting.allowed_));
  }
  setting.origin_ = where;
  return Status();
}

Status SettingsRegistry::unknown(std::string_view name, std::string_view where) const {
  std::string message = fmt::format("{}: unknown setting '{}'", where, display(name));
  const Setting* nearest = nullptr;
  size_t nearest_distance = 0;
  for (const auto& [known, setting] : settings_) {
    size_t distance = name_distance(name, known);
    if (nearest != nullptr && distance >= nearest_distance) continue;
    nearest = &setting;
    nearest_distance = distance;
  }
  if (nearest != nullptr && nearest_distance <= std::max<size_t>(2, name.size() / 3)) {
    return invalid_argument(fmt::format("{}; did you mean '{}'?", message, nearest->name()));
  }
  return invalid_argument(message + "; fsdfsd --help-settings lists them all");
}

const Setting* SettingsRegistry::find(std::string_view name) const {
  auto found = settings_.find(name);
  return found == settings_.end() ? nullptr : &found->second;
}

std::string SettingsRegistry::help_text() const {
  std::string text;
  for (const auto& [name, setting] : settings_) {
    text += fmt::format("{}\n{:{}}{}\n{:{}}{}: {}; default: {}{}\n", name, "", kHelpColumn, setting.help_, "",
                        kHelpColumn, setting_type_name(setting.type_), setting.allowed_,
                        setting.default_.empty() ? "none" : setting.default_, origin_suffix(setting));
  }
  return text;
}

std::string SettingsRegistry::help_markdown() const {
  std::string text = "| setting | type | default | allowed | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& [name, setting] : settings_) {
    text += fmt::format("| `{}` | {} | {} | {} | {}{} |\n", name, setting_type_name(setting.type_),
                        setting.default_.empty() ? "none" : setting.default_, setting.allowed_, setting.help_,
                        origin_suffix(setting));
  }
  return text;
}

}  // namespace fsdfs
