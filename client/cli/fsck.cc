#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/text_output.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

// Prints findings as they are told of, however many: JSON is written piece by piece.
class FindingPrinter {
 public:
  FindingPrinter(Session& session, bool repair) : session_(session), repair_(repair) {}

  void take(const FsckProgress& progress) {
    for (const FsckFinding& finding : progress.findings) add(finding);
    for (const NodeAddress& node : progress.not_asked) {
      session_.warn("node " + node.address + " (" + to_string(node.node) +
                    ") was not asked what it holds: it does not attend, or does not answer");
    }
    if (progress.done) {
      last_ = progress;
    } else if (session_.streams().err_is_terminal) {
      session_.show(fmt::format("{}: {} checked", progress.what, progress.records));
    }
  }
  void end(const Status& status) {
    session_.show("");
    std::ostream& out = session_.streams().out;
    if (session_.json() && status.ok()) begin();
    if (session_.json() && begun_) {
      out << fmt::format(
          "\n  ],\n  \"records\": {},\n  \"found\": {},\n  \"repaired\": {},\n  \"complete\": {}\n}}\n",
          last_.records, found_, repaired_, status.ok());
    } else if (!session_.json() && status.ok()) {
      out << fmt::format(
          "{} records checked: {}\n", last_.records,
          found_ == 0 ? "all is well" : fmt::format("{} findings, {} repaired", found_, repaired_));
    }
    if (status.ok() && found_ != repaired_) {
      session_.fail("",
                    Status(Code::kUnknown, fmt::format("{} findings remain{}", found_ - repaired_,
                                                       repair_ ? "" : "; --repair sets right what is safe")));
    }
  }

 private:
  void begin() {
    if (begun_) return;
    begun_ = true;
    session_.streams().out << "{\n  \"findings\": [";
  }
  void add(const FsckFinding& finding) {
    ++found_;
    if (finding.repaired) ++repaired_;
    session_.show("");
    if (session_.json()) return add_json(finding);
    std::string about = finding.path.empty()
                            ? finding.inode.value == 0 ? "-" : "inode " + to_string(finding.inode)
                            : shown(session_, finding.path);
    std::string line = fmt::format("{}  {}", finding.kind, about);
    if (!finding.node.address.empty()) line += "  at " + finding.node.address;
    line += ": " + finding.what;
    if (!finding.remedy.empty()) {
      line += fmt::format("; {}: {}",
                          finding.repaired ? "repaired"
                          : repair_        ? "not repaired"
                                           : "--repair would",
                          finding.remedy);
    }
    session_.streams().out << line << "\n";
  }
  void add_json(const FsckFinding& finding) {
    bool first = !begun_;
    begin();
    Json json = {{"kind", finding.kind}};
    json["inode"] = finding.inode.value == 0 ? Json(nullptr) : Json(finding.inode.value);
    if (!finding.path.empty()) {
      json["path"] = finding.path;
      if (!is_utf8(finding.path)) json["path_base64"] = base64_encode(finding.path);
    }
    bool somewhere = !finding.node.address.empty();
    json["node"] = somewhere ? Json(to_string(finding.node.node)) : Json(nullptr);
    json["address"] = somewhere ? Json(finding.node.address) : Json(nullptr);
    json["what"] = finding.what;
    json["remedy"] = finding.remedy.empty() ? Json(nullptr) : Json(finding.remedy);
    json["repaired"] = finding.repaired;
    session_.streams().out << (first ? "\n    " : ",\n    ")
                           << json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  Session& session_;
  const bool repair_;
  FsckProgress last_;
  uint64_t found_ = 0;
  uint64_t repaired_ = 0;
  bool begun_ = false;
};

Status fsck(Session& session, bool repair) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FindingPrinter printer(session, repair);
  Status ended = client->fsck(repair, [&printer](const FsckProgress& progress) { printer.take(progress); });
  printer.end(ended);
  return ended;
}

}  // namespace

void add_fsck(CommandLine& commands) {
  auto repair = std::make_shared<bool>(false);
  CLI::App& command = commands.add(
      "fsck", "Hold the master's records against each other and against what the nodes hold",
      "Each finding is one line: what kind it is, what it is about, where, what is wrong and what --repair\n"
      "does about it. Files that have only bad copies left are listed, too. Contents are not read: that is\n"
      "`fsdfs scrub`. --repair sets records right; it deletes no replica, and what it does not know it "
      "keeps.\n"
      "The exit code is 1 while findings remain.\n"
      "\n"
      "Example:\n  fsdfs fsck --repair",
      [repair](Session& session) { return fsck(session, *repair); });
  command.add_flag("--repair", *repair, "set right what is safe to set right");
}

}  // namespace fsdfs::client
