#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/text_output.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr char kNoLimit[] = "none";

void show(Session& session, const Quota& quota) {
  if (session.json()) {
    session.streams().out << json_text(quota_json(quota));
  } else {
    session.streams().out << quotas_text({quota}, {shown(session, quota.path)});
  }
}

struct SetQuotaOptions {
  std::string path;
  QuotaChange change;
};

Status set(Session& session, const SetQuotaOptions& options) {
  FSDFS_ASSIGN(std::string path, parse_swarm_path(options.path));
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(Quota quota, client->set_quota(place_of_path(path), options.change));
  if (session.json()) show(session, quota);
  auto exceeded = [](const std::optional<uint64_t>& limit, uint64_t used) { return limit && used > *limit; };
  if (exceeded(quota.bytes_limit, quota.bytes_used) || exceeded(quota.files_limit, quota.files_used)) {
    session.warn("there is more below " + shown(session, path) +
                 " than is allowed now; nothing is removed, "
                 "and nothing can be added");
  }
  return {};
}

Status get(Session& session, const std::string& typed) {
  FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(Quota quota, client->quota(place_of_path(path)));
  show(session, quota);
  return {};
}

Status remove(Session& session, const std::string& typed) {
  FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  return client->remove_quota(place_of_path(path)).status();
}

Status list(Session& session) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(std::vector<Quota> quotas, client->quotas());
  std::sort(quotas.begin(), quotas.end(), [](const Quota& a, const Quota& b) { return a.path < b.path; });
  Json list = Json::array();
  std::vector<std::string> paths;
  for (const Quota& quota : quotas) {
    list.push_back(quota_json(quota));
    paths.push_back(shown(session, quota.path));
  }
  if (session.json()) {
    session.streams().out << json_text(list);
  } else if (!quotas.empty()) {
    session.streams().out << quotas_text(quotas, paths);
  }
  return {};
}

template <typename Parse>
std::optional<uint64_t> parse_limit(const std::string& option, const std::string& text, Parse parse) {
  if (text == kNoLimit) return std::nullopt;
  Result<uint64_t> limit = parse(text);
  if (!limit.ok()) throw CLI::ValidationError(option, limit.status().message());
  return *limit;
}

Result<uint64_t> parse_count(std::string_view text) {
  FSDFS_ASSIGN(int64_t count, parse_integer(text));
  if (count < 0) return invalid_argument("a number of files is not below 0");
  return static_cast<uint64_t>(count);
}

}  // namespace

void add_quota(CommandLine& commands) {
  commands.add("quota", "Limit what lies below a directory", "", nullptr);

  auto options = std::make_shared<SetQuotaOptions>();
  CLI::App& setter = commands.add(
      "quota set", "Set how much may lie below a directory",
      "Bytes are those of the files, not of their copies. The quotas of all directories above a file\n"
      "apply; what would exceed one is refused. What is not named stays as it is.\n"
      "\n"
      "Examples:\n"
      "  fsdfs quota set /music --bytes 10G --files 100000\n"
      "  fsdfs quota set /music --files none",
      [options](Session& session) { return set(session, *options); });
  setter.add_option("path", options->path, "a directory of the swarm")->required()->type_name("DIR");
  setter
      .add_option_function<std::string>(
          "--bytes",
          [options](const std::string& text) {
            options->change.bytes = parse_limit("--bytes", text, parse_size);
          },
          "as 500M or 10G, or none")
      ->type_name("SIZE");
  setter
      .add_option_function<std::string>(
          "--files",
          [options](const std::string& text) {
            options->change.files = parse_limit("--files", text, parse_count);
          },
          "a number of files, or none")
      ->type_name("N");
  setter.callback([options] {
    if (options->change.bytes || options->change.files) return;
    throw CLI::ValidationError("quota set", "no limit is named: --bytes SIZE, --files N, or both");
  });

  auto got = std::make_shared<std::string>();
  CLI::App& getter = commands.add("quota get", "Show the quota of a directory", "",
                                  [got](Session& session) { return get(session, *got); });
  getter.add_option("path", *got, "a directory of the swarm")->required()->type_name("DIR");

  auto removed = std::make_shared<std::string>();
  CLI::App& remover = commands.add("quota rm", "Take the quota of a directory away", "",
                                   [removed](Session& session) { return remove(session, *removed); });
  remover.add_option("path", *removed, "a directory of the swarm")->required()->type_name("DIR");

  commands.add("quota ls", "Show all quotas", "", list);
}

}  // namespace fsdfs::client
