#include "node/store/layout.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace fsdfs::node {
namespace {

// The finalizer of MurmurHash3 (public domain, Austin Appleby): spreads neighbouring numbers evenly. A
// format: a change would lose every replica.
uint64_t spread(uint64_t x) {
  x ^= x >> 33;
  x *= 0xFF51AFD7ED558CCDULL;
  x ^= x >> 33;
  x *= 0xC4CEB9FE1A85EC53ULL;
  x ^= x >> 33;
  return x;
}

std::string two_digits(uint64_t byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[byte >> 4 & 0xF], kDigits[byte & 0xF]};
}

// Takes a number in the form that std::to_string gives off the front of `text`.
bool take_number(std::string_view& text, uint64_t& value) {
  if (text.empty() || (text.front() == '0' && text.size() > 1 && text[1] != '.')) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string Layout::directory_of(const ReplicaId& replica) const {
  uint64_t hash = spread(replica.inode.value >> 8);
  return replicas() + "/" + two_digits(hash & 0xFF) + "/" + two_digits(hash >> 8 & 0xFF);
}

std::string Layout::file_name(const ReplicaId& replica) {
  return std::to_string(replica.inode.value) + "." + std::to_string(replica.version.epoch.value) + "." +
         std::to_string(replica.version.counter);
}

std::optional<Layout::Named> Layout::parse_file_name(std::string_view name) {
  Named named;
  if (name.ends_with(kMetaSuffix)) {
    named.meta = true;
    name.remove_suffix(kMetaSuffix.size());
  }
  ReplicaId& id = named.replica;
  bool right = take_number(name, id.inode.value) && take_dot(name) &&
               take_number(name, id.version.epoch.value) && take_dot(name) &&
               take_number(name, id.version.counter) && name.empty();
  if (!right) return std::nullopt;
  return named;
}

}  // namespace fsdfs::node
