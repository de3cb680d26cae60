#include "master/control/event_text.h"

#include <fmt/format.h>

#include <array>

#include "common/path.h"
#include "common/units.h"

namespace fsdfs::master {
namespace {

struct Words {
  EventKind kind;
  std::string_view name;
  std::string_view text;  // {file} and {node} stand for what it is about
};

constexpr std::array kWords = {
    Words{EventKind::kMasterStarted, "master", "the master has started"},
    Words{EventKind::kCopyOrdered, "copy", "copy {file} to {node}"},
    Words{EventKind::kDeleteOrdered, "delete", "delete {file} from {node}"},
    Words{EventKind::kCancelOrdered, "cancel", "cancel the copy of {file} to {node}"},
    Words{EventKind::kCopied, "copied", "copied {file} to {node}"},
    Words{EventKind::kCopyFailed, "copy_failed", "the copy of {file} to {node} failed"},
    Words{EventKind::kDeleted, "deleted", "deleted {file} from {node}"},
    Words{EventKind::kDeletionFailed, "delete_failed", "{node} could not delete a replica and is told again"},
    Words{EventKind::kReplicaLost, "lost", "{file} is no longer on {node}"},
    Words{EventKind::kReplicaBad, "bad", "{node} holds a bad copy of {file}: it is replaced"},
    Words{EventKind::kReplicaUnknown, "unknown", "{node} holds {file}, which nobody knows: it is kept aside"},
    Words{EventKind::kNodeJoined, "node_joined", "node {node} attends"},
    Words{EventKind::kNodeLeft, "node_left", "node {node} no longer attends"},
    Words{EventKind::kNodeUp, "node_up", "node {node} is up"},
    Words{EventKind::kNodeSilent, "node_silent", "node {node} is silent"},
    Words{EventKind::kNodeDead, "node_dead", "node {node} is dead: its copies no longer count"},
    Words{EventKind::kNodeRefused, "node_refused", "node {node} was not let in"},
    Words{EventKind::kNodeAdmin, "node_admin", "node {node} was set"},
    Words{EventKind::kNodeRemoved, "node_removed", "node {node} was removed"},
    Words{EventKind::kSessionRefused, "put_refused", "a put was refused"},
    Words{EventKind::kSessionExpired, "put_expired",
          "a put was not heard of any more: what it staged is deleted"},
    Words{EventKind::kDiskFailed, "disk_failed", "a data disk of {node} has failed"},
    Words{EventKind::kScrubOrdered, "scrub", "node {node} was asked to check all that it holds"},
    Words{EventKind::kWarning, "warning", "warning"},
};

const Words& words_of(EventKind kind) {
  for (const Words& words : kWords) {
    if (words.kind == kind) return words;
  }
  return kWords.back();
}

std::string file_text(const Event& event, const EventNames& names) {
  if (!names.path.empty()) return display(names.path);
  return event.replica.version.none() ? "inode " + to_string(event.replica.inode) : event.replica.to_string();
}

std::string node_text(const Event& event, const EventNames& names) {
  return names.address.empty() ? to_string(event.node) : names.address;
}

void replace(std::string& text, std::string_view what, const std::string& with) {
  if (size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

}  // namespace

std::string_view kind_name(EventKind kind) {
  return words_of(kind).name;
}

std::string cause_of(const Event& event) {
  switch (event.kind) {
    case EventKind::kCopyOrdered:
    case EventKind::kDeleteOrdered:
    case EventKind::kCancelOrdered:
      return cause_of(order_of(event));
    case EventKind::kCopied:
      return fmt::format("{} in {:.3g} s", format_size(event.size),
                         std::chrono::duration<double>(event.took).count());
    case EventKind::kNodeAdmin:
      return std::string(name_of(static_cast<AdminState>(event.cause)));
    default:
      return display(event.text);
  }
}

std::string text_of(const Event& event, const EventNames& names) {
  std::string text(words_of(event.kind).text);
  replace(text, "{node}", node_text(event, names));
  replace(text, "{file}", file_text(event, names));
  std::string cause = cause_of(event);
  return cause.empty() ? text : text + ": " + cause;
}

}  // namespace fsdfs::master
