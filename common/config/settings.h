// Settings: every knob of fsdfs by a dotted name, with a type, a default, bounds and a line of help.
//
// A part declares its settings by binding the fields of a plain struct, whose initial values are the
// defaults:
//
//   struct ScrubSettings { Duration period = std::chrono::days(30); };
//   void declare(SettingsRegistry& registry, ScrubSettings& settings) {
//     registry.duration("node.scrub_period", settings.period, {1h, 365 * 24h}, "everything is read once in
//     this time");
//   }
//
// main declares all structs, loads once, and hands the structs on as constants. Load order, the later wins:
// defaults, the YAML file, environment variables where a setting names one, --set key=value.
//
// Every error is kInvalidArgument and names the key, the value, what is allowed and where it stood
// ("/etc/fsdfs/fsdfs.yaml:12", "--set", "$FSDFS_JOIN"). After an error the bound fields have unspecified
// values. Not thread-safe: for the start of a process. The bound structs outlive the registry.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/config/environment.h"
#include "common/status.h"

namespace fsdfs {

enum class SettingType { kDuration, kSize, kPercent, kInteger, kReal, kBoolean, kText, kList };

std::string_view setting_type_name(SettingType type);  // "duration"

// Both ends are allowed values.
template <typename T>
struct Bounds {
  T min;
  T max;
};

inline constexpr std::string_view kDefaultConfigFile = "/etc/fsdfs/fsdfs.yaml";

// One declared setting.
class Setting {
 public:
  const std::string& name() const { return name_; }
  SettingType type() const { return type_; }
  const std::string& default_text() const { return default_; }  // as one would write it; "" for none
  const std::string& allowed() const { return allowed_; }       // "100ms to 1h", "tls or plain"
  const std::string& help() const { return help_; }
  const std::string& variable() const { return variable_; }  // the environment variable; "" for none
  const std::string& origin() const { return origin_; }      // "default", "FILE:LINE", "--set", "$VARIABLE"
  bool is_secret() const { return secret_; }
  std::string current_text() const;  // the value now; "(hidden)" for a secret

  // Also read from this environment variable.
  Setting& environment(std::string variable);
  // Its value is never shown in messages or listings.
  Setting& secret();

 private:
  friend class SettingsRegistry;
  std::string name_;
  SettingType type_ = SettingType::kText;
  std::string default_;
  std::string allowed_;
  std::string help_;
  std::string variable_;
  std::string origin_ = "default";
  bool secret_ = false;
  // Parses and checks; on error only says what is wrong with the value. A list comes as its items.
  std::function<Status(const std::vector<std::string>&)> assign_;
  std::function<std::string()> show_;
};

struct SettingsSources {
  std::string config_file = std::string(kDefaultConfigFile);
  bool config_required = false;         // it was named by --config: its absence is an error
  bool ignore_unknown_in_file = false;  // for the tools that share the file with fsdfsd but declare less
  Environment environment = process_environment();
  std::vector<std::string> assignments;  // of --set, in order: "key=value"
};

class SettingsRegistry {
 public:
  SettingsRegistry() = default;
  SettingsRegistry(const SettingsRegistry&) = delete;
  SettingsRegistry& operator=(const SettingsRegistry&) = delete;

  // Declares a setting bound to `field`, whose present value is the default. Declaring a name twice, a
  // default out of bounds, or a name that is a section of another one is a defect of the program: it aborts.
  Setting& duration(std::string name, Duration& field, Bounds<Duration> bounds, std::string help);
  Setting& size(std::string name, uint64_t& field, Bounds<uint64_t> bounds, std::string help);
  Setting& percent(std::string name, double& field, Bounds<double> bounds, std::string help);  // 0.05 is 5%
  Setting& integer(std::string name, int& field, Bounds<int> bounds, std::string help);
  Setting& real(std::string name, double& field, Bounds<double> bounds, std::string help);
  Setting& boolean(std::string name, bool& field, std::string help);
  // `choices`: the values that are allowed; empty: any.
  Setting& text(std::string name, std::string& field, std::string help,
                const std::vector<std::string>& choices = {});
  // A YAML sequence, or one text with commas between the items.
  Setting& list(std::string name, std::vector<std::string>& field, std::string help);

  // Reads all sources in order.
  Status load(const SettingsSources& sources);

  // The parts of load(), for programs with flags of their own. `where` is what messages call the source.
  // kNotFound when the file is missing.
  Status load_file(const std::string& path, const Environment& environment, bool ignore_unknown = false);
  Status load_environment(const Environment& environment);
  Status assign(std::string_view assignment, std::string_view where = "--set");  // "key=value"
  Status set(std::string_view name, std::string_view value, std::string_view where);

  // Null when there is no such setting.
  const Setting* find(std::string_view name) const;
  const std::map<std::string, Setting, std::less<>>& all() const { return settings_; }

  // All settings with types, defaults, bounds and help, for `--help-settings`.
  std::string help_text() const;
  // The same as a Markdown table, for the docs.
  std::string help_markdown() const;

 private:
  Setting& declare(std::string name, SettingType type, std::string help);
  template <typename T, typename Parse, typename Show>
  Setting& bounded(std::string name, SettingType type, T& field, Bounds<T> bounds, T type_max,
                   std::string help, Parse parse, Show show);
  Status set_items(std::string_view name, const std::vector<std::string>& items, std::string_view where);
  Status unknown(std::string_view name, std::string_view where) const;

  std::map<std::string, Setting, std::less<>> settings_;
};

// Replaces each ${NAME} in `text` by the variable's value; "$${" stands for a literal "${". kInvalidArgument
// names a variable that is not set, and an unclosed brace.
Result<std::string> substitute_variables(std::string_view text, const Environment& environment);

}  // namespace fsdfs
