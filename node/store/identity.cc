#include "node/store/identity.h"

#include <fmt/format.h>

#include <charconv>

#include "common/checksum.h"

namespace fsdfs::node {
namespace {

constexpr std::string_view kFirstFormat = "fsdfs-identity 1\n";
constexpr std::string_view kFormat = "fsdfs-identity 2\n";

// Takes "NAME: VALUE\n" off the front.
Result<std::string_view> take_line(std::string_view& text, std::string_view name) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(name) ||
      !line.substr(name.size()).starts_with(": ")) {
    return data_loss(fmt::format("the line '{}: ...' is missing", name));
  }
  text.remove_prefix(end + 1);
  return line.substr(name.size() + 2);
}

Result<uint64_t> take_number(std::string_view& text, std::string_view name) {
  FSDFS_ASSIGN(std::string_view digits, take_line(text, name));
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return data_loss(fmt::format("'{}: {}' is not a number", name, digits));
  }
  return value;
}

// An empty text is no id.
template <typename Id>
Result<Id> read_id(std::string_view text) {
  if (text.empty()) return Id{};
  return parse_id<Id>(text);
}

template <typename Id>
std::string id_text(const Id& id) {
  return id.none() ? std::string() : to_string(id);
}

Status take_disks(std::string_view& text, Identity& identity) {
  FSDFS_ASSIGN(std::string_view disk, take_line(text, "disk"));
  FSDFS_ASSIGN(identity.disk, read_id<DiskId>(disk));
  while (text.starts_with("known: ")) {
    FSDFS_ASSIGN(std::string_view known, take_line(text, "known"));
    size_t space = known.find(' ');
    if (space == std::string_view::npos) return data_loss(fmt::format("'known: {}' names no path", known));
    FSDFS_ASSIGN(DiskId id, read_id<DiskId>(known.substr(0, space)));
    identity.known.push_back({id, std::string(known.substr(space + 1))});
  }
  return {};
}

}  // namespace

std::string encode_identity(const Identity& identity) {
  std::string text(kFormat);
  text += fmt::format("swarm: {}\nnode: {}\nincarnation: {}\nepoch: {}\ndisk: {}\n", id_text(identity.swarm),
                      to_string(identity.node), identity.incarnation.value, identity.epoch.value,
                      id_text(identity.disk));
  for (const KnownDisk& known : identity.known) {
    text += fmt::format("known: {} {}\n", id_text(known.disk), known.path);
  }
  return text + fmt::format("sum: {:016x}\n", block_sum(text));
}

Result<Identity> decode_identity(std::string_view text) {
  std::string_view rest = text;
  bool first = rest.starts_with(kFirstFormat);
  if (!first && !rest.starts_with(kFormat)) {
    return data_loss("it does not begin with 'fsdfs-identity 2' or 1");
  }
  rest.remove_prefix(kFormat.size());
  Identity identity;
  FSDFS_ASSIGN(std::string_view swarm, take_line(rest, "swarm"));
  FSDFS_ASSIGN(std::string_view node, take_line(rest, "node"));
  FSDFS_ASSIGN(identity.incarnation.value, take_number(rest, "incarnation"));
  FSDFS_ASSIGN(identity.epoch.value, take_number(rest, "epoch"));
  if (!first) FSDFS_TRY(take_disks(rest, identity));
  std::string_view summed = text.substr(0, text.size() - rest.size());
  FSDFS_ASSIGN(std::string_view sum, take_line(rest, "sum"));
  if (!rest.empty()) return data_loss("there is more after its sum");
  if (sum != fmt::format("{:016x}", block_sum(summed))) {
    return data_loss(
        fmt::format("it fails its sum (it says {}, its lines give {:016x})", sum, block_sum(summed)));
  }
  FSDFS_ASSIGN(identity.swarm, read_id<SwarmId>(swarm));
  FSDFS_ASSIGN(identity.node, parse_id<NodeId>(node));
  return identity;
}

}  // namespace fsdfs::node
